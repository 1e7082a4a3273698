"""The words of comments, messages and documents: phrases that no dictionary or glossary explains,
and second words for things that docs/glossary.md names.

A pattern that gives a false alarm is made more precise, not dropped. CLEAN may only grow."""
import io
import os
import re
import subprocess
import tokenize
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Files and folders without any of these phrases. The rest is counted, not checked.
CLEAN = (
    ".ci",
    ".clang-tidy",
    "README.md",
    "README.zh.md",
    "CMakeLists.txt",
    "benchmarks",
    "docs",
    "engine",
    "proto",
    "server/CMakeLists.txt",
    "server/README.md",
    "server/access",
    "server/api",
    "server/app",
    "server/background",
    "server/http",
    "server/main.cc",
    "server/runtime",
    "server/sheets",
    "server/store",
    "server/web",
    "tests",
    "tools",
)
# Not ours, made by a program, or lists of words.
SKIP = re.compile(
    r"node_modules/|package-lock\.json$|schema\.d\.ts$|^data/|^tests/(data|fuzz/corpus)/|"
    r"^tests/words_test\.py$|^server/sheets/former_words\.h$|^\.clang-format$"
)

# Phrase, and what to write instead.
ENGLISH = [
    (r"\b(come|comes|coming|came) in(?= (with|by an?|through)\b|[.,;:]|$)", "log in, authenticate"),
    (r"\b(has|have|had|can|to|may) come in\b", "log in, authenticate"),
    (r"\bCom(es?|ing) in\b", "log in, authenticate"),
    (
        r"\blets? (anybody|anyone|nobody|somebody|whoever|them|him|her|an account) in\b"
        r"|\b(is|are|be) let in\b",
        "log in, open a session; credentials",
    ),
    (r"\bways? in(?= to|\b[.,;:]|,| that lets)", "credentials: a session, token or invitation"),
    (r"\blean(s|t|ed|ing)? on\b", "reference, depend on"),
    (r"\bin earnest\b", "in production"),
    (r"\b(is|are|was|were) thought of\b", "considered, in scope"),
    (r"\bnext door\b", "at distance zero"),
    (r"\bput(s|ting)? (it|that|this|them|things) right\b", "correct, repair"),
    (
        r"\b(take|takes|took|taken|taking) "
        r"(it|them|that|this|all of them|an offer|a token|a session) back\b",
        "withdraw, revoke, cancel, undo",
    ),
    (r"\b(is|are|was|were|be) worked out\b", "computed"),
    (r"\bnobody in particular\b", "an anonymous request"),
    (r"\bsays? (yes|no) to (a|an|the|it)\b", "accept, decline, confirm"),
    (r"\bwhat (becomes?|became) of\b", "the outcome, the state, what happens to"),
    (
        r"\bleav(e|es|ing) (it|them|him|her|those|others) alone\b|\b(is|are|be|was) left alone\b",
        "not notified, not changed, ignored",
    ),
    (r"\banew\b", "again; created"),
    (r"\bgivers?\b", "supplier"),
    (r"\bkept answers?\b|\bold answers\b", "stored response"),
    (r"(?<![\"'])\bdedup(licat\w+)?\b(?![\"']| +account)", "idempotency"),
    (r"\bbelieves? (its|what|X-)", "trust"),
    (r"\b(is|are) passed over\b", "skipped"),
    (r"\blest\b", "so that … not, because otherwise"),
    (r"\bbut for\b(?! not\b)", "except, except for"),
    (r"\bwhoever (asks|asked|looks at|came first|comes later)\b", "the requester"),
    (
        r"\bhangs? at the (door|place)\b|\bcode of the place\b|\bat the door\b",
        "check-in code; put up on site",
    ),
    (
        r"\b(needs?|it|they) (is|are|was|were|be) raised (to|from|a level)\b"
        r"|\braised to (the|you|a)\b",
        "escalated",
    ),
    (
        r"\b(no|nothing|something|somebody) was found for\b|\bfound somebody for\b",
        "unfilled; matched",
    ),
    (r"\bto go on;", "for the next page"),
    (r"\b(goes|went|gone) (on )?by itself\b|\bgoes on by itself\b", "continues automatically"),
    (r"\bWhom to tell\b|\bhouse and door\b|\bHouse and door\b", "which parties to notify; address"),
    (r"\bwho answers (the|its|a party's) telephone\b", "the contact"),
    (r"\bthe present (password|one)\b|\bPresent password\b", "current"),
    (r"\bthere is no hole\b|\bwithout a hole\b", "gap"),
    (r"\bhold(s)? good\b|\bstill good\b", "is valid"),
    (r"\btaken? care that\b|\bsee(s)? to it that\b", "ensures"),
    (r"\bto be had\b", "available"),
    (r"\bit is for \w+ to say\b|\bis for others to say\b", "decides"),
]
# Names that say nothing about what a function does, and second words for a stored response.
IDENTIFIERS = re.compile(
    r"\b(look_at\w*|let_in\w*|settle_\w+|go_on|wish|ComingIn|k\w+InTheWay|KeptAnswer|KeyedAnswer|"
    r"Keepable|HttpAnswer|(find|add|read|forget|strip)_answers?|answer_(key|again)|to_keep)\b")
# Second words for what the glossary names, and the word of the glossary.
CHINESE = [
    ("抢单", "认领"),
    ("爽约", "失约"),
    ("统筹派单", "统一对接"),
    ("对接轮", "第几轮统一对接"),
    ("资源缺口", "供给缺口"),
    ("核验", "确认完成"),
    ("主体", "单位与队伍，一家：单位"),
    ("满员", "接满"),
    ("(?<!时间)未到(?![场达期])", "未到场"),
    ("应答", "答复"),
    ("谢绝", "婉拒"),
    ("驳回", "不通过"),
    ("撤回", "停止提供（供给），取消对接（对接单）"),
    ("(?<!不)可给|能出", "可提供"),
    ("上界", "上限"),
    ("价值", "推荐分"),
    ("单价|价格", "紧缺度"),
    ("起供量", "每次最少"),
    ("核销|抢票|下单", "点单、认领、派单"),
]
# What the console says in both languages: where the Chinese text has the word, so has the English.
PAIRS = [
    ("认领", r"claim|adopt"),
    ("派单|派给|派到", r"dispatch"),
    ("婉拒", r"declin"),
    ("退单", r"withdraw"),
    ("失约", r"broken promise"),
    ("未到场", r"no-show"),
    ("上报", r"escalat"),
    ("满足率", r"fill rate|met"),
    ("统一对接", r"clearing|match"),
    ("推荐分", r"value"),
    ("紧缺度", r"price"),
    ("停止提供", r"withdraw"),
    ("签到", r"check|code"),
    ("签退", r"check|served"),
    ("评价", r"review|done"),
    ("接满", r"fill"),
    ("单位与队伍", r"part(y|ies)"),
    ("供给方", r"supplier"),
    ("试算", r"trial|try"),
    ("均衡指数", r"jain"),
    ("四支队伍", r"workforce"),
    ("公告栏", r"board"),
    ("微心愿", r"micro-wish"),
    ("超时", r"lapse"),
]
HAN = re.compile("[一-鿿]")


def tracked():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    kinds = (".h", ".cc", ".inc", ".proto", ".ts", ".vue", ".mjs", ".py", ".md", ".txt", ".html")
    for path in listed.stdout.splitlines():
        script = re.match(r"(tools|\.ci)/[^.]+$|\.clang-tidy$", path)
        if (
            (script or path.endswith(kinds))
            and not SKIP.search(path)
            and os.path.exists(os.path.join(ROOT, path))
        ):
            yield path


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def is_clean(path):
    return any(path == c or path.startswith(c + "/") for c in CLEAN)


def prose_of_python(text):
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING):
            yield token.start[0], token.string


def prose_of_code(text):
    """Comments and string literals. Lines of a comment are joined, so that a phrase may break."""
    literal = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`[^`]*`')
    number, comment, first = 0, "", 0
    for number, line in enumerate(text.split("\n"), 1):
        whole = re.match(r"\s*(?://|#|<!--|/\*)\s?(.*)", line)
        if whole and not re.match(r"\s*#\s*(include|if|endif|define|pragma|else|undef)\b", line):
            first = first or number
            comment += " " + whole.group(1)
            continue
        if comment:
            yield first, comment
        comment, first = "", 0
        for m in literal.finditer(line):
            yield number, m.group(0)
        behind = re.search(r"(?:^|\s)//\s(.*)", literal.sub('""', line))
        if behind:
            yield number, behind.group(1)
    if comment:
        yield first, comment


def prose(path):
    """(line, text) of everything that is read by people."""
    text = read(path)
    if path.endswith(".md"):
        # What is written as code is a name; "Not x" in the glossary names what is not to be
        # written.
        text = re.sub(r"`[^`\n]*`", "``", text)
        text = re.sub(r"\bNot [^|\n]*\|", "|", text)
        number = 1
        for part in re.split(r"\n(?=\n)|\n(?=\|)", text):
            yield number, " " + part.replace("\n", " ")
            number += part.count("\n") + 1
    elif path.endswith(".py") or re.match("#!.*python", text):
        yield from prose_of_python(text)
    else:
        yield from prose_of_code(text)


def found(path, patterns, only=None):
    for line, text in prose(path):
        if only is None or only.search(text):
            for pattern, better in patterns:
                for m in re.finditer(pattern, text):
                    yield f"{path}:{line}: \"{m.group(0).strip()}\": write {better}"


def texts(language):
    """The catalogue of the console: {"board.title": "…"}."""
    path, all_texts = [], {}
    source = read(f"server/web/src/texts/{language}.ts")
    token = re.compile(r"(\w+):\s*|([{}])|'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|//[^\n]*")
    key = None
    for m in token.finditer(source[source.index("= {") + 2 :]):
        if m.group(1):
            key = m.group(1)
        elif m.group(2) == "{":
            path.append(key)
        elif m.group(2) == "}":
            path.pop()
            if not path:
                break
        elif m.group(0)[0] in "'\"":
            all_texts[".".join([*path[1:], key])] = m.group(3) or m.group(4) or ""
    return all_texts


class Words(unittest.TestCase):
    def test_plain_english(self):
        bad, elsewhere = [], 0
        for path in tracked():
            hits = list(found(path, ENGLISH))
            if is_clean(path):
                bad += hits
            else:
                elsewhere += len(hits)
                if os.environ.get("QIAO_WORDS"):
                    print("\n".join(hits))
        print(f"{elsewhere} phrases in files that are not listed as clean; QIAO_WORDS=1 lists them")
        self.assertEqual(bad, [], "\n" + "\n".join(bad))

    def test_names_say_what_is_done(self):
        bad = []
        for path in tracked():
            if path.endswith((".h", ".cc", ".inc", ".proto", ".py")):
                code = re.sub(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*', '""', read(path))
                bad += [f"{path}: {m.group(0)}" for m in IDENTIFIERS.finditer(code)]
        self.assertEqual(bad, [], "\n" + "\n".join(bad))

    def test_one_chinese_word_for_one_thing(self):
        bad = [hit for path in tracked() if is_clean(path) for hit in found(path, CHINESE, HAN)]
        self.assertEqual(bad, [], "\n" + "\n".join(bad))

    def test_both_catalogues_use_the_words_of_the_glossary(self):
        zh, en = texts("zh"), texts("en")
        self.assertGreater(len(zh), 400)
        self.assertEqual(zh.keys(), en.keys())
        bad = [
            f"{key}: {text!r} and {en[key]!r} ({there})"
            for key, text in zh.items()
            for word, there in PAIRS
            if re.search(word, text) and not re.search(there, en[key], re.I)
        ]
        self.assertEqual(bad, [], "\n" + "\n".join(bad))

    def test_the_chosen_words_are_in_the_glossary(self):
        glossary = read("docs/glossary.md")
        for _, better in CHINESE[:8]:
            for word in re.split("[，：、]", better):
                self.assertIn(word.replace("第几轮统一对接", "统一对接"), glossary)


if __name__ == "__main__":
    unittest.main(verbosity=2)
