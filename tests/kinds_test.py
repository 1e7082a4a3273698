"""A kind of row is one line of engine/rows/kinds.inc: no other file lists the kinds by hand, and a
plain kind is named only in its own files. `kinds_test.py Offer` prints where that kind is named."""
import os
import re
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = ("engine", "server", "tools", "tests", "benchmarks")
# Files that name this many kinds list them.
A_LIST = 6
# How a file names a kind.
NAMED = r"\bEvent::k{0}\b|\bkinds::{0}\b"
# Kinds whose rows do what those of no other kind do are named elsewhere with reason; these are not.
PLAIN = ("Notification", "Grant")
# Its row, its handler, its routes, its view.
OWN = {
    "Notification": (
        r"engine/rows/",
        r"engine/market/notifications\.",
        r"server/access/",
        r"server/api/notifications\.cc",
    ),
    "Grant": (
        r"engine/rows/",
        r"engine/market/accounts\.cc",
        r"server/access/",
        r"server/api/tokens\.cc",
    ),
}
# Where else one of them is named.
ALSO = {
    "Notification": {"tests/fuzz/row_fuzz.cc": "inputs of the fuzzer keep a number for each kind"},
    "Grant": {
        "tests/fuzz/row_fuzz.cc": "inputs of the fuzzer keep a number for each kind",
        "server/store/loader.cc": "grants are loaded after accounts, which they reference",
        "server/api/watch.cc": "a watch ends with its grant",
        "tools/swarm/shown.cc": "no answer shows another account's grant",
        "tools/swarm/feed_readers.cc": "the same rule, written again to check the feed",
    },
}
# Files that name many kinds, and why they may.
LISTS = {
    "engine/rows/fold.cc": "what a row of each kind changes: a function each",
    "server/api/watch.cc": "which rows end a watch: a rule each",
    "server/store/loader.cc": "the order of loading",
    "tools/swarm/feed_readers.cc": "which rows end a feed, written again to check it",
    "tests/fuzz/row_fuzz.cc": "inputs keep a number for each kind",
    "tests/server/store_test.cc": "a damaged row of each of six kinds, and the message for it",
    "tests/server/watch_test.cc": "the kinds of which the feed has to have shown something",
}


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def sources():
    for folder in FOLDERS:
        for where, names, files in os.walk(os.path.join(ROOT, folder)):
            names[:] = [n for n in names if n != "node_modules"]
            for f in files:
                if f.endswith((".h", ".cc")):
                    yield os.path.relpath(os.path.join(where, f), ROOT)


def lines_of_the_table(macro):
    return re.findall(rf"^{macro}\((\w+), +(\w+)", read("engine/rows/kinds.inc"), re.M)


def kinds():
    return [name for name, _ in lines_of_the_table("QIAO_KIND")]


def naming(kind):
    """Files that name the kind: its case in pb::Event, or its type."""
    return sorted(path for path in sources() if re.search(NAMED.format(kind), read(path)))


class Kinds(unittest.TestCase):
    def test_the_table_has_each_row_of_an_event(self):
        """kinds.h does not compile otherwise; here also the names of the fields."""
        row = re.search(r"oneof row \{(.*?)\n  \}", read("proto/qiao/v1/event.proto"), re.S).group(
            1
        )
        fields = re.findall(r"^    (\w+) (\w+) = \d+;", row, re.M)
        table = [
            lines_of_the_table(macro) for macro in ("QIAO_SETTING", "QIAO_KIND", "QIAO_RECORD")
        ]
        self.assertEqual(sorted(fields), sorted(sum(table, [])))

    def test_a_plain_kind_is_named_in_its_own_files(self):
        for kind in PLAIN:
            others = {path for path in naming(kind) if not re.match("|".join(OWN[kind]), path)}
            self.assertEqual(others, set(ALSO[kind]), kind)

    def test_nothing_else_lists_the_kinds(self):
        found = {
            path
            for path in sources()
            if sum(re.search(NAMED.format(kind), read(path)) is not None for kind in kinds())
            >= A_LIST
        }
        # One rule, one sight or one row for each: what the table is for.
        own = {path for path in found if path.startswith("server/access/")}
        self.assertEqual(found - own, set(LISTS))


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in kinds():
        print("\n".join(naming(sys.argv[1])))
    else:
        unittest.main(verbosity=2)
