"""What CMake's targets cannot check: which way includes point, how long files are, that every
source is built."""
import os
import re
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# What each folder may include, besides itself. Order is the house of DESIGN.md §3.
MAY = {
    "proto/json": ["engine/base"],
    "proto/text": ["engine/base"],
    "data": ["engine/base", "proto/json"],
    "engine/base": [],
    "engine/rows": ["engine/base"],
    "engine/identity": ["engine/base", "engine/rows"],
    "engine/market": ["engine/base", "engine/rows", "engine/identity"],
    "engine/match": ["engine/base", "engine/rows", "engine/market"],
    "engine/clear": ["engine/base", "engine/market", "engine/match"],
    "engine/notify": ["engine/base", "engine/rows", "engine/market", "engine/match"],
    "engine/report": [
        "engine/base",
        "engine/rows",
        "engine/identity",
        "engine/market",
        "engine/match",
        "engine/clear",
    ],
    "server/outbound": ["engine/base"],
    "server/store": ["engine/base", "engine/rows", "engine/market"],
    "server/runtime": [
        "engine/base",
        "engine/market",
        "engine/match",
        "engine/clear",
        "proto/json",
        "server/store",
    ],
    "server/sheets": ["engine/base", "proto/text"],
    "server/access": [
        "engine/base",
        "engine/rows",
        "engine/identity",
        "server/runtime",
    ],
    "server/background": [
        "engine/base",
        "engine/rows",
        "engine/identity",
        "engine/market",
        "engine/clear",
        "engine/notify",
        "engine/report",
        "server/runtime",
    ],
    "server/api": [
        "engine/base",
        "engine/rows",
        "engine/identity",
        "engine/market",
        "engine/match",
        "engine/clear",
        "engine/report",
        "proto/json",
        "proto/text",
        "server/access",
        "server/background",
        "server/runtime",
        "server/sheets",
        "server/store",
    ],
    "server/http": [
        "engine/base",
        "server/access",
        "server/api",
        "server/outbound",
        "server/runtime",
        "server/store",
    ],
    "server/app": [
        "data",
        "proto/json",
        "server/access",
        "server/api",
        "server/background",
        "server/http",
        "server/runtime",
        "server/store",
    ],
    "server": ["server/app"],
    "tools/io": ["engine/base"],
    "tools/sim": [
        "data",
        "engine/base",
        "engine/rows",
        "engine/market",
        "engine/match",
        "engine/clear",
        "engine/notify",
        "engine/report",
        "proto/json",
        "proto/text",
        "tools/io",
        "tools/swarm",
    ],
    "tools/swarm": [
        "engine/base",
        "engine/rows",
        "proto/json",
        "server/access",
        "server/api",
        "server/app",
        "server/store",
    ],
    "tools/qiao": [
        "engine/base",
        "engine/market",
        "engine/match",
        "proto/json",
        "proto/text",
        "server/outbound",
        "server/sheets",
        "server/store",
        "tools/io",
    ],
}
# Beast takes half a minute a file to compile.
BEAST = {
    "server/http/connection.h",
    "server/http/feed.cc",
    "server/http/request_parser.cc",
    "server/http/request_parser.h",
    "server/http/server.cc",
    "server/http/session.cc",
    "server/http/session.h",
    "tools/qiao/feed.cc",
    "benchmarks/beast_peer.cc",
}
# Who sees RocksDB: the store, the simulated disk that stands in for RocksDB's, and what tests and
# measures the store itself.
ROCKSDB = (
    "server/store/",
    "tools/swarm/disk.",
    "tests/server/clearing_test.cc",
    "tests/server/damage_test.cc",
    "tests/server/store_test.cc",
    "tests/server/vault_test.cc",
    "tests/server/verify_test.cc",
    "tests/support/lived.h",
    "tests/support/raw.h",
    "tests/simulation/disk_test.cc",
    "benchmarks/durable.cc",
    "benchmarks/housekeeping.cc",
    "benchmarks/restart.cc",
)
MOST_LINES = 1000
MOST_LINES_OF_A_FUNCTION = 70
MOST_COLUMNS = 100
# Tables of one row a line, what a generator writes, and the console's catalogue of texts.
LONG_LINES = {
    "engine/base/refusal_codes.inc",
    "engine/rows/kinds.inc",
    "engine/rows/operations.inc",
    "server/web/src/api/schema.d.ts",
    "server/web/src/texts/en.ts",
    "tools/qiao/terms.cc",
    "tools/qiao/verbs.cc",
}
# A text of so many characters stays whole: data of tests, messages of the console.
LONG_TEXT = 60


def sources(*folders):
    for folder in folders:
        for where, names, files in os.walk(os.path.join(ROOT, folder)):
            names[:] = [n for n in names if n != "node_modules"]
            for f in files:
                if f.endswith((".h", ".cc", ".inc", ".proto", ".py")):
                    yield os.path.relpath(os.path.join(where, f), ROOT)


def code():
    """Every file of code in the repository, scripts as well."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    endings = (".h", ".cc", ".inc", ".proto", ".py", ".cmake", ".mjs", ".ts", ".vue", ".css")
    for path in names.stdout.splitlines():
        if path.endswith(endings) or os.path.basename(path) == "CMakeLists.txt":
            yield path
        elif os.path.isfile(os.path.join(ROOT, path)):
            with open(os.path.join(ROOT, path), "rb") as f:
                if f.read(2) == b"#!":
                    yield path


def long_functions(path):
    """Names of the functions of a file that are too long. In a formatted file a function ends with
    a brace alone on a line, and begins with the last line before that is indented as much: not at
    all, or by two spaces inside a class."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        lines = f.read().split("\n")
    for indent in ("", "  "):
        begin = 0
        for number, line in enumerate(lines):
            if line == indent + "}" and number - begin + 1 > MOST_LINES_OF_A_FUNCTION:
                # In a function such a block is a part of it.
                if not re.match(r" *(switch|for|while|if|else|do)\b", lines[begin]):
                    yield re.search(r"(TEST\w*\([^)]*\)|[\w:~]+)(\(|$| \{)", lines[begin]).group(1)
            if re.match(indent + r"[^\s#/}]", line):
                begin = number


def includes(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return re.findall(r'^#include [<"]([^>"]+)[>"]', f.read(), re.M)


def all_includes(path):
    """What the file includes, also through our own headers."""
    seen, left = set(), [path]
    while left:
        for name in includes(left.pop()):
            if name not in seen:
                seen.add(name)
                if os.path.exists(os.path.join(ROOT, name)):
                    left.append(name)
    return seen


class Layers(unittest.TestCase):
    def test_includes_point_one_way(self):
        for path in sources("proto", "data", "engine", "server", "tools"):
            folder = os.path.dirname(path)
            for name in includes(path):
                if not name.startswith(
                    ("proto/", "data/", "engine/", "server/", "tools/", "tests/", "benchmarks/")
                ):
                    continue
                target = os.path.dirname(name)
                self.assertTrue(
                    target == folder or target in MAY[folder], f"{path} includes {name}"
                )

    def test_no_arrow_is_unused(self):
        for folder, targets in MAY.items():
            own = [path for path in sources(folder) if os.path.dirname(path) == folder]
            used = {os.path.dirname(name) for path in own for name in includes(path)}
            self.assertLessEqual(set(targets), used, folder)

    def test_the_engines_tests_see_no_server(self):
        for path in sources("tests/engine"):
            if path.endswith((".cc", ".h")):
                self.assertFalse([n for n in all_includes(path) if n.startswith("server/")], path)

    def test_the_engine_does_no_io(self):
        for path in sources("engine"):
            for name in includes(path):
                self.assertFalse(
                    name.startswith(
                        (
                            "boost/asio",
                            "boost/beast",
                            "rocksdb/",
                            "sys/",
                            "unistd",
                            "fstream",
                            "thread",
                            "mutex",
                            "iostream",
                            "random",
                        )
                    ),
                    f"{path} includes {name}",
                )
            with open(os.path.join(ROOT, path), encoding="utf-8") as f:
                text = f.read()
            for word in (
                "system_clock::now",
                "steady_clock::now",
                "std::rand",
                "random_device",
                "getenv",
            ):
                self.assertNotIn(word, text, path)

    def test_beast_is_compiled_in_few_files(self):
        for path in sources("proto", "data", "engine", "server", "tools", "tests", "benchmarks"):
            if any(n.startswith("boost/beast") for n in includes(path)):
                self.assertIn(path, BEAST)

    def test_rocksdb_is_seen_by_the_store_only(self):
        for path in sources("proto", "data", "engine", "server", "tools", "tests", "benchmarks"):
            if not path.startswith(ROCKSDB) and path.endswith((".cc", ".h")):
                self.assertFalse([n for n in all_includes(path) if n.startswith("rocksdb/")], path)

    def test_files_fit_in_a_readers_head(self):
        for path in sources("proto", "data", "engine", "server", "tools", "tests", "benchmarks"):
            with open(os.path.join(ROOT, path), encoding="utf-8") as f:
                self.assertLess(len(f.readlines()), MOST_LINES, path)

    def test_lines_fit_beside_each_other(self):
        text = re.compile(r"([\"'`/])(?:(?!\1).){%d,}\1|R\"\(.{%d,}" % (LONG_TEXT, LONG_TEXT))
        for path in code():
            if path in LONG_LINES:
                continue
            with open(os.path.join(ROOT, path), encoding="utf-8") as f:
                for number, line in enumerate(f, 1):
                    long = len(line.rstrip("\n")) > MOST_COLUMNS
                    whole = text.search(line) and not path.endswith((".py", ".proto"))
                    self.assertFalse(long and not whole, f"{path}:{number}: {line}")

    def test_functions_fit_on_a_screen(self):
        found = set()
        for path in sources("proto", "data", "engine", "server", "tools", "tests", "benchmarks"):
            if path.endswith((".h", ".cc")):
                found |= {f"{path} {name}" for name in long_functions(path)}
        self.assertEqual(found, set(), f"more than {MOST_LINES_OF_A_FUNCTION} lines")

    def test_sources_are_formatted(self):
        """As .clang-format says, by Debian 12's clang-format; `clang-format -i FILE` does it."""
        files = [
            path
            for path in sources("proto", "data", "engine", "server", "tools", "tests", "benchmarks")
            if path.endswith((".h", ".cc"))
        ]
        run = subprocess.run(
            ["clang-format", "--dry-run", "--ferror-limit=1", *files],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_every_source_is_built(self):
        for path in sources("proto", "data", "engine", "server", "tools", "tests", "benchmarks"):
            if not path.endswith(".cc"):
                continue
            folder = path
            listed = False
            while folder and not listed:
                folder = os.path.dirname(folder)
                cmake = os.path.join(ROOT, folder, "CMakeLists.txt")
                if os.path.exists(cmake):
                    with open(cmake, encoding="utf-8") as f:
                        text = f.read()
                    relative = os.path.relpath(path, folder)
                    stem = os.path.basename(path)[:-3]
                    listed = (
                        relative in text
                        or f"{os.path.dirname(relative)}/*.cc" in text
                        or re.search(rf"qiao_benchmark\({stem}\b", text) is not None
                        or re.search(rf"qiao_fuzz\({stem.removesuffix('_fuzz')}\b", text)
                        is not None
                    )
            self.assertTrue(listed, f"{path} is in no CMakeLists.txt")

    def test_nothing_is_left_lying_about(self):
        for path in sources("proto", "data", "engine", "server", "tools", "benchmarks"):
            with open(os.path.join(ROOT, path), encoding="utf-8") as f:
                for number, line in enumerate(f, 1):
                    self.assertIsNone(re.search(r"\b(TODO|FIXME|XXX)\b", line), f"{path}:{number}")

    def test_pages_that_the_server_links_to_are_in_the_consoles_router(self):
        with open(os.path.join(ROOT, "server/api/console_pages.h"), encoding="utf-8") as f:
            linked = re.findall(r'"/#(/[a-z-]+)/"', f.read())
        with open(os.path.join(ROOT, "server/web/src/router.ts"), encoding="utf-8") as f:
            pages = re.findall(r"path: '(/[a-z-]+)/:", f.read())
        self.assertEqual(len(linked), 4)
        self.assertEqual(set(linked) - set(pages), set())
        for path in sources("proto", "data", "engine", "server", "tools"):
            with open(os.path.join(ROOT, path), encoding="utf-8") as f:
                if path != "server/api/console_pages.h":
                    self.assertNotIn('/#/', f.read(), path)

    def test_every_field_of_the_vocabulary_is_documented(self):
        for path in sources("proto"):
            if not path.endswith(".proto"):
                continue
            before = ""
            with open(os.path.join(ROOT, path), encoding="utf-8") as f:
                for number, line in enumerate(f, 1):
                    if re.match(r"\s+(optional |repeated )?[\w.]+ \w+ = \d+.*;", line):
                        self.assertTrue(
                            before.strip().startswith("//"), f"{path}:{number}: {line.strip()}"
                        )
                    before = line


if __name__ == "__main__":
    unittest.main(verbosity=2)
