"""Adds a kind of row in copies of the files that docs/architecture.md names for it ("A kind of
row"), and compiles every source that handles the kinds: with its five places it compiles, and with
one of them left out it does not.

The compiler searches the folder of the copies before the repository. Nothing is linked: what a
linker would refuse is a function that is called and not defined, and those of the new kind are
found in the objects with nm.

Flags are those of the build in QIAO_BIN; without it, of build/release. No other file of the build
is used. Takes a minute of one core."""
import collections
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("QIAO_BIN", os.path.join(ROOT, "build", "release"))
FOLDERS = ("engine", "server", "tools", "tests", "benchmarks")
# How a file handles the kinds: by the table, by what kinds.h makes of it, or by a switch.
HANDLES = (
    r'kinds\.inc"|\bvisit_(kind|keyed)\b|\bfor_each_keyed\b|\bkinds::|\bkKeyedKinds\b|'
    r'\bkRowCaseLimit\b|\bKindOf\b|\bcase (pb::)?Event::k\w'
)
# A source with the flags that all have.
FLAGS_OF = "engine/rows/fold.cc"
# Most sources include it: it is compiled once, which halves the time.
AHEAD = "engine/rows/state.h"

# The one match of the pattern is replaced.
Edit = collections.namedtuple("Edit", "path pattern text")
END = r"(?=\}  // namespace qiao\n)"
ADDED = {
    "1: its messages": [
        Edit(
            "proto/qiao/v1/base.proto",
            r"enum RowKind \{[^}]*\n(?=\})",
            "\\g<0>  ROW_KIND_SAMPLE = 60;\n",
        ),
        Edit(
            "proto/qiao/v1/event.proto",
            r"enum EventKind \{[^}]*\n(?=\})",
            "\\g<0>  EVENT_KIND_SAMPLE_TAKEN = 160;\n",
        ),
        Edit(
            "proto/qiao/v1/event.proto",
            r"oneof row \{[^}]*\n(?=  \})",
            "\\g<0>    Sample sample = 60;\n",
        ),
        Edit(
            "proto/qiao/v1/event.proto",
            r"\Z",
            """
message Sample {
  uint64 id = 1;
  uint64 party_id = 2 [(settable) = SETTABLE_BY_ANY, (refers_to) = ROW_KIND_PARTY];
  string taken_by = 3 [(settable) = SETTABLE_BY_ANY, (personal) = true];
}
""",
        ),
    ],
    "2: its row": [
        Edit(
            "engine/base/ids.h", END, "using SampleId = Strong<struct SampleTag, std::uint64_t>;\n"
        ),
        Edit(
            "engine/rows/rows.h",
            END,
            """
struct SampleRow {
  SampleId id;
  Blob bytes;
  Slot party = kNoSlot;
};
""",
        ),
    ],
    "2: State::put_": [
        Edit(
            "engine/rows/fold.cc",
            END,
            """
bool State::put_sample(Blob bytes) {
  pb::Sample sample;
  if (!parse(bytes.view(), sample)) return false;
  const Slot party = parties_.find(PartyId{sample.party_id()});
  if (party == kNoSlot || !takes(samples_, SampleId{sample.id()})) return false;
  const Slot slot = samples_.append(SampleId{sample.id()});
  samples_[slot].bytes = std::move(bytes);
  samples_[slot].party = party;
  remember(pb::Event::kSample, slot, Blob(), 0);
  return true;
}
""",
        )
    ],
    "2: State::remove_": [
        Edit(
            "engine/rows/undo.cc", END, "void State::remove_sample(Slot) { samples_.pop_back(); }\n"
        )
    ],
    "2: add_implied": [
        Edit(
            "engine/rows/invariants.cc",
            r"(?=// Slots have another order)",
            "void add_implied(Hash&, const State&, const SampleRow&) {}\n",
        )
    ],
    "3: its line": [
        Edit(
            "engine/rows/kinds.inc",
            r"(?=\n// QIAO_SETTING:)",
            'QIAO_KIND(Sample, sample, samples, SampleId, id, SAMPLE, "samples", "样品", '
            "ListNotifications, _, _)\n",
        )
    ],
    "4: set_about": [
        Edit(
            "engine/market/notifications.cc",
            END,
            """
void set_about(pb::Event& e, const pb::Sample& sample, const State& state) {
  e.set_area_code(area_of_party(state, sample.party_id()));
  e.set_party_id(sample.party_id());
}
""",
        )
    ],
    "5: sight_of": [
        Edit(
            "server/access/sight.h",
            END,
            """
template <class Facts>
Sight sight_of(kinds::Sample, Scope scope, pb::Role, const Facts& facts) {
  return whole_if(scope == Scope::kAll || (scope == Scope::kParty && facts.of_party()));
}
""",
        )
    ],
    "5: View::": [
        Edit(
            "server/access/view.cc",
            END,
            """
namespace {
struct ViewedSample : Viewed {
  bool of_party() const { return mine(state.samples()[slot].party); }
};
}  // namespace

Sight View::sample(Slot slot) const {
  return sight_of(kinds::Sample{}, scope_, actor_.role(), ViewedSample{{state_, actor_, slot}});
}
""",
        )
    ],
    "5: View::show_": [
        Edit(
            "server/access/view.cc",
            END,
            """
pb::Sample View::show_sample(Slot slot) const {
  pb::Sample m = state_.load_sample(slot);
  mask(m, {});
  return m;
}
""",
        )
    ],
    # Not one of the five, but named beside them: inputs of the fuzzer keep a number for each kind.
    "the fuzzer's number": [
        Edit(
            "tests/fuzz/row_fuzz.cc",
            r"std::array<Kind, \d+> kKinds = \{",
            "std::array kKinds = {pb::Event::kSample,",
        )
    ],
}
# What a handler and its routes use, in a file of their own.
HANDLER = (
    "engine/market/samples.cc",
    """
#include "engine/market/emit.h"
#include "server/access/view.h"
#include "server/store/tables.h"

namespace qiao {

template void Market::emit(pb::EventKind, pb::Sample);

static_assert(std::string_view(name_of(pb::Event::kSample)) == "sample");
static_assert(std::string_view(collection_of(pb::Event::kSample)) == "samples");
static_assert(std::string_view(chinese_name_of(pb::Event::kSample)) == "样品");
static_assert(case_of(pb::ROW_KIND_SAMPLE) == pb::Event::kSample);
static_assert(std::ranges::count(kFamilyNames, std::string_view("sample")) == 1);

pb::Sample read_sample(const State& state, const View& view, SampleId id) {
  const Slot slot = state.samples().find(id);
  if (slot == kNoSlot || view.sample(slot) == Sight::kNothing) return state.load_sample(slot);
  return view.show_sample(slot);
}

}  // namespace qiao
""",
)
# With the place left out: the source that does not compile, and a name in the message.
REFUSED = {
    "1: its messages": ("engine/rows/undo.cc", "Sample"),
    "2: its row": ("engine/rows/undo.cc", "SampleId"),
    "2: add_implied": ("engine/rows/invariants.cc", "add_implied"),
    "3: its line": ("engine/rows/undo.cc", "kSample"),
    "5: sight_of": ("server/access/view.cc", "sight_of"),
    "the fuzzer's number": ("tests/fuzz/row_fuzz.cc", "kKinds"),
}
# With the place left out: the source that lacks a function which others call, and the function.
LACKING = {
    "2: State::put_": ("engine/rows/fold.cc", "qiao::State::put_sample("),
    "2: State::remove_": ("engine/rows/undo.cc", "qiao::State::remove_sample("),
    "4: set_about": (
        "engine/market/notifications.cc",
        "qiao::set_about(qiao::v1::Event&, qiao::v1::Sample const&,",
    ),
    "5: View::": ("server/access/view.cc", "qiao::View::sample("),
    "5: View::show_": ("server/access/view.cc", "qiao::View::show_sample("),
}
# A list of the kinds elsewhere.
SIXTH = """
#include "engine/rows/kinds.h"
int number_of(qiao::pb::Event::RowCase kind) {{
  switch (kind) {{
    {cases}
    case qiao::pb::Event::ROW_NOT_SET: break;
  }}
  return 0;
}}
"""


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def program(name):
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is needed")
    return found


def run(command):
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"}
    )


def must(command):
    done = run(command)
    if done.returncode != 0:
        raise RuntimeError(f"{shlex.join(command)}\n{done.stderr}")
    return done.stdout


def files_that_handle(kinds):
    for folder in FOLDERS:
        for where, names, files in os.walk(os.path.join(ROOT, folder)):
            names[:] = [n for n in names if n != "node_modules"]
            for f in files:
                path = os.path.join(where, f)
                if f.endswith((".h", ".cc")) and re.search(kinds, read(path)):
                    yield os.path.relpath(path, ROOT)


def edited(path, without=None):
    text = read(os.path.join(ROOT, path))
    for place, edits in ADDED.items():
        for edit in edits:
            if edit.path == path and place != without:
                text, count = re.subn(edit.pattern, edit.text, text)
                if count != 1:
                    raise ValueError(f"{place}: {count} matches of {edit.pattern} in {path}")
    return text


def copy(folder, places, without=None):
    """Writes the files of these places, and the headers of their messages."""
    paths = {edit.path for place in places for edit in ADDED[place]}
    for path in paths:
        write(os.path.join(folder, path), edited(path, without))
    if any(path.endswith(".proto") for path in paths):
        generated = os.path.join(folder, "generated")
        os.makedirs(generated)
        protos = os.path.join(ROOT, "proto")
        listed = [
            os.path.relpath(os.path.join(where, f), protos)
            for where, _, files in os.walk(protos)
            for f in files
            if f.endswith(".proto")
        ]
        must(
            [
                program("protoc"),
                f"--proto_path={folder}/proto",
                f"--proto_path={protos}",
                f"--cpp_out={generated}",
                *listed,
            ]
        )


def flags():
    """The compiler and its flags, without what differs from source to source."""
    commands = json.loads(read(os.path.join(BUILD, "compile_commands.json")))
    command = next(
        shlex.split(c["command"]) for c in commands if c["file"].endswith("/" + FLAGS_OF)
    )
    if os.path.basename(command[0]) == "ccache":
        del command[0]
    at = command.index("-o")
    del command[at : at + 2]
    return [
        program(command[0]),
        *(c for c in command[1:] if c != "-c" and not c.endswith(FLAGS_OF)),
        "-O0",
    ]


def names(kind, objects):
    """Functions of the new kind in the objects: those that are defined, or those that are not.
    Without the messages', which protoc writes."""
    listed = must([program("nm"), "-C", "--format=just-symbols", "--" + kind + "-only", *objects])
    return {
        n
        for n in listed.splitlines()
        if re.search("[sS]ample", n)
        and not re.search(
            r"qiao::v1::(Sample|Event)::|google::protobuf::Arena::|_default_instance_|"
            r"^typeinfo for",
            n,
        )
    }


class Compiler:
    def __init__(self, folder):
        self.folder = folder
        self.copies = os.path.join(folder, "copies")
        self.ahead = write(os.path.join(folder, "ahead.h"), f'#include "{AHEAD}"\n')
        self.flags = flags()
        copy(self.copies, ADDED)
        write(os.path.join(self.copies, HANDLER[0]), HANDLER[1])

    def command(self, before=()):
        folders = [*before, self.copies]
        return [
            self.flags[0],
            *(f"-I{f}" for f in (*folders, ROOT)),
            *(o for f in folders for o in ("-isystem", f"{f}/generated")),
            *self.flags[1:],
        ]

    def compile_ahead(self):
        must(
            [
                *self.command(),
                "-MD",
                "-MF",
                self.ahead + ".d",
                "-x",
                "c++-header",
                self.ahead,
                "-o",
                self.ahead + ".gch",
            ]
        )

    def compile(self, source, output, before=(), ahead=True):
        """Nothing, or what the compiler said."""
        path = next(
            p
            for p in (os.path.join(f, source) for f in (*before, self.copies, ROOT))
            if os.path.exists(p)
        )
        included = ["-include", self.ahead] if ahead else []
        done = run(
            [
                *self.command(before),
                *included,
                "-MD",
                "-MF",
                output + ".d",
                "-c",
                path,
                "-o",
                output,
            ]
        )
        return done.stderr if done.returncode != 0 else None


class KindsAdded(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.compiler = Compiler(folder)
        cls.compiler.compile_ahead()
        sources = {path for path in files_that_handle(HANDLES) if path.endswith(".cc")}
        sources |= {
            edit.path for edits in ADDED.values() for edit in edits if edit.path.endswith(".cc")
        }
        cls.objects = {
            path: os.path.join(folder, path.replace("/", "+") + ".o")
            for path in sorted(sources | {HANDLER[0]})
        }
        cls.said = {path: cls.compiler.compile(path, made) for path, made in cls.objects.items()}

    def variant(self, place):
        """A folder with the files of one place as they are without it."""
        folder = os.path.join(self.compiler.folder, re.sub(r"\W", "", place))
        copy(folder, [place], without=place)
        return folder

    def compile_without(self, place, source):
        folder = self.variant(place)
        made = os.path.join(folder, "made.o")
        # What is compiled ahead has the headers with the place.
        ahead = all(edit.path.endswith(".cc") for edit in ADDED[place])
        return self.compiler.compile(source, made, [folder], ahead), made

    def lacking(self, objects):
        self.assertEqual(
            [path for path, said in self.said.items() if said], [], "no objects of these"
        )
        return names("undefined", objects) - names("defined", objects)

    def test_with_its_five_places_it_compiles(self):
        for path, said in self.said.items():
            with self.subTest(path):
                self.assertIsNone(said, said)

    def test_no_function_of_it_is_lacking(self):
        self.assertEqual(self.lacking(self.objects.values()), set())
        for _, function in LACKING.values():
            self.assertTrue(
                any(n.startswith(function) for n in names("defined", self.objects.values())),
                function,
            )

    def test_with_one_place_left_out_it_does_not_compile_or_link(self):
        self.assertEqual(set(REFUSED) | set(LACKING), set(ADDED))
        for place, (source, name) in REFUSED.items():
            with self.subTest(place):
                said, _ = self.compile_without(place, source)
                self.assertIn(name, said or "nothing was refused")
        for place, (source, function) in LACKING.items():
            with self.subTest(place):
                said, made = self.compile_without(place, source)
                self.assertIsNone(said, said)
                lacking = self.lacking(
                    [made, *(o for path, o in self.objects.items() if path != source)]
                )
                self.assertEqual({n.startswith(function) for n in lacking}, {True}, lacking)

    def test_a_list_in_a_sixth_place_is_refused(self):
        kinds = re.findall(
            r"^QIAO_\w+\((\w+), ", read(os.path.join(ROOT, "engine/rows/kinds.inc")), re.M
        )
        for listed, name in (([*kinds, "Sample"], None), (kinds, "kSample")):
            cases = " ".join(f"case qiao::pb::Event::k{kind}:" for kind in listed) + " return 1;"
            path = write(os.path.join(self.compiler.folder, "sixth.cc"), SIXTH.format(cases=cases))
            said = self.compiler.compile(path, os.path.join(self.compiler.folder, "sixth.o"))
            if name is None:
                self.assertIsNone(said, said)
            else:
                self.assertIn(name, said or "nothing was refused")

    def test_the_copies_were_compiled_with_every_header_that_handles_the_kinds(self):
        used = set()
        for made in (self.compiler.ahead, *self.objects.values()):
            used |= set(re.sub(r"\\\n", " ", read(made + ".d")).split())
        copied = {
            edit.path
            for edits in ADDED.values()
            for edit in edits
            if not edit.path.endswith(".proto")
        }
        for path in copied:
            self.assertIn(os.path.join(self.compiler.copies, path), used)
        for path in files_that_handle(HANDLES):
            folder = self.compiler.copies if path in copied else ROOT
            self.assertIn(os.path.join(folder, path), used)
        # Nothing came from the originals, or from the messages that the build has generated.
        self.assertEqual(used & {os.path.join(ROOT, path) for path in copied}, set())
        self.assertEqual(
            {
                u
                for u in used
                if u.endswith(".pb.h")
                and "/qiao/v1/" in u
                and not u.startswith(self.compiler.copies)
            },
            set(),
        )


if __name__ == "__main__":
    unittest.main(verbosity=2)
