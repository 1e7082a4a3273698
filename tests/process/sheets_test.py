"""Import and export of spreadsheets on the command line, as people make the files."""
import csv
import json
import os
import re
import subprocess
import time

from command_line import CommandLineCase
from harness import NINGGUO, QIAO, generate, main


class Sheets(CommandLineCase):
    def test_import_names_every_bad_row_with_line_and_column_and_takes_nothing(self):
        self.city(self.s)
        path = self.write(
            "offers.csv",
            "party,title,kind,quantity,skills,week\r\n"
            "党派我来,好的,people,5,haircut,1-5 08:00-12:00\r\n"
            "党派我来,无此技能,people,5,magic,\r\n"
            "无此单位,甲,people,5,,\r\n"
            "党派我来,乙,people,many,,\r\n"
            "党派我来,丙,people,0,,\r\n"
            "党派我来,丁,people,5,,every day\r\n"
            "党派我来,戊,gold,5,,\r\n",
        )
        errors = self.qiao("import", "offers", path, expect=1)
        for line, column in (
            (3, "skills"),
            (4, "party"),
            (5, "quantity"),
            (6, "quantity"),
            (7, "week"),
            (8, "kind"),
        ):
            self.assertIn(f"line {line}, {column}: ", errors)
        self.assertNotIn("line 2", errors)
        self.assertEqual(len(self.s.get("/v1/offers")["offers"]), 2)
        self.assertIn("第3行，技能", self.qiao("import", "offers", path, expect=1, LANG="zh_CN.UTF-8"))
        self.qiao("import", "offers", path, "--skip-bad", expect=5)
        self.assertEqual(len(self.s.get("/v1/offers")["offers"]), 3)

    def imported(self, what, path, *options):
        r = subprocess.run(
            [QIAO, "import", what, path, *options],
            capture_output=True,
            text=True,
            env=self.env,
            timeout=60,
        )
        self.assertEqual(r.returncode, 0, r.stderr)
        return r.stderr

    def test_import_of_a_workbook_as_people_make_them(self):
        import datetime
        import openpyxl

        self.city(self.s)
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.title = "需求"
        day = datetime.date.fromisoformat(self.day(4))
        sheet.append(["城东社区十二月需求表"])
        sheet.append([])
        sheet.append(["序号", "标题 *", "社区", "类别", "日期", "开始时间", "结束时间", "人数"])
        sheet.append([1, "理发", "城东社区", "助老服务", day, datetime.time(9), datetime.time(11, 30), 3])
        sheet.append(
            [
                2,
                "陪诊",
                None,
                "助老服务",
                datetime.datetime.combine(day, datetime.time()),
                "下午2点",
                "16:00",
                "２人",
            ]
        )
        sheet.append([])
        sheet.append([3, "送餐", None, "助老服务", day, datetime.time(22), datetime.time(2), 1])
        sheet.append(["合计", None, None, None, None, None, None, "=SUM(H4:H7)"])
        sheet.merge_cells("A1:H1")
        sheet.merge_cells("C4:C7")
        path = os.path.join(self.folder, "n.xlsx")
        book.save(path)
        self.assertEqual(
            self.imported("needs", path, "--check"),
            "column that is not imported: 序号\n3 can be imported\n",
        )
        self.assertIn("3 imported\n", self.imported("needs", path))
        needs = self.s.get("/v1/needs")["needs"]
        hours = [
            (
                n["title"],
                n["lines"][0]["quantity"],
                (int(n["lines"][0]["window"]["end"]) - int(n["lines"][0]["window"]["start"]))
                / 3600,
            )
            for n in needs
        ]
        self.assertEqual(hours, [("理发", "3", 2.5), ("陪诊", "2", 2.0), ("送餐", "1", 4.0)])
        self.assertEqual({n["areaCode"] for n in needs}, {"341881001001"})
        # The same by letters, without headings.
        for cells in ("A1:H1", "C4:C7"):
            sheet.unmerge_cells(cells)
        for row in (4, 5, 7):
            sheet.cell(row, 2).value += "二"
            sheet.cell(row, 3).value = "城东社区"
        sheet.delete_rows(1, 3)
        book.save(path)
        self.assertIn(
            "3 imported\n",
            self.imported(
                "needs", path, "--mapping", "B:title,C:area,D:category,E:date,F:from,G:to,H:people"
            ),
        )

    def test_import_is_killed_in_the_middle_and_makes_nothing_twice(self):
        self.city(self.s)
        count = 15_000
        path = self.write(
            "n.csv",
            "区域,名称,服务类别,种类,数量,时间段\r\n"
            + "".join(
                f"341881001001,需求{i},助老服务,人员,3,{self.day(4)} 09:00/12:00\r\n" for i in range(count)
            ),
        )
        importing = subprocess.Popen(
            [QIAO, "import", "needs", path], stderr=subprocess.PIPE, env=self.env
        )
        while len(self.s.get("/v1/needs?pageSize=500").get("needs", [])) < 100:
            time.sleep(0.02)
        self.s.kill()
        importing.wait(timeout=60)
        importing.stderr.close()
        self.s.start()
        self.env["QIAO_SERVER"] = self.s.origin()
        saved = len(self.all_needs())
        self.assertTrue(100 <= saved < count, saved)
        self.assertEqual(
            self.imported("needs", path), f"{count - saved} imported, {saved} imported before\n"
        )
        titles = [n["title"] for n in self.all_needs()]
        self.assertEqual(len(titles), count)
        self.assertEqual(len(set(titles)), count)

    def all_needs(self):
        needs, token = [], ""
        while True:
            page = self.s.get("/v1/needs?pageSize=500" + (f"&pageToken={token}" if token else ""))
            needs += page.get("needs", [])
            token = page.get("nextPageToken")
            if not token:
                return needs

    def test_import_from_excel_in_china(self):
        self.city(self.s)
        text = "区域,名称,服务类别,种类,数量,时间段,需求序号\r\n" + "".join(
            f"341881001001,{t},助老服务,{k},{q},{self.day(4)} 09:00/12:00,{n}\r\n"
            for t, k, q, n in (("理发", "人员", 3, 1), ("慰问", "人员", 2, 2), ("慰问", "大米", 50, 2))
        )
        for encoding in ("gb18030", "utf-8-sig", "utf-8", "utf-16"):
            before = len(self.s.get("/v1/needs").get("needs", []))
            path = self.write(
                "n.csv",
                text.replace("理发", "理发" + encoding).replace("慰问", "慰问" + encoding),
                encoding,
            )
            self.assertIn("2 imported", self.imported("needs", path))
            self.assertEqual(len(self.s.get("/v1/needs")["needs"]), before + 2)
            # The same file again.
            self.assertEqual(self.imported("needs", path), "0 imported, 2 imported before\n")
            self.assertEqual(len(self.s.get("/v1/needs")["needs"]), before + 2)
        need = self.s.get("/v1/needs?newest=1")["needs"][0]
        self.assertEqual(
            [(l.get("stock", {}).get("resource"), l["quantity"]) for l in need["lines"]],
            [(None, "2"), ("rice", "50")],
        )
        self.qiao("import", "needs", self.write("bad.csv", "区域,颜色\r\n1,2\r\n"), expect=1)
        self.qiao("import", "needs", self.write("bin.csv", "x") + "-none", expect=1)

    def test_what_is_exported_can_be_imported_elsewhere(self):
        history = os.path.join(self.folder, "h.jsonl")
        generate("--outline", os.path.join(NINGGUO, "outline.geojson"), "--out", history)
        full = self.server("--load", history, name="full")
        there = {"QIAO_SERVER": full.origin(), "QIAO_TOKEN": full.token}
        for what in ("areas", "parties", "offers"):
            for encoding in ("utf8-bom", "gb18030"):
                path = os.path.join(self.folder, f"{what}-{encoding}.csv")
                self.qiao("export", what, path, "--encoding", encoding, **there)
            self.qiao("import", what, path, "--new")
            key = {"areas": "code", "parties": "name", "offers": "title"}[what]

            def all_of(server):
                out, token = [], ""
                while True:
                    page = server.get(
                        f"/v1/{what}?pageSize=500" + (f"&pageToken={token}" if token else "")
                    )
                    out += page.get(what, [])
                    token = page.get("nextPageToken")
                    if not token:
                        return sorted(str(x[key]) for x in out)

            self.assertEqual(all_of(self.s), all_of(full))
        lines = os.path.join(self.folder, "parties.jsonl")
        self.qiao("export", "parties", lines, **there)
        self.qiao("import", "parties", lines, **there)  # ids: changes to what they are

    def rich_city(self):
        """Everything that a spreadsheet may carry, and what is hard to carry."""
        taxonomy = self.s.get("/v1/taxonomy")
        taxonomy["resources"].append(
            {"term": {"code": "vehicle", "zh": "车", "en": "truck"}, "unit": "truck", "unitZh": "辆"}
        )
        self.s.request("PUT", "/v1/taxonomy", taxonomy)
        self.city(self.s)
        # Its code is smaller than that of the town it lies in.
        self.s.request(
            "PUT",
            "/v1/areas/341880000001",
            {
                "parentCode": 341881001000,
                "level": "AREA_LEVEL_COMMUNITY",
                "name": "=1+1, \"甲\" 乙 ",
                "population": 7,
                "point": {"latitudeE7": -1, "longitudeE7": -1189834000},
            },
        )

        def party(name, **more):
            return self.s.post(
                "/v1/parties",
                {"kind": "PARTY_KIND_ENTERPRISE", "name": name, "areaCode": 341881001001, **more},
            )["id"]

        code = "91341881MA2N00001"
        letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
        code += letters[(31 - sum(letters.index(c) * 3**i for i, c in enumerate(code)) % 31) % 31]
        parties = [
            party("同名"),
            party("同名", creditCode=code),
            party("同名"),
            party("至善；同心、会"),
            party("a;b,\"c\" "),
            party("12345"),
            party(
                "+86 电话",
                contactName="王小明",
                contactPhone="13900001234",
                serviceRadiusM=1,
                programmes=["micro_wish", "theme_days"],
                excludedCategories=["food"],
                excludedAreaCodes=[341881001001, 341880000001],
                point={"latitudeE7": 0, "longitudeE7": 0},
            ),
        ]
        # One belongs to one that was registered after it.
        self.s.request(
            "PUT",
            f"/v1/parties/{parties[0]}",
            {**self.s.get(f"/v1/parties/{parties[0]}"), "parentId": parties[2]},
        )
        self.s.post(f"/v1/parties/{parties[3]}:suspend")
        organiser = party("组织", kind="PARTY_KIND_ORGANISER")

        def offer(owner, title, **more):
            return self.s.post("/v1/offers", {"partyId": owner, "title": title, **more})["id"]

        offer(
            parties[1],
            "@SUM(A1:A9)",
            radiusM=0,
            validFrom="1900000001",
            validTo="1099511627776",
            categories=["food", "health"],
            point={"latitudeE7": 1, "longitudeE7": -1},
            time={
                "kind": "TIME_KIND_PROFESSIONAL",
                "capacity": 3,
                "skills": ["nursing", "first_aid"],
                "weekly": [
                    {"weekday": 1, "startMinute": 1320, "endMinute": 1440},
                    {"weekday": 2, "startMinute": 0, "endMinute": 360},
                    {"weekday": 1, "startMinute": 0, "endMinute": 1},
                ],
                "exceptions": [
                    {"date": 20301202, "startMinute": 540, "endMinute": 1440},
                    {"date": 20301201},
                ],
                "certificates": [
                    {"code": "social_worker", "level": 2, "expiresAt": "1900000001"},
                    {"code": "nurse", "level": 1},
                ],
            },
        )
        offer(parties[2], " 前后有空格\t", time={"kind": "TIME_KIND_VEHICLE", "capacity": 1000000})
        offer(
            parties[0],
            "'=撇号",
            stock={
                "resource": "vehicle",
                "quantity": 9,
                "smallestLot": 1,
                "expiresAt": "1999999999",
                "handover": "HANDOVER_COLLECT",
            },
        )
        offer(parties[5], "-5", stock={"resource": "rice", "quantity": 1})
        ended = offer(parties[5], "停止提供", stock={"resource": "rice", "quantity": 1})
        self.s.post(f"/v1/offers/{ended}:withdraw")
        start = (int(time.time()) // 3600 + 48) * 3600 + 7
        window = {"start": str(start), "end": str(start + 86400 + 1)}
        lines = [
            {
                "time": {"kind": "TIME_KIND_PEOPLE", "skills": ["first_aid", "nursing"]},
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
            {
                "time": {"kind": "TIME_KIND_PROFESSIONAL", "certificate": "nurse"},
                "quantity": 1,
                "window": window,
            },
            {
                "stock": {"resource": "vehicle"},
                "quantity": 2,
                "window": {"start": str(start - 7), "end": str(start)},
            },
        ]
        for until in ("draft", "submitted", "open"):
            self.s.post(
                "/v1/needs?until=" + until,
                {
                    "areaCode": 341880000001,
                    "title": "=HYPERLINK(\"x\")",
                    "description": "\t一\r\n\"二\", 三 \n",
                    "category": "health",
                    "beneficiary": "elderly",
                    "programme": "micro_wish",
                    "urgency": "URGENCY_CRITICAL",
                    "deadline": str(start + 1),
                    "allOrNothing": True,
                    "volunteersPerProfessional": 5,
                    "organiserId": organiser,
                    "residentRef": "77",
                    "travelM": 300,
                    "excludedPartyIds": [*parties, self.team],
                    "contactName": "王小明",
                    "contactPhone": "13900001234",
                    "address": "城东路18号",
                    "point": {"latitudeE7": -900000000, "longitudeE7": 1800000000},
                    "lines": lines,
                },
            )
        self.s.post("/v1/needs", self.need())
        self.s.post(
            f"/v1/needs/{self.s.post('/v1/needs', self.need())['id']}:cancel", {"reason": "不需要了"}
        )

    def rows(self, path):
        """Of a CSV file, without what another database assigns: ids, and personal data."""
        with open(path, encoding="utf-8-sig", newline="") as f:
            header, *rows = csv.reader(f)
        gone = [
            header.index(c)
            for c in ("id", "key", "contact_name", "contact_phone", "address")
            if c in header
        ]
        return [[cell for i, cell in enumerate(row) if i not in gone] for row in (header, *rows)]

    def content(self, server, what):
        """What the API tells, without ids, times of events and personal data; parties by their
        place in the list."""
        place = {
            p["id"]: i
            for i, p in enumerate(server.get("/v1/parties?pageSize=500").get("parties", []))
        }
        things = []
        for thing in server.get(f"/v1/{what}?pageSize=500")[what]:
            if thing.get("state") in ("OFFER_STATE_WITHDRAWN", "NEED_STATE_CANCELLED"):
                continue
            for name in ("partyId", "parentId", "organiserId"):
                if name in thing:
                    thing[name] = place[thing[name]]
            thing["excludedPartyIds"] = [place[p] for p in thing.get("excludedPartyIds", [])]
            thing.get("time", {}).get("weekly", []).sort(key=json.dumps)
            for name in (
                "id",
                "version",
                "createdAt",
                "submittedAt",
                "openedAt",
                "contactName",
                "contactPhone",
                "address",
            ):
                thing.pop(name, None)
            things.append(thing)
        return sorted(things, key=lambda thing: thing.get("code", ""))

    def test_an_unedited_export_changes_nothing_and_makes_the_same_elsewhere(self):
        self.rich_city()
        taxonomy = self.s.get("/v1/taxonomy")
        # A server that has started again tells areas in another order.
        self.s.stop()
        self.s.start()
        self.env["QIAO_SERVER"] = self.s.origin()
        servers = [self.server(name="second"), self.server(name="third")]
        for s in servers:
            s.request("PUT", "/v1/taxonomy", taxonomy)
        head = self.json("audit")["headSeq"]
        for what in ("areas", "parties", "offers", "needs"):
            for name, lang, *options in (
                ("e.csv", "en"),
                ("z.csv", "zh"),
                ("g.csv", "zh", "--encoding", "gb18030"),
                ("u.csv", "en", "--encoding", "utf8"),
                ("l.jsonl", "en"),
            ):
                path = os.path.join(self.folder, name)
                self.qiao("--lang", lang, "export", what, path, *options)
                count = len(self.s.get(f"/v1/{what}?pageSize=500")[what])
                r = subprocess.run(
                    [QIAO, "import", what, path],
                    capture_output=True,
                    text=True,
                    env=self.env,
                    timeout=60,
                )
                self.assertEqual(
                    (r.returncode, r.stderr), (0, f"0 imported, {count} unchanged\n"), (what, name)
                )
                self.assertEqual(self.json("audit")["headSeq"], head, (what, name))
            source, *made = [os.path.join(self.folder, f"{what}{i}.csv") for i in range(3)]
            self.qiao("export", what, source)
            for i, s in enumerate(servers):
                there = {"QIAO_SERVER": s.origin(), "QIAO_TOKEN": s.token}
                self.qiao("import", what, [source, made[0]][i], **there)
                self.qiao("export", what, made[i], **there)
            wanted = [row for row in self.rows(source) if row[-1] not in ("withdrawn", "cancelled")]
            self.assertEqual(self.rows(made[0]), wanted, what)
            for s in servers:
                self.assertEqual(self.content(s, what), self.content(self.s, what), what)
            if what == "areas":
                self.assertEqual(self.read(made[0]), self.read(source))
            # To the byte, except for the ids, which both gave in the same order.
            plain = [re.sub(r"(?m)^\d+,", "", self.read(path)) for path in made]
            self.assertEqual(plain[0], plain[1], what)
        with open(os.path.join(self.folder, "needs0.csv"), encoding="utf-8-sig", newline="") as f:
            cells = [cell for row in csv.reader(f) for cell in row]
        self.assertFalse([c for c in cells if c[:1] in ("=", "+", "@", "\t", "\r")])
        self.assertIn("'=HYPERLINK(\"x\")", cells)

    def test_an_import_changes_what_was_edited_and_nothing_else(self):
        self.rich_city()
        path = os.path.join(self.folder, "offers.csv")
        self.qiao("export", "offers", path)
        before = {o["id"]: o for o in self.s.get("/v1/offers?pageSize=500")["offers"]}
        self.write("offers.csv", self.read(path).replace("前后有空格", "车队"))
        r = subprocess.run(
            [QIAO, "import", "offers", path],
            capture_output=True,
            text=True,
            env=self.env,
            timeout=60,
        )
        self.assertIn(f"1 imported, {len(before) - 1} unchanged", r.stderr)
        after = {o["id"]: o for o in self.s.get("/v1/offers?pageSize=500")["offers"]}
        changed = [i for i in before if before[i] != after[i]]
        self.assertEqual(len(changed), 1)
        self.assertEqual(
            {**before[changed[0]], "title": " 车队\t", "version": ""},
            {**after[changed[0]], "version": ""},
        )
        # A few columns are enough; what is not in the file stays.
        few = self.write(
            "few.csv",
            "id,party,title,kind,quantity\r\n"
            + "".join(
                f"{o['id']},{o['partyId']},改,professional,4\r\n"
                for o in after.values()
                if o["title"].startswith("@")
            ),
        )
        self.qiao("import", "offers", few)
        offer = self.s.get("/v1/offers?pageSize=500")["offers"][2]
        self.assertEqual(
            (
                offer["title"],
                offer["time"]["capacity"],
                len(offer["time"]["exceptions"]),
                len(offer["time"]["weekly"]),
            ),
            ("改", "4", 2, 3),
        )
        for text, why in (
            (f"{offer['id']},{offer['partyId']},改,professional,5,withdrawn", "state"),
            (f"{offer['id']},{offer['partyId']},改,professional,5,\r\n" * 2, "duplicate"),
            (f"999999,{offer['partyId']},改,professional,5,", "--new"),
        ):
            bad = self.write("bad.csv", "id,party,title,kind,quantity,state\r\n" + text)
            self.assertIn(why, self.qiao("import", "offers", bad, expect=1))
        # By the ids of another database nothing would be the same.
        elsewhere = self.server(name="elsewhere")
        lines = os.path.join(self.folder, "o.jsonl")
        self.qiao("export", "offers", lines)
        self.assertIn(
            "as CSV",
            self.qiao(
                "import",
                "offers",
                lines,
                expect=1,
                QIAO_SERVER=elsewhere.origin(),
                QIAO_TOKEN=elsewhere.token,
            ),
        )


if __name__ == "__main__":
    main()
