"""The command line as people and scripts use it."""
import os
import shutil
import subprocess
import time

from command_line import CommandLineCase
from harness import NINGGUO, QIAO, SIM, SOURCE, Case, generate, main, run


class CommandLine(CommandLineCase):
    def test_a_need_from_posted_to_accepted(self):
        self.city(self.s)
        on = f"{self.day(3)} 09:00/12:00"
        need = self.json(
            "need",
            "post",
            "--title",
            "陪老人",
            "--area",
            "341881001001",
            "--category",
            "elder_care",
            "--people",
            "5",
            "--on",
            on,
        )["id"]
        self.assertIn("5 people", self.qiao("need", "show", need))
        self.assertIn("党派我来", self.qiao("need", "candidates", need, "1"))
        self.assertIn("43 m away", self.qiao("explain", need, self.people))
        match = self.json("dispatch", need, self.people)["id"]
        self.assertIn("dispatched", self.qiao("match", "show", match))
        self.qiao("--as", f"supplier/{self.team}", "accept", match)
        self.assertIn("[filled]", self.qiao("need", "show", need))
        self.assertIn("已接满", self.qiao("--lang", "zh", "need", "show", need))
        self.assertIn("state.wrong", self.qiao("accept", match, expect=1))
        self.assertIn("当前状态", self.qiao("accept", match, expect=1, LANG="zh_CN.UTF-8"))
        self.assertIn("陪老人", self.qiao("need", "list", "--state", "filled"))
        self.assertEqual(len(self.qiao("watch", "--after", "0", "--count", "4").splitlines()), 4)
        self.assertIn(
            "could serve it",
            self.qiao("need", "preview", "--area", "341881001001", "--people", "3", "--on", on),
        )

    def test_a_clearing_from_its_start_to_matches(self):
        self.city(self.s)
        # Eight helpers for twice six.
        self.qiao("offer", "withdraw", self.people)
        self.s.post(
            "/v1/offers",
            {
                "partyId": self.team,
                "title": "八名志愿者",
                "time": {"kind": "TIME_KIND_PEOPLE", "capacity": 8},
            },
        )
        on = f"{self.day(3)} 09:00/12:00"
        for title in ("陪老人", "洗窗户"):
            self.qiao(
                "need",
                "post",
                "--title",
                title,
                "--area",
                "341881001001",
                "--category",
                "elder_care",
                "--people",
                "6",
                "--on",
                on,
            )
        said = self.qiao("clear", "--explain")
        self.assertIn("2 needs, 2 lines", said)
        self.assertIn("all eligible offers are worth more elsewhere", said)
        self.assertIn("One more person", said)
        self.assertIn("Jain index", said)
        said = self.qiao("--lang", "zh", "clear", "--explain")
        self.assertIn("离最优最多差", said)
        self.assertIn("多一名人员", said)
        self.assertEqual(len(self.json("proposals")["proposals"]), 2)
        self.qiao("clear", "--apply", "propose")
        self.assertIn("match proposed", self.qiao("events", "--after", "0"))
        self.assertEqual(
            {m["state"] for m in self.json("match", "list")["matches"]}, {"MATCH_STATE_PROPOSED"}
        )
        self.assertIn("budget", self.qiao("clearing", "start", "--budget", "0", expect=1))
        self.assertEqual(self.json("party", "lines", self.team, "--order", "clearing"), {})

    def test_update_changes_what_is_given_and_leaves_the_rest(self):
        self.city(self.s)
        self.qiao("party", "update", self.team, "--contact-phone", "13900001234")
        self.qiao("party", "update", self.team, "--name", "新名字")
        party = self.json("party", "show", self.team)
        # What was read masked and went back masked is still there.
        self.assertEqual((party["name"], party["contactPhone"]), ("新名字", "139****1234"))
        self.assertEqual(self.json("party", "reveal", self.team)["phone"], "13900001234")
        self.qiao("policy", "set", "--default-radius-m", "9000")
        self.assertEqual(self.json("policy", "show")["defaultRadiusM"], 9000)
        self.assertEqual(self.json("policy", "show")["timeZone"], "Asia/Shanghai")

    def changed(self, noun, key, *flags, verb="update"):
        """What an update with these flags changes, as {path: new value}; None where it is gone."""

        def leaves(value, path=""):
            if isinstance(value, (dict, list)) and value:
                return {
                    k: v
                    for name, part in (
                        value.items() if isinstance(value, dict) else enumerate(value)
                    )
                    for k, v in leaves(part, f"{path}.{name}").items()
                }
            return {path[1:]: value}

        before = leaves(self.json(noun, "show", key))
        self.qiao(noun, verb, key, *flags)
        after = leaves(self.json(noun, "show", key))
        return {
            k: after.get(k)
            for k in before | after
            if before.get(k) != after.get(k) and k != "version"
        }

    def test_an_update_of_a_supply_changes_one_part_of_it(self):
        self.city(self.s)
        offer = self.s.post(
            "/v1/offers",
            {
                "partyId": self.team,
                "title": "护理",
                "radiusM": 5000,
                "validTo": "2000000007",
                "categories": ["health"],
                "time": {
                    "kind": "TIME_KIND_PROFESSIONAL",
                    "capacity": 3,
                    "skills": ["first_aid", "nursing"],
                    "weekly": [
                        {"weekday": 1, "startMinute": 480, "endMinute": 720},
                        {"weekday": 2, "startMinute": 480, "endMinute": 720},
                    ],
                    "exceptions": [
                        {"date": 20301201},
                        {"date": 20301202, "startMinute": 540, "endMinute": 1440},
                    ],
                    "certificates": [{"code": "nurse", "level": 1, "expiresAt": "1900000001"}],
                },
            },
        )["id"]
        self.assertEqual(
            self.changed("offer", offer, "--professional", "5"), {"time.capacity": "5"}
        )
        self.assertEqual(
            self.changed("offer", offer, "--week", "1 08:00-12:00; 2 09:00-12:00"),
            {"time.weekly.1.startMinute": 540},
        )
        self.assertEqual(
            self.changed("offer", offer, "--skills", "first_aid"), {"time.skills.1": None}
        )
        self.assertEqual(
            self.changed("offer", offer, "--certificate", "nurse:1"),
            {"time.certificates.0.expiresAt": None},
        )
        self.assertEqual(
            self.changed("offer", offer, "--exceptions", "2030-12-01 closed"),
            {f"time.exceptions.1.{k}": None for k in ("date", "startMinute", "endMinute")},
        )
        self.assertEqual(
            self.changed("offer", offer, "--people", "4"),
            {"time.kind": "TIME_KIND_PEOPLE", "time.capacity": "4"},
        )
        self.assertEqual(self.changed("offer", offer, "--title", "志愿者"), {"title": "志愿者"})
        self.assertEqual(self.changed("offer", offer, "--radius-m", "6000"), {"radiusM": 6000})
        self.assertEqual(
            self.changed("offer", offer, "--categories", "food,health"),
            {"categories.0": "food", "categories.1": "health"},
        )
        self.assertEqual(
            self.changed(
                "offer",
                offer,
                "--file",
                self.write(
                    "o.json",
                    '{"time": {"kind": "TIME_KIND_VENUE", "capacity": "9"}, '
                    '"categories": ["food"]}',
                ),
                "--title",
                "场地",
            ),
            {
                "title": "场地",
                "categories.1": None,
                "time.kind": "TIME_KIND_VENUE",
                "time.capacity": "9",
                "time.skills.0": None,
                "time.exceptions.0.date": None,
                **{
                    f"time.weekly.{i}.{k}": None
                    for i in (0, 1)
                    for k in ("weekday", "startMinute", "endMinute")
                },
                **{f"time.certificates.0.{k}": None for k in ("code", "level")},
            },
        )
        stock = self.s.post(
            "/v1/offers",
            {
                "partyId": self.team,
                "title": "米",
                "stock": {
                    "resource": "rice",
                    "quantity": 90,
                    "smallestLot": 2,
                    "expiresAt": "1900000001",
                    "handover": "HANDOVER_COLLECT",
                },
            },
        )["id"]
        self.assertEqual(
            self.changed("offer", stock, "--stock", "rice:80"), {"stock.quantity": "80"}
        )
        self.assertEqual(
            self.changed("offer", stock, "--smallest-lot", "5"), {"stock.smallestLot": "5"}
        )
        self.assertEqual(
            self.changed("offer", stock, "--handover", "deliver"),
            {"stock.handover": "HANDOVER_DELIVER"},
        )
        self.assertEqual(self.changed("offer", stock, "--expires", ""), {"stock.expiresAt": None})
        self.assertIn(
            "one kind",
            self.qiao("offer", "update", stock, "--people", "1", "--stock", "rice:1", expect=2),
        )
        self.qiao(
            "offer",
            "post",
            "--party",
            self.team,
            "--title",
            "甲",
            "--week",
            "1 08:00-12:00",
            expect=2,
        )

    def test_an_update_of_a_need_changes_one_line_of_it(self):
        self.city(self.s)
        start = (int(time.time()) // 3600 + 24) * 3600 + 7
        window = {"start": str(start), "end": str(start + 3601)}
        need = self.s.post(
            "/v1/needs",
            {
                "areaCode": 341881001001,
                "title": "义诊",
                "category": "health",
                "deadline": str(start + 1),
                "volunteersPerProfessional": 5,
                "lines": [
                    {
                        "time": {"kind": "TIME_KIND_PEOPLE", "skills": ["first_aid"]},
                        "quantity": 5,
                        "window": window,
                    },
                    {
                        "time": {
                            "kind": "TIME_KIND_PROFESSIONAL",
                            "certificate": "social_worker",
                            "certificateLevel": 2,
                        },
                        "quantity": 1,
                        "window": window,
                    },
                    {"stock": {"resource": "rice"}, "quantity": 10, "window": window},
                ],
            },
        )["id"]
        self.assertEqual(self.changed("need", need, "--people", "4"), {"lines.0.quantity": "4"})
        self.assertEqual(
            self.changed("need", need, "--skills", "nursing"), {"lines.0.time.skills.0": "nursing"}
        )
        self.assertEqual(
            self.changed("need", need, "--certificate", "nurse"),
            {"lines.1.time.certificate": "nurse", "lines.1.time.certificateLevel": None},
        )
        self.assertEqual(
            self.changed("need", need, "--stock", "rice:20"), {"lines.2.quantity": "20"}
        )
        self.assertEqual(
            self.changed("need", need, "--vehicle", "2"),
            {
                "lines.3.quantity": "2",
                "lines.3.time.kind": "TIME_KIND_VEHICLE",
                "lines.3.window.start": window["start"],
                "lines.3.window.end": window["end"],
            },
        )
        self.assertEqual(
            self.changed("need", need, "--urgency", "urgent"), {"urgency": "URGENCY_URGENT"}
        )
        self.assertEqual(
            set(self.changed("need", need, "--on", f"{self.day(3)} 09:00/12:00")),
            {f"lines.{i}.window.{k}" for i in range(4) for k in ("start", "end")},
        )
        other = self.s.post("/v1/needs", {**self.need(), "lines": self.need()["lines"] * 2})["id"]
        self.assertIn(
            "several such lines", self.qiao("need", "update", other, "--people", "4", expect=2)
        )
        self.assertIn(
            "--professional", self.qiao("need", "update", other, "--certificate", "nurse", expect=2)
        )

    def test_an_update_leaves_what_is_not_given(self):
        self.city(self.s)
        self.qiao("area", "put", "341881001001", "--population", "1200", "--point", "30.5,118.9")
        self.assertEqual(
            self.changed("area", "341881001001", "--name", "城东", verb="put"), {"name": "城东"}
        )
        self.qiao(
            "area",
            "put",
            "341881001002",
            "--name",
            "新",
            "--level",
            "community",
            "--parent",
            "341881001000",
        )
        self.assertIn(
            "required",
            self.qiao(
                "area", "put", "341881001003", "--name", "新", "--level", "community", expect=1
            ),
        )
        party = self.s.post(
            "/v1/parties",
            {
                "kind": "PARTY_KIND_ENTERPRISE",
                "name": "甲",
                "areaCode": 341881001001,
                "serviceRadiusM": 900,
                "contactName": "王小明",
                "contactPhone": "13900001234",
                "programmes": ["micro_wish"],
                "excludedCategories": ["food", "health"],
                "excludedAreaCodes": [341881001002],
            },
        )["id"]
        self.assertEqual(
            self.changed("party", party, "--excluded-categories", "food"),
            {"excludedCategories.1": None},
        )
        self.assertEqual(self.changed("party", party, "--name", "乙"), {"name": "乙"})
        self.assertEqual(self.json("party", "reveal", party)["phone"], "13900001234")
        person = self.s.post(
            "/v1/persons",
            {
                "partyId": self.team,
                "name": "张三",
                "phone": "13912345678",
                "skills": ["nursing"],
                "trainings": ["急救"],
                "workforce": "WORKFORCE_VOLUNTEER",
                "minor": True,
                "guardianConsent": True,
                "certificates": [{"code": "nurse", "level": 1, "expiresAt": "1900000001"}],
            },
        )["id"]
        self.assertEqual(
            self.changed("person", person, "--skills", "nursing,first_aid"),
            {"skills.1": "first_aid"},
        )
        self.assertEqual(self.changed("person", person, "--minor", "no"), {"minor": None})
        self.assertEqual(self.json("person", "reveal", person)["name"], "张三")
        account = self.s.post(
            "/v1/accounts",
            {"login": "13900009999", "name": "李四", "role": "ROLE_SUPPLIER", "partyId": self.team},
        )["id"]
        self.assertEqual(self.changed("account", account, "--disabled", "yes"), {"disabled": True})
        self.assertEqual(self.changed("account", account, "--name", "赵五"), {"name": "赵*"})

    def test_exit_codes(self):
        self.qiao("no-such-thing", expect=2)
        self.qiao("need", "show", expect=2)
        self.qiao("need", "post", "--people", "five", "--on", "tomorrow", expect=2)
        self.qiao("need", "show", "99", expect=1)
        self.qiao("health", expect=3, QIAO_SERVER="http://127.0.0.1:1")
        self.qiao("health", expect=2, QIAO_SERVER="ftp://x")
        self.qiao("verify", self.folder + "/nowhere", expect=1)

    def test_backup_restore_and_verify(self):
        self.city(self.s)
        path = self.json("backup", "monday")["path"]
        self.s.post("/v1/needs", self.need())
        restored = os.path.join(self.folder, "restored")
        self.assertIn(
            "every invariant holds",
            self.qiao("restore", path, restored, "--key", self.s.data + ".key"),
        )
        self.assertIn("exists already", self.qiao("restore", path, restored, expect=1))
        self.assertIn("another process", self.qiao("verify", self.s.data, expect=1))
        shutil.copy(self.s.data + ".token", restored + ".token")
        again = self.server(name="restored")
        self.assertEqual(len(again.get("/v1/offers")["offers"]), 2)
        self.assertEqual(again.get("/v1/needs").get("needs", []), [])

    def test_what_verify_is_to_expect_is_one_event_and_its_whole_hash(self):
        made = self.json("backup", "monday")
        seq, digest = made["lastSeq"], made["lastHash"]
        verify = ["verify", made["path"], "--key", self.s.data + ".key", "--expect"]
        for written in (
            "",
            seq,
            seq + ":",
            ":" + digest,
            seq + ":" + digest[:-1],
            seq + ":" + digest + "0",
            seq + ":" + digest[:-1] + "g",
            "x" + seq + ":" + digest,
            "-1:" + digest,
            seq + " :" + digest,
            "99999999999999999999:" + digest,
        ):
            self.assertIn("--expect", self.qiao(*verify, written, expect=2))
            self.assertIn("64", self.qiao(*verify, written, expect=2, LANG="zh_CN.UTF-8"))
        self.qiao(*verify, f"{seq}:{digest}")
        self.qiao(*verify, f"{seq}:{digest.upper()}")
        changed = ("0" if digest[0] != "0" else "1") + digest[1:]
        self.qiao(*verify, f"{seq}:{changed}", expect=4)
        self.qiao(*verify, f"{seq}0:{digest}", expect=4)

    def test_the_only_key_of_a_database_is_never_pruned(self):
        self.city(self.s)
        key = self.s.data + ".key"
        self.qiao("key", "rotate", key)
        before = self.read(key)
        # The server still seals with the old key, whether it runs or not.
        self.assertIn("start qiaod once", self.qiao("key", "prune", key, expect=1))
        self.s.stop()
        self.assertIn("start qiaod once", self.qiao("key", "prune", key, expect=1))
        self.assertIn("启动一次qiaod", self.qiao("--lang", "zh", "key", "prune", key, expect=1))
        moved = self.write("moved", before)
        os.chmod(moved, 0o600)
        self.assertIn("--data", self.qiao("key", "prune", moved, expect=2))
        self.qiao("key", "prune", moved, "--data", self.folder + "/nowhere", expect=1)
        self.qiao("key", "prune", moved, "--data", self.s.data, expect=1)
        self.assertEqual((self.read(key), self.read(moved)), (before, before))
        self.s.start()
        self.assertIn("old master keys were deleted", self.qiao("key", "prune", key))
        self.assertNotEqual(self.read(key), before)
        self.s.stop()
        self.s.start()
        self.assertEqual(self.s.get(f"/v1/parties/{self.team}")["name"], "党派我来")

    def test_what_cannot_be_written_is_a_failed_command(self):
        self.city(self.s)
        for words in (
            ["export", "offers"],
            ["export", "offers", "--format", "jsonl"],
            ["offer", "list"],
            ["--json", "offer", "list"],
            ["metrics"],
            ["watch", "--after", "0"],
            ["watch", "--after", "0", "--count", "1"],
            ["completion", "bash"],
            ["--help"],
            ["export", "offers", "/dev/full"],
        ):
            for file in ("/dev/full", os.devnull):
                if words == ["watch", "--after", "0"] and file == os.devnull:
                    continue  # goes on for ever
                with open(file, "w", encoding="utf-8") as out:
                    r = subprocess.run(
                        [QIAO, *words],
                        stdout=out,
                        stderr=subprocess.PIPE,
                        text=True,
                        env=self.env,
                        timeout=60,
                    )
                full = "/dev/full" in (file, words[-1])
                self.assertEqual(r.returncode, 6 if full else 0, (words, r.stderr))
                self.assertEqual(
                    "be written" in r.stderr or "cannot write" in r.stderr, full, (words, r.stderr)
                )
        with open("/dev/full", "w", encoding="utf-8") as out:
            r = subprocess.run(
                [
                    SIM,
                    "generate",
                    "--areas",
                    os.path.join(NINGGUO, "areas.csv"),
                    "--until",
                    "2026-11-24 18:00",
                    "--quiet",
                    "--days",
                    "1",
                ],
                stdout=out,
                stderr=subprocess.PIPE,
                text=True,
                timeout=60,
            )
        self.assertEqual(r.returncode, 1, r.stderr)
        # Started without any standard output, what prints nothing is done.
        self.assertEqual(
            subprocess.run(
                ["sh", "-c", f"{QIAO} export offers {self.folder}/o.csv >&-"],
                env=self.env,
                stderr=subprocess.PIPE,
                timeout=60,
            ).returncode,
            0,
        )

    def test_no_text_of_others_moves_the_cursor_or_hides_itself(self):
        self.city(self.s)
        # What moves the cursor, or makes a text read otherwise than it stands, is refused.
        for c in "\x1b\x9b\x7f\u202e\u2066\0":
            status, _, refused = self.s.request(
                "POST", "/v1/needs", {**self.need(), "title": f"a{c}b"}
            )
            self.assertEqual(
                (status, refused["code"], refused["field"]),
                (400, "value.out_of_range", "need.title"),
                repr(c),
            )
        bad = "a\u200bb\u200dc\ufeffd\u2028e\nforged"
        need = self.s.post("/v1/needs", {**self.need(), "title": bad, "description": bad})["id"]
        self.qiao("offer", "update", self.people, "--title", bad)
        # Two names that look the same are the same.
        self.assertIn(
            "one line without invisible characters",
            self.qiao("party", "update", self.team, "--name", bad, expect=1),
        )
        match = self.json("dispatch", need, self.people)["id"]
        self.qiao("decline", match, "--reason", bad)
        for words in (
            ["need", "list"],
            ["need", "show", need],
            ["offer", "list"],
            ["offer", "show", self.people],
            ["party", "list"],
            ["party", "show", self.team],
            ["match", "list"],
            ["match", "show", match],
            ["need", "candidates", need, "1"],
            ["need", "bundle", need],
            ["events", "--after", "0"],
            ["watch", "--after", "0", "--count", "9"],
            ["clear", "--explain"],
            ["audit"],
            ["notifications"],
            ["inbox"],
            ["overview"],
            ["equity"],
        ):
            said = self.qiao(*words)
            for c in "\u200b\u200d\ufeff\u2028":
                self.assertNotIn(c, said, words)
            self.assertFalse(
                any(line.startswith("forged") for line in said.splitlines()), (words, said)
            )
        self.assertIn("a\\u200bb\\u200dc\\ufeffd\\u2028e\\u000aforged", self.qiao("need", "list"))
        self.assertTrue(self.qiao("watch", "--after", "1", "--count", "1").startswith("2 "))
        # Programs get it as it is.
        self.assertEqual(self.json("need", "show", need)["title"], bad)

    def test_completion_scripts_are_valid_and_know_the_verbs(self):
        for shell in ("bash", "zsh", "fish"):
            script = self.qiao("completion", shell)
            self.assertIn("candidates", script)
        script = self.write("c.bash", self.qiao("completion", "bash"))
        words = run(
            "bash",
            "-c",
            f"source {script}; COMP_WORDS=(qiao need po); COMP_CWORD=2; _qiao; echo "
            f"${{COMPREPLY[@]}}",
        ).stdout
        self.assertEqual(words.strip(), "post")
        words = run(
            "bash",
            "-c",
            f"source {script}; COMP_WORDS=(qiao need post --ti); COMP_CWORD=3; _qiao; echo "
            f"${{COMPREPLY[@]}}",
        ).stdout
        self.assertEqual(words.strip(), "--title")


class Simulator(Case):
    def test_the_same_seed_makes_the_same_city(self):
        outline = os.path.join(NINGGUO, "outline.geojson")
        args = ["--outline", outline, "--until", "2026-11-24 18:00"]
        a = generate(*args, "--seed", "5")
        self.assertEqual(a, generate(*args, "--seed", "5"))
        self.assertNotEqual(a, generate(*args, "--seed", "6"))

    def test_bad_input_is_refused_with_words(self):
        for args in (
            ["generate"],
            ["generate", "--areas", "/nowhere.csv"],
            ["generate", "--areas", SOURCE + "/data/policy.json"],
            ["newyork", "/nowhere.csv"],
            ["generate", "--areas", os.path.join(NINGGUO, "areas.csv"), "--until", "soon"],
        ):
            r = run(SIM, *args, check=False)
            self.assertNotEqual(r.returncode, 0, args)
            self.assertTrue(r.stderr.strip() or r.stdout.strip(), args)

    def test_the_city_has_ningguos_real_areas_and_loads(self):
        history = os.path.join(self.folder, "h.jsonl")
        outline = os.path.join(NINGGUO, "outline.geojson")
        teams = os.path.join(NINGGUO, "teams.csv")
        generate("--outline", outline, "--named", teams, "--out", history)
        s = self.server("--load", history)
        areas = s.get("/v1/areas?pageSize=500")["areas"]
        levels = [a["level"] for a in areas]
        self.assertEqual(
            [levels.count(f"AREA_LEVEL_{x}") for x in ("CITY", "TOWN", "COMMUNITY")], [1, 19, 117]
        )
        names = [
            p["name"] for p in s.get("/v1/parties?kind=volunteer_team&pageSize=500")["parties"]
        ]
        for team in ("贤娘熟得", "党派我来", "银龄志愿"):
            self.assertTrue(any(team in n for n in names), team)
        self.assertGreater(len(s.get("/v1/needs?pageSize=500")["needs"]), 200)
        s.stop()
        self.assertIn("every invariant holds", run(QIAO, "verify", s.data).stdout)


if __name__ == "__main__":
    main()
