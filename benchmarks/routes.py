"""Every route of openapi.json in a city and in a large market: how long it takes, and how long
others wait meanwhile.

    tools/bench routes [--scale full]

A route whose time grows with the market has to be declared so (G in engine/rows/operations.inc);
one that is not, one without a recipe here, and one that answers something else than it should make
this fail. What one account can do to others is measured with the limits that a server has by
default; everything else without limits."""
import json
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../tests/process"))
BUILD, SOURCE, SCALE = sys.argv[1], sys.argv[2], sys.argv[3]
os.environ["QIAO_BIN"], os.environ["QIAO_SOURCE"] = BUILD, SOURCE
os.environ.setdefault("QIAO_PATIENCE", "20")
from harness import Server  # noqa: E402
from routes_client import PASSWORD, Client, Market  # noqa: E402

SIZES = {
    "small": [("city", 20_000, 5_000, "city"), ("province", 200_000, 200_000, "nation")],
    "full": [("city", 100_000, 20_000, "city"), ("nation", 1_000_000, 1_350_000, "nation")],
}[SCALE]
ROUNDS = 3
MOST_P99 = 0.050
MOST_WAIT = 0.010
# What the lead looks at first, in seconds at p50, however large the market.
GOALS = {"getOverview": 0.100, "getInbox": 0.010}
# A route that is not declared to grow may take so much longer in the large market: caches are
# colder there.
GROWTH = 3
NOISE = 0.003
FLOODERS = 8


def probe(port, token, targets, pipe):
    """Another reader, who asks for one need again and again and notes how long it waits."""
    client = Client(port, token, "127.0.0.99")
    while pipe.recv() == "begin":
        waits = []
        while not pipe.poll():
            _, seconds, _, _ = client.send("GET", targets[len(waits) % len(targets)])
            waits.append(seconds)
            time.sleep(0.0003)
        pipe.recv()
        pipe.send(waits)


class Probe:
    def __init__(self, port, token, targets):
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(
            target=probe, args=(port, token, targets, theirs), daemon=True
        )
        self.process.start()

    def __enter__(self):
        self.pipe.send("begin")
        return self

    def __exit__(self, *_):
        self.pipe.send("end")
        self.waits = self.pipe.recv()

    def close(self):
        self.pipe.send("close")
        self.process.join()


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * q))]


# --- how each route is asked: calls of (target, body, headers or none, statuses other than 200 and
# 201) ---

RECIPES = {}


def recipe(operation, count=90, variant=""):
    def register(make):
        RECIPES.setdefault(operation, []).append((variant, count, make))
        return make

    return register


def simple(operation, target, body=None, count=90, variant=""):
    """Every {word} in target and body is the id of some row of that sample."""

    def fill(text, m):
        return re.sub(r"\{(\w+)\}", lambda word: m.any(word[1]), text)

    recipe(operation, count, variant)(lambda m, n: [(fill(target, m), body) for _ in range(n)])


def on_made(operation, target, make, body=None, count=90):
    """Each call on a row that was made for it."""
    recipe(operation, count)(lambda m, n: [(target % row, body) for row in make(m, n)])


REASON = {"reason": "计划有变"}
for name, path in {
    "getTaxonomy": "/v1/taxonomy",
    "getPolicy": "/v1/policy",
    "listAreas": "/v1/areas?pageSize=200",
    "getArea": "/v1/areas/{communities}",
    "listParties": "/v1/parties",
    "getParty": "/v1/parties/{suppliers}",
    "rankOpenLines": "/v1/parties/{suppliers}/open-lines",
    "listNotifications": "/v1/notifications?newest=1",
    "listPersons": "/v1/persons",
    "getPerson": "/v1/persons/{persons}",
    "listOffers": "/v1/offers",
    "getOffer": "/v1/offers/{offers}",
    "listNeeds": "/v1/needs?newest=1",
    "getNeed": "/v1/needs/{needs}",
    "rankCandidates": "/v1/needs/{openNeeds}/lines/1/candidates",
    "suggestBundle": "/v1/needs/{openNeeds}/bundle",
    "explain": "/v1/explanations?need={openNeeds}&offer={offers}",
    "listMatches": "/v1/matches?newest=1",
    "getMatch": "/v1/matches/{matches}",
    "listEvents": "/v1/events?limit=1000",
    "listAudit": "/v1/audit?newest=1",
    "listClearings": "/v1/clearings",
    "listProposals": "/v1/proposals",
    "getRecord": "/v1/parties/{suppliers}/record",
    "getCalendar": "/v1/parties/{suppliers}/calendar",
    "getInbox": "/v1/inbox",
    "getSiteCode": "/v1/needs/{openNeeds}/site-code",
    "getSession": "/v1/sessions/current",
    "listAccounts": "/v1/accounts",
    "listTokens": "/v1/tokens",
    "getHealth": "/healthz",
    "getReadiness": "/readyz",
    "getMetrics": "/metrics",
    "getOpenApi": "/v1/openapi.json",
    "listImports": "/v1/imports",
    "getImportTemplate": "/v1/imports/template?kind=needs",
}.items():
    simple(name, path)
for word, query in {
    "area": "area={communities}",
    "state": "state=submitted&newest=1",
    "programme": "programme={programmes}&newest=1",
    "raised": "raised=2",
    "category": "category=elder_care&area={communities}",
}.items():
    simple("listNeeds", "/v1/needs?" + query, variant=word)
simple("listMatches", "/v1/matches?state=dispatched&newest=1", variant="state")
simple("listParties", "/v1/parties?area={communities}", variant="area")
simple("listOffers", "/v1/offers?resource=rice", variant="resource")
simple("listAreas", "/v1/areas?within={communities}", variant="within")
simple("listAudit", "/v1/audit?kind=offer_posted", variant="kind")
simple("getOverview", "/v1/overview", count=9)
simple("getOverview", "/v1/overview?area={communities}", count=9, variant="area")
simple("getWorkforce", "/v1/workforce", count=9)
simple("listRecognition", "/v1/recognition", count=30)
simple("getEquity", "/v1/equity", count=9)
simple("listSupplyGaps", "/v1/supply-gaps?limit=10", count=3)
for by in ("programme", "category", "beneficiary", "area", "month"):
    simple("getReport", f"/v1/reports?by={by}&from=0", count=3, variant=by)
simple("listDisclosures", "/v1/needs/{needs}/disclosures")
simple("revealNeed", "/v1/needs/{needs}:reveal")
simple("revealPerson", "/v1/persons/{persons}:reveal")
simple("revealParty", "/v1/parties/{suppliers}:reveal")
simple("exportPerson", "/v1/persons/{persons}:export")

on_made("getAccount", "/v1/accounts/%s", lambda m, n: m.accounts(n))
on_made("createInvitation", "/v1/accounts/%s:invite", lambda m, n: m.accounts(n))
on_made(
    "revokeToken", "/v1/tokens/%s", lambda m, n: [m.token(a)["grant"]["id"] for a in m.accounts(n)]
)
on_made("exportResident", "/v1/residents/%s:export", lambda m, n: m.residents(n, 20), count=15)
on_made("eraseResident", "/v1/residents/%s:erase", lambda m, n: m.residents(n, 20), count=15)
on_made(
    "eraseNeed",
    "/v1/needs/%s:erase",
    lambda m, n: m.needs(n, contactName="王小明", contactPhone="13912341234"),
)
on_made("erasePerson", "/v1/persons/%s:erase", lambda m, n: m.persons(n))
on_made("removePerson", "/v1/persons/%s", lambda m, n: m.persons(n))
on_made(
    "eraseParty",
    "/v1/parties/%s:erase",
    lambda m, n: [m.party(contactName="李四", contactPhone="13900005678") for _ in range(n)],
    count=30,
)
on_made(
    "suspendParty", "/v1/parties/%s:suspend", lambda m, n: [m.party() for _ in range(n)], count=30
)
on_made("withdrawOffer", "/v1/offers/%s:withdraw", lambda m, n: m.offers(n))
on_made("submitNeed", "/v1/needs/%s:submit", lambda m, n: m.needs(n, "NEED_STATE_DRAFT"))
on_made("approveNeed", "/v1/needs/%s:approve", lambda m, n: m.needs(n, "NEED_STATE_SUBMITTED"))
on_made(
    "rejectNeed", "/v1/needs/%s:reject", lambda m, n: m.needs(n, "NEED_STATE_SUBMITTED"), REASON
)
on_made("cancelNeed", "/v1/needs/%s:cancel", lambda m, n: m.needs(n), REASON)
on_made("dispatchProposal", "/v1/matches/%s:dispatch", lambda m, n: m.matches(n, "PROPOSED"))
on_made("acceptMatch", "/v1/matches/%s:accept", lambda m, n: m.matches(n, "DISPATCHED"))
on_made("declineMatch", "/v1/matches/%s:decline", lambda m, n: m.matches(n, "DISPATCHED"), REASON)
on_made(
    "withdrawMatch",
    "/v1/matches/%s:withdraw",
    lambda m, n: m.matches(n, "DISPATCHED", "ACCEPT"),
    REASON,
)
on_made(
    "cancelMatch",
    "/v1/matches/%s:cancel",
    lambda m, n: m.matches(n, "DISPATCHED", "ACCEPT"),
    REASON,
)
on_made(
    "checkIn",
    "/v1/matches/%s:checkIn",
    lambda m, n: m.matches(n, "DISPATCHED", "ACCEPT", start=600),
    {},
)
on_made(
    "checkOut",
    "/v1/matches/%s:checkOut",
    lambda m, n: m.matches(n, "DISPATCHED", "ACCEPT", "CHECK_IN", "BEGUN", start=3),
)
on_made(
    "reportNoShow",
    "/v1/matches/%s:noShow",
    lambda m, n: m.matches(n, "DISPATCHED", "ACCEPT", "BEGUN", start=3),
)
on_made("verifyMatch", "/v1/matches/%s:verify", lambda m, n: m.served(n))
on_made("getClearing", "/v1/clearings/%s", lambda m, n: [m.cleared()] * n)
on_made("listClearingProposals", "/v1/clearings/%s/proposals", lambda m, n: [m.cleared()] * n)
on_made("proposeClearing", "/v1/clearings/%s:propose", lambda m, n: [m.cleared()], count=1)
on_made("dispatchClearing", "/v1/clearings/%s:dispatch", lambda m, n: [m.cleared()], count=1)


@recipe("logIn", 6)
def _(m, n):
    sessions = m.logged_in(n)
    logins = [
        json.loads(m.lead.send("GET", "/v1/sessions/current", None, s)[2])["account"]["login"]
        for s in sessions
    ]
    return [("/v1/sessions", {"login": login, "password": PASSWORD}, {}) for login in logins]


@recipe("acceptInvitation", 6)
def _(m, n):
    secrets = [m.lead.must("POST", f"/v1/accounts/{a}:invite")["secret"] for a in m.accounts(n)]
    return [("/v1/invitations:accept", {"token": s, "password": PASSWORD}, {}) for s in secrets]


recipe("setUp", 9)(
    lambda m, n: [
        (
            "/v1/setup",
            {"token": "x", "login": m.unique("login"), "name": "王", "password": PASSWORD},
            {},
            (401, 403, 409),
        )
    ]
    * n
)
recipe("changePassword", 6)(
    lambda m, n: [
        (
            "/v1/sessions/current:changePassword",
            {"oldPassword": PASSWORD, "newPassword": PASSWORD + "2"},
            s,
            (204,),
        )
        for s in m.logged_in(n)
    ]
)
recipe("logOut", 6)(
    lambda m, n: [("/v1/sessions/current", None, s, (204,)) for s in m.logged_in(n)]
)
recipe("createAccount")(
    lambda m, n: [
        ("/v1/accounts", {"login": m.unique("login"), "name": "王小明", "role": "ROLE_AUDITOR"})
        for _ in range(n)
    ]
)
recipe("createToken")(
    lambda m, n: [
        ("/v1/tokens", {"name": "t", "accountId": a, "lifetime": 86400}) for a in m.accounts(n)
    ]
)


@recipe("updateAccount")
def _(m, n):
    return [
        (f"/v1/accounts/{a}", {"login": m.unique("login"), "name": "李四", "role": "ROLE_AUDITOR"})
        for a in m.accounts(n)
    ]


@recipe("putTaxonomy", 3)
def _(m, n):
    taxonomy = m.lead.get("/v1/taxonomy")
    calls = []
    for _ in range(n):
        taxonomy = json.loads(json.dumps(taxonomy))
        taxonomy.pop("version", None)
        taxonomy["programmes"].append(
            {"code": m.unique("programme"), "zh": "项目", "en": "programme"}
        )
        calls.append(("/v1/taxonomy", taxonomy))
    return calls


@recipe("setPolicy", 3)
def _(m, n):
    policy = m.lead.get("/v1/policy")
    policy.pop("version", None)
    policy["confirmClaims"] = True
    calls = []
    for i in range(n):
        policy = json.loads(json.dumps(policy))
        policy["limits"]["grace"] = str(7200 + 60 * (i + 1))
        policy["retention"]["needDays"] = 180 + i
        calls.append(("/v1/policy", policy))
    return calls


@recipe("tryPolicy", 1)
def _(m, n):
    policy = m.lead.get("/v1/policy")
    policy.pop("version", None)
    return [("/v1/policy:try", {"policy": policy, "days": 30})] * n


@recipe("putArea")
def _(m, n):
    areas = [m.lead.get(f"/v1/areas/{m.any('communities')}") for _ in range(n)]
    return [
        (
            f"/v1/areas/{a['code']}",
            {k: v for k, v in a.items() if k != "version"} | {"name": a["name"] + "新"},
        )
        for a in areas
    ]


PARTY = {"kind": "PARTY_KIND_VOLUNTEER_TEAM", "name": "队", "serviceRadiusM": 50000}
recipe("registerParty")(
    lambda m, n: [
        ("/v1/parties", {**PARTY, "name": m.unique("新队"), "areaCode": m.any("communities")})
        for _ in range(n)
    ]
)
recipe("updateParty")(
    lambda m, n: [
        (f"/v1/parties/{m.team}", {**PARTY, "name": m.unique("改名队"), "areaCode": m.community})
        for _ in range(n)
    ]
)


@recipe("approveParty", 9)
def _(m, n):
    client = Client(m.server.port, m.token(m.account("ROLE_SUPPLIER", partyId=m.team))["secret"])
    made = [
        client.must(
            "POST", "/v1/parties", {**PARTY, "name": m.unique("自荐队"), "areaCode": m.community}
        )
        for _ in range(n)
    ]
    return [(f"/v1/parties/{p['id']}:approve", None) for p in made]


@recipe("reinstateParty", 30)
def _(m, n):
    parties = [m.party() for _ in range(n)]
    for p in parties:
        m.lead.must("POST", f"/v1/parties/{p}:suspend")
    return [(f"/v1/parties/{p}:reinstate", None) for p in parties]


recipe("addPerson")(lambda m, n: [("/v1/persons", {"partyId": m.team, "name": "张三"})] * n)
recipe("updatePerson")(
    lambda m, n: [(f"/v1/persons/{p}", {"partyId": m.team, "name": "李四"}) for p in m.persons(n)]
)
recipe("postOffer")(
    lambda m, n: [
        (
            "/v1/offers",
            {
                "partyId": m.team,
                "title": "志愿者",
                "time": {"kind": "TIME_KIND_PEOPLE", "capacity": "3"},
            },
        )
    ]
    * n
)
recipe("updateOffer")(
    lambda m, n: [
        (
            f"/v1/offers/{o}",
            {
                "partyId": m.team,
                "title": "志愿者",
                "time": {"kind": "TIME_KIND_PEOPLE", "capacity": "9"},
            },
        )
        for o in m.offers(n)
    ]
)
recipe("postNeed")(lambda m, n: [("/v1/needs", m.need_body()) for _ in range(n)])
recipe("updateNeed")(
    lambda m, n: [(f"/v1/needs/{i}", m.need_body(description="改过")) for i in m.needs(n)]
)
for operation, how in (
    ("proposeMatch", "propose"),
    ("dispatchMatch", "dispatch"),
    ("claimLine", "claim"),
):
    recipe(operation)(
        lambda m, n, how=how: [
            ("/v1/matches:" + how, {"needId": i, "line": 1, "offerId": m.offer, "quantity": "2"})
            for i in m.needs(n)
        ]
    )


@recipe("confirmClaim")
def _(m, n):
    policy = m.lead.get("/v1/policy")
    policy.pop("version", None)
    m.lead.must("PUT", "/v1/policy", {**policy, "confirmClaims": True})
    return [(f"/v1/matches/{i}:confirm", None) for i in m.matches(n, "CLAIMED")]


@recipe("reviewNeed")
def _(m, n):
    served = m.served(n)
    return [
        (
            f"/v1/needs/{m.lead.get(f'/v1/matches/{i}')['needId']}:review",
            {"stars": 5, "words": "很好"},
        )
        for i in served
    ]


def posts(m, count):
    return json.dumps(
        {"commands": [{"postNeed": {"need": m.need_body(), "until": "NEED_STATE_OPEN"}}] * count}
    ).encode()


MOST_IN_A_BATCH = 200
for variant, count in (("100", 100), ("most", MOST_IN_A_BATCH)):
    recipe("checkBatch", 15, variant)(
        lambda m, n, count=count: [("/v1/batch:check", posts(m, count))] * n
    )
    recipe("applyBatch", 15, variant)(
        lambda m, n, count=count: [("/v1/batch", posts(m, count))] * n
    )
recipe("checkBatch", 15, "500 kB")(
    lambda m, n: [
        (
            "/v1/batch:check",
            json.dumps(
                {"commands": [{"postNeed": {"need": m.need_body(description="x" * 2_000)}}] * 195}
            ).encode(),
        )
    ]
    * n
)
recipe("previewNeed", 60)(
    lambda m, n: [
        ("/v1/needs:preview", {"need": m.need_body(areaCode=m.any("communities"))})
        for _ in range(n)
    ]
)
recipe("previewNeed", 15, "32 lines")(
    lambda m, n: [
        ("/v1/needs:preview", {"need": m.need_body(lines=32, areaCode=m.any("communities"))})
        for _ in range(n)
    ]
)
recipe("createImport", 1)(
    lambda m, n: [
        (
            "/v1/imports?kind=needs",
            m.sheet_of_needs(2_000),
            {**m.lead.headers, "Content-Type": "text/csv"},
        )
    ]
    * n
)
on_made("getImport", "/v1/imports/%s?pageSize=500", lambda m, n: [m.imported()] * n)
recipe("startClearing", 1)(lambda m, n: [("/v1/clearings", {"budget": "5"})] * n)


@recipe("cancelClearing", 1)
def _(m, n):
    return [
        (
            f"/v1/clearings/{m.lead.must('POST', '/v1/clearings', {'budget': '60'})['id']}:cancel",
            None,
        )
    ]


recipe("createBackup", 3)(
    lambda m, n: [("/v1/backups", {"name": m.unique("backup")}) for _ in range(n)]
)
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
recipe("watch", 30)(lambda m, n: [("/v1/watch", None, {**m.lead.headers, **WEBSOCKET}, (101,))] * n)


# What goes on after the answer is waited for, and others' waits are measured until then.
AFTER = {
    "createImport": Market.imports_end,
    "startClearing": Market.clearings_end,
    "proposeClearing": Market.clearings_end,
    "dispatchClearing": Market.clearings_end,
    "setPolicy": lambda m: time.sleep(2),
}
# Not meant to be quick: hashes of passwords, and a copy of the database.
SLOW = {"logIn", "acceptInvitation", "changePassword", "createBackup"}


# --- measuring ---


class Figures:
    def __init__(self):
        self.failures = []

    def line(self, name, seconds, text, met=None):
        mark = "" if met is None else f" ({'met' if met else 'NOT MET'})"
        print(f"{name:<44} {seconds * 1000:>14.4g} {'ms':<10} {text}{mark}", flush=True)

    def goal(self, name, seconds, goal):
        text = f"goal {goal * 1000:.3g}, ratio {seconds / goal:.3g}"
        self.line(name, seconds, text, seconds <= goal)

    def fail(self, text):
        self.failures.append(text)
        print("FAILED: " + text, flush=True)


def one_call(market, client, method, call):
    target, body, headers, statuses = (*call, None, ())[:4] if len(call) == 2 else (*call, ())[:4]
    if statuses == (101,):
        client = Client(market.server.port)
    status, seconds, text, _ = client.send(method, target, body, headers)
    if status not in (200, 201, 204, *statuses):
        return seconds, f"{method} {target}: {status} {text[:300]!r}"
    return seconds, None


def measure(market, other, route, method, calls):
    """p50, p99 of the calls, and how long another reader waited at most: in the quietest of the
    rounds, for the machine has pauses of its own."""
    times, waits = [], []
    client = Client(market.server.port, market.server.token)
    rounds = min(ROUNDS, len(calls))
    for r in range(rounds):
        with other:
            for call in calls[r::rounds]:
                seconds, wrong = one_call(market, client, method, call)
                if wrong:
                    return None, None, None, wrong
                times.append(seconds)
            time.sleep(0.02)
            AFTER.get(route, lambda m: None)(market)
        waits.append(max(other.waits, default=0))
    return quantile(times, 0.5), quantile(times, 0.99), min(waits), None


def quiet(other):
    waits = []
    for _ in range(ROUNDS):
        with other:
            time.sleep(0.5)
        waits.append(max(other.waits))
    return min(waits)


def measure_all(figures, name, market, before, only):
    """Each route of the document; `before`: p50 by route in the smaller market."""
    document = json.loads(market.lead.send("GET", "/v1/openapi.json")[2])
    other = Probe(
        market.server.port,
        market.server.token,
        [f"/v1/needs/{i}" for i in market.sample["needs"][:500]],
    )
    figures.line(f"{name}.quiet.others_wait", quiet(other), "nothing else is asked")
    found = {}
    routes = [
        (method.upper(), o)
        for methods in document["paths"].values()
        for method, o in methods.items()
    ]
    # What needs a clearing comes after it.
    late = [
        "startClearing",
        "getEquity",
        "listSupplyGaps",
        "listProposals",
        "cancelClearing",
        "proposeClearing",
        "dispatchClearing",
        "setPolicy",
        "confirmClaim",
        "createBackup",
        "tryPolicy",
    ]
    routes.sort(
        key=lambda r: late.index(r[1]["operationId"]) if r[1]["operationId"] in late else -1
    )
    for method, operation in routes:
        route = operation["operationId"]
        if only and route not in only:
            continue
        if route not in RECIPES:
            figures.fail(f"{route} has no recipe in benchmarks/routes.py")
            continue
        for variant, count, make in RECIPES[route]:
            key = route + (f".{variant}" if variant else "")
            p50, p99, wait, wrong = measure(market, other, route, method, make(market, count))
            if wrong:
                figures.fail(f"{name}: {key}: {wrong}")
                continue
            found[key] = p50
            grows = operation.get("x-grows-with-market", False)
            figures.line(
                f"{name}.{key}.p99",
                p99,
                f"p50 {p50 * 1000:.3g}" + (", declared to grow" if grows else ""),
                None if grows or route in SLOW else p99 <= MOST_P99,
            )
            if key in GOALS:
                figures.goal(f"{name}.{key}.p50", p50, GOALS[key])
            figures.line(f"{name}.{key}.others_wait", wait, "limit 10", wait <= MOST_WAIT)
            if key in before and not grows and p50 > GROWTH * before[key] + NOISE:
                figures.fail(
                    f"{key} grows with the market, from {before[key] * 1000:.3g} to "
                    f"{p50 * 1000:.3g} ms, and is not declared so in operations.inc"
                )
    other.close()
    return found


# --- floods ---


def flood(port, token, address, method, call, stop):
    client = Client(port, token, address)
    target, body = call[:2]
    while not stop.is_set():
        status, _, _, headers = client.send(method, target, body)
        if status == 429:
            # Somebody who means harm does not wait.
            time.sleep(0.001)


def others(port, token, market_needs, body, seconds):
    """p99 of reads and of writes, by turns."""
    client = Client(port, token, "127.0.0.98")
    reads, writes = [], []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        reads.append(
            client.send("GET", f"/v1/needs/{market_needs[len(reads) % len(market_needs)]}")[1]
        )
        status, took, text, _ = client.send("POST", "/v1/needs", body)
        if status not in (201, 429):
            raise SystemExit(f"POST /v1/needs: {status} {text[:300]!r}")
        if status == 201:
            writes.append(took)
        time.sleep(0.02)
    return quantile(reads, 0.99), quantile(writes, 0.99)


def floods(figures, name, market):
    """Eight residents, each from an address of its own, against one coordinator who goes on
    working."""
    residents = [
        market.token(market.account("ROLE_RESIDENT", residentRef=str(6_000_000_000 + i)))["secret"]
        for i in range(FLOODERS)
    ]
    coordinator = market.token(market.account("ROLE_ORGANISER", partyId=market.organiser))["secret"]
    port, body = market.server.port, market.need_body(start=86_400)
    needs = market.needs(50)
    seconds = 6
    quiet_reads, quiet_writes = others(port, coordinator, needs, body, seconds)
    figures.line(f"{name}.flood.quiet.reads.p99", quiet_reads, "nobody floods")
    figures.line(f"{name}.flood.quiet.writes.p99", quiet_writes, "nobody floods")
    draft = json.dumps(
        {
            "commands": [{"postNeed": {"need": market.need_body(), "until": "NEED_STATE_DRAFT"}}]
            * 100
        }
    ).encode()
    heavy = {
        "previewNeed": ("POST", ("/v1/needs:preview", {"need": market.need_body(lines=32)})),
        "checkBatch": ("POST", ("/v1/batch:check", draft)),
        "listNeeds": ("GET", ("/v1/needs?programme={programmes}&raised=2", None)),
        "listRecognition": ("GET", ("/v1/recognition", None)),
        "getInbox": ("GET", ("/v1/inbox", None)),
        "getOpenApi": ("GET", ("/v1/openapi.json", None)),
        "listMatches": ("GET", ("/v1/matches?newest=1", None)),
    }
    for route, (method, call) in heavy.items():
        stop = multiprocessing.Event()
        flooders = [
            multiprocessing.Process(
                target=flood,
                args=(port, token, f"127.0.0.{i + 2}", method, call, stop),
                daemon=True,
            )
            for i, token in enumerate(residents)
        ]
        for f in flooders:
            f.start()
        time.sleep(1)
        reads, writes = others(port, coordinator, needs, body, seconds)
        stop.set()
        for f in flooders:
            f.join()
        for what, took, calm in (("reads", reads, quiet_reads), ("writes", writes, quiet_writes)):
            figures.line(
                f"{name}.flood.{route}.{what}.p99",
                took,
                f"quiet {calm * 1000:.3g}: ratio {took / calm:.3g}, goal <= 3",
                took <= 3 * calm,
            )


def main():
    figures = Figures()
    before = {}
    # For whoever works on one of them: only these routes, only that market, a folder that is kept.
    only = set(filter(None, os.environ.get("QIAO_ROUTES", "").split(",")))
    market = os.environ.get("QIAO_ROUTES_MARKET")
    folder = os.environ.get("QIAO_ROUTES_DATA") or tempfile.mkdtemp(prefix="qiao-bench-routes")
    for name, needs, offers, kind in SIZES:
        if market not in (None, name):
            continue
        made = os.path.join(folder, name)
        if not os.path.exists(made + "/sample.json"):
            subprocess.run(
                [BUILD + "/benchmarks/bench_routes_market", made, str(needs), str(offers), kind],
                check=True,
            )
        with open(made + "/sample.json", encoding="utf-8") as f:
            sample = json.load(f)
        print(
            f"{name}: " + ", ".join(f"{n:,} {what}" for what, n in sample["rows"].items()),
            flush=True,
        )
        server = Server(
            made + "/db",
            "--write-rate",
            "0",
            "--time-share",
            "0",
            "--log-in-rate",
            "0",
            "--reveal-rate",
            "0",
            "--background",
            "false",
            "--timeout",
            "3600",
        )
        try:
            before = measure_all(figures, name, Market(server, sample), before, only)
        finally:
            server.stop()
        if not only or "flood" in only:
            server = Server(
                made + "/db",
                "--log-in-rate",
                "0",
                "--write-rate",
                "50",
                "--background",
                "false",
                "--timeout",
                "3600",
            )
            try:
                floods(figures, name, Market(server, sample))
            finally:
                server.stop()
    if figures.failures:
        raise SystemExit("\n".join(["", *figures.failures]))


if __name__ == "__main__":
    main()
