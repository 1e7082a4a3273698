"""A city at a hundred times its speed, for minutes or an hour, with faults all the while: memory
stays flat except for what is posted, answers stay as fast as they were, and the books balance:
every unit pledged is used or free.

QIAO_SOAK_SECONDS says how long (300 where not given); QIAO_SEED which random numbers."""
import http.client
import json
import os
import random
import re
import signal
import statistics
import threading
import time

from harness import PATIENCE, QIAO, Case, WebSocket, main, run
from shifted import faster

SECONDS = int(os.environ.get("QIAO_SOAK_SECONDS", "300"))
SEED = int(os.environ.get("QIAO_SEED", "1"))
SPEED = 100
WORKERS = 4
# A match in one of these has its units.
HOLDING = {
    "MATCH_STATE_" + s
    for s in ("PROPOSED", "DISPATCHED", "CLAIMED", "ACCEPTED", "CHECKED_IN", "SERVED", "VERIFIED")
}


class Soak(Case):
    def test_a_city_at_a_hundred_times_its_speed(self):
        print(f"seed {SEED}, {SECONDS} s, {SECONDS * SPEED / 3600:.1f} hours of the city")
        # The city's clock and ours: the same moment, at another speed.
        self.begin = time.time()
        self.s = self.server("--background", "true", env=faster(SPEED, self.begin))
        self.city(self.s)
        teams = [self.people]
        rice = [self.rice]
        for i in range(6):
            party = self.s.post(
                "/v1/parties",
                {
                    "kind": "PARTY_KIND_VOLUNTEER_TEAM" if i % 2 else "PARTY_KIND_ENTERPRISE",
                    "name": f"单位{i}",
                    "areaCode": 341881001001,
                },
            )["id"]
            teams.append(
                self.s.post(
                    "/v1/offers",
                    {
                        "partyId": party,
                        "title": "志愿者",
                        "time": {"kind": "TIME_KIND_PEOPLE", "capacity": 40},
                    },
                )["id"]
            )
            rice.append(
                self.s.post(
                    "/v1/offers",
                    {
                        "partyId": party,
                        "title": "大米",
                        "stock": {"resource": "rice", "quantity": 200000},
                    },
                )["id"]
            )
        self.stop = threading.Event()
        self.up = threading.Event()
        self.up.set()
        self.lock = threading.Lock()
        self.needs, self.matches, self.acknowledged = [], [], {}
        self.latency, self.memory, self.counts = (
            [],
            [],
            {"requests": 0, "kills": 0, "pauses": 0, "bad": 0, "watchers": 0, "failures": 0},
        )
        self.events, self.feed_last = {}, 0
        self.problems = []
        threads = [
            threading.Thread(target=self.guard(self.work), args=(w, teams, rice))
            for w in range(WORKERS)
        ]
        threads += [
            threading.Thread(target=self.guard(self.watch)),
            threading.Thread(target=self.guard(self.misbehave)),
            threading.Thread(target=self.guard(self.measure)),
        ]
        for t in threads:
            t.start()
        self.faults()
        self.stop.set()
        for t in threads:
            t.join()
        self.assertEqual(self.problems, [])
        self.catch_up()
        self.check_books(rice)
        self.check_memory()
        self.check_latency()
        for need, title in self.acknowledged.items():
            self.assertEqual(self.s.get(f"/v1/needs/{need}")["title"], title)
        self.assertEqual(self.s.stop(), 0)
        self.assertIn("every invariant holds", run(QIAO, "verify", self.s.data).stdout)
        print(
            f"{self.counts}; {len(self.acknowledged)} needs and {len(self.matches)} matches; "
            f"{self.feed_last} events on the feed without a gap"
        )

    def guard(self, work):
        def run_it(*args):
            try:
                work(*args)
            except Exception as e:  # noqa: BLE001 -- whatever it is, it is the test's failure
                self.problems.append(repr(e))

        return run_it

    def now(self):
        return self.begin + (time.time() - self.begin) * SPEED

    def faults(self):
        """kill -9 and SIGSTOP, now and then, until the time is over."""
        rng = random.Random(SEED)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and not self.problems:
            time.sleep(min(rng.uniform(10, 40) * PATIENCE, max(0, end - time.monotonic())))
            if time.monotonic() >= end:
                return
            if rng.random() < 0.5:
                self.up.clear()
                self.s.kill()
                self.s.start()
                self.up.set()
                self.counts["kills"] += 1
            else:
                self.s.process.send_signal(signal.SIGSTOP)
                time.sleep(rng.uniform(0.5, 2))
                self.s.process.send_signal(signal.SIGCONT)
                self.counts["pauses"] += 1

    def work(self, worker, teams, rice):
        """A coordinator or a team: one request after another, again with the same key until it is
        answered."""
        rng = random.Random(SEED * 100 + worker)
        connection = None
        n = 0
        while not self.stop.is_set():
            time.sleep(rng.uniform(0.02, 0.1) * PATIENCE)
            n += 1
            method, target, body = self.random_request(rng, f"{worker}-{n}", teams, rice)
            key = f"{worker}-{n}"
            while True:
                began = time.monotonic()
                try:
                    if connection is None:
                        connection = http.client.HTTPConnection(
                            "127.0.0.1", self.s.port, timeout=20 * PATIENCE
                        )
                    connection.request(
                        method,
                        target,
                        json.dumps(body) if body is not None else None,
                        {"Authorization": "Bearer " + self.s.token, "Idempotency-Key": key},
                    )
                    response = connection.getresponse()
                    value = json.loads(response.read() or b"null")
                    break
                except (OSError, http.client.HTTPException, ValueError):
                    self.counts["failures"] += 1
                    connection = None
                    if self.stop.is_set():
                        return
                    self.up.wait(30 * PATIENCE)
                    time.sleep(0.05)
            took = time.monotonic() - began
            self.counts["requests"] += 1
            if response.status >= 500 or response.status in (400, 401, 404):
                raise AssertionError((method, target, body, response.status, value))
            with self.lock:
                self.latency.append((time.monotonic(), took))
                if response.status == 201 and target == "/v1/needs":
                    self.needs.append(value["id"])
                    self.acknowledged[value["id"]] = body["title"]
                elif response.status == 201:
                    self.matches.append(value["id"])

    def random_request(self, rng, name, teams, rice):
        with self.lock:
            needs, matches = self.needs[-30:], self.matches[-40:]
        roll = rng.random()
        if roll < 0.2 or not needs:
            start = (int(self.now()) // 1800 + rng.randint(4, 12)) * 1800
            window = {"start": start, "end": start + 1800 * rng.randint(1, 4)}
            lines = [
                {
                    "time": {"kind": "TIME_KIND_PEOPLE"},
                    "quantity": rng.randint(1, 8),
                    "window": window,
                },
                {"stock": {"resource": "rice"}, "quantity": rng.randint(1, 20), "window": window},
            ]
            return (
                "POST",
                "/v1/needs",
                {
                    "areaCode": 341881001001,
                    "title": "需求 " + name,
                    "category": "elder_care",
                    "lines": lines,
                },
            )
        if roll < 0.5:
            line = rng.choice((1, 2))
            how = "dispatch" if rng.random() < 0.3 else "claim"
            return (
                "POST",
                f"/v1/matches:{how}",
                {
                    "needId": rng.choice(needs),
                    "line": line,
                    "offerId": rng.choice(teams if line == 1 else rice),
                    "quantity": rng.randint(1, 5),
                },
            )
        if roll < 0.75 and matches:
            verb = rng.choice(
                ("accept", "checkIn", "checkOut", "verify", "decline", "withdraw", "cancel")
            )
            return (
                "POST",
                f"/v1/matches/{rng.choice(matches)}:{verb}",
                {"reason": "临时有事"} if verb in ("decline", "withdraw", "cancel") else None,
            )
        if roll < 0.85:
            return "GET", f"/v1/needs/{rng.choice(needs)}/lines/1/candidates", None
        if roll < 0.9:
            return "GET", "/v1/needs?newest=1&pageSize=20", None
        return "GET", f"/v1/needs/{rng.choice(needs)}", None

    def watch(self):
        """Every event, once, in order, through every crash; folded into what each match holds."""
        while not self.stop.is_set():
            try:
                self.up.wait(30 * PATIENCE)
                watcher = WebSocket(self.s, f"/v1/watch?{self.s.place(self.feed_last)}")
                if watcher.status != 101:
                    raise EOFError
                watcher.s.settimeout(1)
                while not self.stop.is_set():
                    try:
                        self.take(watcher.event())
                    except TimeoutError:
                        watcher.send(9, b"")
            except (OSError, EOFError, IndexError, ValueError, http.client.HTTPException):
                time.sleep(0.05)

    def take(self, event):
        seq = int(event["seq"])
        if seq != self.feed_last + 1:
            raise AssertionError(f"event {seq} after {self.feed_last}")
        self.feed_last = seq
        match = event.get("match")
        if match:
            self.events[match["id"]] = (match["offerId"], int(match["quantity"]), match["state"])

    def catch_up(self):
        last = int(self.s.get("/healthz")["durableSeq"])
        watcher = WebSocket(self.s, f"/v1/watch?{self.s.place(self.feed_last)}")
        while self.feed_last < last:
            self.take(watcher.event())
        watcher.close()

    def misbehave(self):
        """Watchers that come and go or do not read, requests that are none."""
        rng = random.Random(SEED + 7)
        while not self.stop.is_set():
            time.sleep(rng.uniform(0.05, 0.3) * PATIENCE)
            try:
                if rng.random() < 0.5:
                    s = self.s.connect(5)
                    s.sendall(
                        rng.choice(
                            (
                                b"GARBAGE\r\n\r\n",
                                b"POST /v1/needs HTTP/1.1\r\nContent-Length: 99\r\n\r\n{",
                                b"GET / HTTP/9\r\n\r\n",
                                b"\x16\x03\x01",
                            )
                        )
                    )
                    s.close()
                    self.counts["bad"] += 1
                else:
                    w = WebSocket(self.s, "/v1/watch?after=0")
                    for _ in range(rng.randint(0, 20)):
                        w.frame()
                    w.close()
                    self.counts["watchers"] += 1
            except (OSError, EOFError, IndexError, ValueError):
                pass

    def measure(self):
        while not self.stop.is_set():
            time.sleep(1)
            try:
                with open(f"/proc/{self.s.process.pid}/status") as f:
                    size = int(re.search(r"VmRSS:\s+(\d+) kB", f.read()).group(1))
                with self.lock:
                    rows = len(self.needs) + len(self.matches)
                self.memory.append((time.monotonic(), self.s.process.pid, size, rows))
            except (OSError, AttributeError):
                pass

    def check_books(self, rice):
        # A line that asks for everything is told how much there is.
        start = (int(self.now()) // 1800 + 20) * 1800
        need = self.s.post(
            "/v1/needs",
            {
                "areaCode": 341881001001,
                "title": "全部",
                "category": "elder_care",
                "lines": [
                    {
                        "stock": {"resource": "rice"},
                        "quantity": 1000000000,
                        "window": {"start": start, "end": start + 3600},
                    }
                ],
            },
        )["id"]
        total = 0
        for offer in rice:
            row = self.s.get(f"/v1/offers/{offer}")
            # The city's time goes on while it is asked, and time limits pass: what stood before and
            # after stood meanwhile.
            before, used = None, {}
            while before != used:
                before = used
                free = int(
                    self.s.get(f"/v1/explanations?need={need}&line=1&offer={offer}").get(
                        "available", "0"
                    )
                )
                self.catch_up()
                used = {
                    match: quantity
                    for match, (of, quantity, state) in self.events.items()
                    if of == offer and state in HOLDING
                }
            used = sum(used.values())
            self.assertEqual(
                int(row["stock"]["quantity"]),
                used + free,
                f"offer {offer}: {used} used, {free} free",
            )
            total += used
        print(f"{len(rice)} pledges balance, {total} units used")

    def check_memory(self):
        """Within one life of the process: what a row adds, and no more."""
        lives = {}
        for at, pid, size, rows in self.memory:
            lives.setdefault(pid, []).append((at, size, rows))
        longest = max(lives.values(), key=lambda life: life[-1][0] - life[0][0])
        # The first seconds fill caches.
        settled = [
            x for x in longest if x[0] > longest[0][0] + (longest[-1][0] - longest[0][0]) / 3
        ]
        first, last = settled[0], settled[-1]
        grown = (last[1] - first[1]) / 1024
        rows = last[2] - first[2]
        # A need with its lines, matches, events and answers takes some kilobytes, in memory and in
        # RocksDB's tables that are not written yet.
        allowed = 24 + rows * 16 / 1024
        print(
            f"memory: {last[1] / 1024:.0f} MiB, {grown:+.1f} MiB over {last[0] - first[0]:.0f} s "
            f"in which {rows} rows came ({allowed:.0f} allowed)"
        )
        if PATIENCE == 1:
            self.assertLess(grown, allowed)

    def check_latency(self):
        begin = self.latency[0][0]
        whole = self.latency[-1][0] - begin
        quarters = [
            [
                took
                for at, took in self.latency
                if begin + whole * q / 4 <= at < begin + whole * (q + 1) / 4
            ]
            for q in range(4)
        ]
        medians = [statistics.median(q) * 1000 for q in quarters]
        ninety = [sorted(q)[int(len(q) * 0.95)] * 1000 for q in quarters]
        print(
            "latency by quarter: median "
            + ", ".join(f"{m:.1f}" for m in medians)
            + " ms; 95 % within "
            + ", ".join(f"{m:.1f}" for m in ninety)
            + " ms"
        )
        self.assertLess(medians[3], 3 * medians[0] + 5 * PATIENCE)


if __name__ == "__main__":
    main()
