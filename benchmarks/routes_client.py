"""What asks the server: a connection of one address, and a market with what the routes need."""
import http.client
import json
import random
import time

PASSWORD = "correct horse battery"


class Client:
    """One connection, kept alive, from an address of its own."""

    def __init__(self, port, token=None, address="127.0.0.1"):
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=600, source_address=(address, 0)
        )
        self.headers = {"Authorization": "Bearer " + token} if token else {}

    def send(self, method, target, body=None, headers=None):
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        head = dict(self.headers if headers is None else headers)
        if data is not None:
            head.setdefault("Content-Type", "application/json")
        begin = time.perf_counter()
        self.connection.request(method, target, data, head)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, time.perf_counter() - begin, text, answer.headers

    def get(self, target):
        return self.must("GET", target)

    def must(self, method, target, body=None, headers=None):
        status, _, text, _ = self.send(method, target, body, headers)
        if status not in (200, 201):
            raise SystemExit(f"{method} {target}: {status} {text[:500]!r}")
        return json.loads(text) if text else {}


class Market:
    """The server under measurement, and rows made as a recipe needs them."""

    def __init__(self, server, sample):
        self.server, self.sample = server, sample
        self.lead = Client(server.port, server.token)
        self.random = random.Random(3)
        sample["programmes"] = [p["code"] for p in self.lead.get("/v1/taxonomy")["programmes"]]
        self.count = int(time.time()) % 100_000_000 * 1000  # a database may be asked again
        self.community = sample["communities"][0]
        self.organiser = self.lead.must(
            "POST",
            "/v1/parties",
            {"kind": "PARTY_KIND_ORGANISER", "name": "测试街道办", "areaCode": self.community},
        )["id"]
        self.team = self.party()
        self.offer = self.offers(1)[0]

    def any(self, kind):
        return self.random.choice(self.sample[kind])

    def unique(self, name):
        self.count += 1
        return f"{name}{self.count}"

    def batch(self, commands):
        ids = []
        for at in range(0, len(commands), 100):
            ids += [
                r["id"]
                for r in self.lead.must("POST", "/v1/batch", {"commands": commands[at : at + 100]})[
                    "results"
                ]
            ]
        return ids

    def need_body(self, start=7200, lines=1, **more):
        begin = int(time.time()) + start
        line = {
            "quantity": "2",
            "window": {"start": str(begin), "end": str(begin + 5400)},
            "time": {"kind": "TIME_KIND_PEOPLE"},
        }
        return {
            "title": "陪老人",
            "category": "elder_care",
            "areaCode": self.community,
            "lines": [line] * lines,
            **more,
        }

    def needs(self, count, until="NEED_STATE_OPEN", start=7200, **more):
        return self.batch(
            [
                {"postNeed": {"need": self.need_body(start, **more), "until": until}}
                for _ in range(count)
            ]
        )

    def make(self, need, how):
        return {
            "makeMatch": {
                "needId": need,
                "line": 1,
                "offerId": self.offer,
                "quantity": "2",
                "how": "MATCH_STATE_" + how,
            }
        }

    def matches(self, count, how, *verbs, start=7200):
        """So many matches, each of a need of its own, taken through the verbs."""
        needs = self.needs(count, start=start)
        made = self.batch([self.make(n, how) for n in needs])
        for verb in verbs:
            if verb == "BEGUN":
                time.sleep(start + 1.5)
            else:
                self.batch(
                    [{"moveMatch": {"matchId": m, "verb": "MATCH_VERB_" + verb}} for m in made]
                )
        return made

    def served(self, count):
        return self.matches(
            count, "DISPATCHED", "ACCEPT", "CHECK_IN", "BEGUN", "CHECK_OUT", start=3
        )

    def party(self, **more):
        body = {
            "kind": "PARTY_KIND_VOLUNTEER_TEAM",
            "name": self.unique("测试队"),
            "areaCode": self.community,
            "serviceRadiusM": 50000,
            **more,
        }
        return self.lead.must("POST", "/v1/parties", body)["id"]

    def offers(self, count):
        return self.batch(
            [
                {
                    "postOffer": {
                        "partyId": self.team,
                        "title": "志愿者",
                        "time": {"kind": "TIME_KIND_PEOPLE", "capacity": "1000000"},
                    }
                }
            ]
            * count
        )

    def persons(self, count):
        return self.batch(
            [{"putPerson": {"partyId": self.team, "name": "张三", "phone": "13900009999"}}] * count
        )

    def account(self, role="ROLE_AUDITOR", **more):
        return self.lead.must(
            "POST",
            "/v1/accounts",
            {"login": self.unique("login"), "name": "王小明", "role": role, **more},
        )["id"]

    def accounts(self, count, **more):
        return [self.account(**more) for _ in range(count)]

    def token(self, account):
        return self.lead.must(
            "POST",
            "/v1/tokens",
            {"name": self.unique("token"), "accountId": account, "lifetime": 864000},
        )

    def residents(self, count, needs):
        """Numbers of residents with so many needs each."""
        refs = []
        for _ in range(count):
            self.count += 1
            refs.append(str(5_000_000_000 + self.count))
            self.account("ROLE_RESIDENT", residentRef=refs[-1])
            self.needs(needs, residentRef=refs[-1])
        return refs

    def logged_in(self, count):
        """Headers of sessions."""
        found = []
        for account in self.accounts(count):
            secret = self.lead.must("POST", f"/v1/accounts/{account}:invite")["secret"]
            _, _, _, headers = self.lead.send(
                "POST", "/v1/invitations:accept", {"token": secret, "password": PASSWORD}, {}
            )
            found.append(
                {"Cookie": headers["Set-Cookie"].split(";")[0], "Origin": self.server.origin()}
            )
        return found

    def cleared(self, budget=3):
        """A clearing that is done."""
        made = self.lead.must("POST", "/v1/clearings", {"budget": str(budget)})["id"]
        self.clearings_end()
        return made

    def imports_end(self):
        """Waits until no import of the lead's goes on."""
        while any("endedAt" not in i for i in self.lead.get("/v1/imports").get("imports", [])):
            time.sleep(0.05)

    def sheet_of_needs(self, count):
        """A file of needs, none like another."""
        area = self.any("communities")
        day = time.strftime("%Y-%m-%d", time.localtime(time.time() + 5 * 86_400))
        rows = [
            f"{area},{self.unique('need')},elder_care,people,3,{day} 09:00/11:00"
            for _ in range(count)
        ]
        return "\r\n".join(["area,title,category,kind,quantity,window", *rows]).encode()

    def imported(self):
        """An import that is done."""
        made = self.lead.must(
            "POST",
            "/v1/imports?kind=needs&check=1",
            self.sheet_of_needs(100),
            {**self.lead.headers, "Content-Type": "text/csv"},
        )["id"]
        self.imports_end()
        return made

    def clearings_end(self):
        """Waits until no clearing runs or is applied."""
        while any(
            c["state"] == "CLEARING_STATE_RUNNING" or "stage" in c
            for c in self.lead.get("/v1/clearings").get("clearings", [])
        ):
            time.sleep(0.2)
