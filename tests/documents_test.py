"""What the documents say is there: links and anchors, both READMEs alike, commands and options.

Commands and options are compared with the programs in QIAO_BIN; without it that part is left
out."""
import os
import re
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.environ.get("QIAO_BIN")
MOST_LINES_OF_README = 200
PLACEHOLDER = re.compile(r"[A-Z一-鿿…|]")


def documents():
    for where, folders, files in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in ("node_modules", "build", ".git", ".cache")]
        for name in files:
            if name.endswith(".md"):
                yield os.path.relpath(os.path.join(where, name), ROOT)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def blocks(text):
    """The text without fenced blocks, and the blocks."""
    fence = re.compile(r"^```[a-z]*\n(.*?)^```$", re.M | re.S)
    return fence.sub("", text), fence.findall(text)


def headings(text):
    return re.findall(r"^(#+) (.*)$", blocks(text)[0], re.M)


def anchors(text):
    """As GitHub makes them: lower case, no punctuation, spaces to hyphens."""
    found = set()
    for _, title in headings(text):
        plain = re.sub(r"[`*]|\]\([^)]*\)|\[", "", title).lower()
        anchor = "".join(c for c in plain if c.isalnum() or c in " -_").replace(" ", "-")
        number = 0
        while f"{anchor}-{number}" in found if number else anchor in found:
            number += 1
        found.add(f"{anchor}-{number}" if number else anchor)
    return found


def links(text):
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", blocks(text)[0]))


def commands(text):
    """Command lines in fenced blocks and in inline code, without comments."""
    prose, fenced = blocks(text)
    lines = [line for block in fenced for line in block.replace("\\\n", " ").split("\n")]
    lines += [code.replace("\n", " ") for code in re.findall(r"`([^`]+)`", prose)]
    for line in lines:
        line = re.sub(r"^\$ ", "", re.sub(r"(^|\s)#\s.*", "", line).strip())
        for part in re.split(r"[|;]|&&", re.sub(r'"[^"]*"|\'[^\']*\'', "TEXT", line)):
            yield part.split()


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Links(unittest.TestCase):
    def test_what_is_linked_exists(self):
        for path in documents():
            for link in links(read(path)):
                if re.match(r"[a-z]+:", link):
                    continue
                name, _, anchor = link.partition("#")
                target = (
                    os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
                )
                with self.subTest(document=path, link=link):
                    self.assertTrue(os.path.exists(os.path.join(ROOT, target)))
                    if anchor:
                        self.assertIn(anchor, anchors(read(target)))

    def test_every_picture_is_shown(self):
        shown = {os.path.basename(link) for path in documents() for link in links(read(path))}
        for name in os.listdir(os.path.join(ROOT, "docs/pictures")):
            self.assertIn(name, shown)


class Readme(unittest.TestCase):
    def test_both_languages_are_short_and_have_the_same_headings(self):
        english, chinese = read("README.md"), read("README.zh.md")
        for text in english, chinese:
            self.assertLessEqual(len(text.splitlines()), MOST_LINES_OF_README)
        self.assertEqual(
            [level for level, _ in headings(english)], [level for level, _ in headings(chinese)]
        )
        self.assertEqual(
            sorted(set(links(english)) - {"README.zh.md"} - pictures(english)),
            sorted(set(links(chinese)) - {"README.md"} - pictures(chinese)),
        )


def pictures(text):
    return {link for link in links(text) if "/pictures/" in link}


@unittest.skipUnless(BIN, "QIAO_BIN says where the programs are")
class Programs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        qiao = os.path.join(BIN, "tools/qiao")
        options = re.compile(r"--[a-z][a-z0-9-]*")
        completion = run(qiao, "completion", "bash")
        # Of a group the words are its commands.
        cls.verbs = {
            verb: set(options.findall(words))
            for verb, words in re.findall(r'"([a-z -]+)"\|"[^"]*"\*\) words="([^"]*)"', completion)
            if not re.search(r"(^| )[a-z]", words)
        }
        cls.everywhere = set(options.findall(run(qiao, "--help")))
        cls.server = set(options.findall(run(os.path.join(BIN, "server/qiaod"), "--help")))

    def test_commands_of_qiao_and_their_options_exist(self):
        words = {word for verb in self.verbs for word in verb.split()}
        seen = 0
        for path in documents():
            for command in commands(read(path)):
                if "qiao" not in command or command[0] in ("sudo", "source", "tools/bench"):
                    continue
                rest = command[command.index("qiao") + 1 :]
                while rest and rest[0] in self.everywhere:
                    rest = rest[1 if rest[0] in ("--json", "--help") else 2 :]
                if not rest or PLACEHOLDER.match(rest[0]) or rest[0] not in words:
                    # A word that no command has, unless it stands for one.
                    if rest and re.fullmatch(r"[a-z-]+", rest[0]) and command[0] == "qiao":
                        self.fail(f"{path}: qiao {' '.join(rest)}")
                    continue
                with self.subTest(document=path, command=" ".join(command)):
                    verb = " ".join(rest[:2]) if " ".join(rest[:2]) in self.verbs else rest[0]
                    named = len(rest) > 1 and re.fullmatch(r"[a-z-]+", rest[1])
                    group = not named and any(v.startswith(verb + " ") for v in self.verbs)
                    self.assertTrue(verb in self.verbs or group, " ".join(rest))
                    known = self.verbs.get(verb, set()) | self.everywhere
                    for option in [w.split("=")[0] for w in rest if w.startswith("--")]:
                        self.assertIn(option, known)
                    seen += 1
        self.assertGreater(seen, 20)

    def test_options_of_qiaod_exist(self):
        seen = 0
        for path in documents():
            for command in commands(read(path)):
                program = [
                    at for at, word in enumerate(command) if os.path.basename(word) == "qiaod"
                ]
                for option in command[program[0] + 1 :] if program else []:
                    if option.startswith("--"):
                        with self.subTest(document=path, command=" ".join(command)):
                            self.assertIn(option.split("=")[0], self.server)
                            seen += 1
        self.assertGreater(seen, 10)

    def test_options_that_stand_alone_in_operations_exist(self):
        known = self.server | self.everywhere | set().union(*self.verbs.values())
        for command in commands(read("docs/operations.md")):
            for word in command if command and command[0].startswith("--") else []:
                if word.startswith("--"):
                    self.assertIn(re.match(r"--[a-z0-9-]+", word)[0], known)


if __name__ == "__main__":
    unittest.main(verbosity=2)
