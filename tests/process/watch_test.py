"""The watch feed: nothing lost, nothing twice, nobody held up."""
import json
import os
import resource
import selectors
import socket
import threading
import time

from harness import PATIENCE, Case, WebSocket, main

WATCHERS = int(os.environ.get("QIAO_WATCHERS", "10000"))


class Watch(Case):
    def setUp(self):
        super().setUp()
        self.s = self.server()
        self.city(self.s)

    def post(self, n=1, **kw):
        return [self.s.post("/v1/needs", self.need(**kw))["id"] for _ in range(n)]

    def last(self):
        return int(self.s.get("/healthz")["durableSeq"])

    def test_every_step_arrives_in_order_from_the_beginning_and_as_it_happens(self):
        w = WebSocket(self.s, "/v1/watch?after=0")
        self.assertEqual(w.status, 101)
        seen = [w.event() for _ in range(self.last())]
        self.post(3)
        seen += [w.event() for _ in range(3)]
        self.assertEqual([int(e["seq"]) for e in seen], list(range(1, len(seen) + 1)))
        self.assertEqual(seen[-1]["kind"], "EVENT_KIND_NEED_OPENED")
        self.assertEqual(seen[-1]["need"]["title"], "陪老人")
        w.close()

    def test_resumes_after_a_lost_connection_while_events_come_in(self):
        stop = threading.Event()

        def busy():
            while not stop.is_set():
                self.post()

        begin = self.last()
        t = threading.Thread(target=busy)
        t.start()
        seen = []
        after = begin
        for _ in range(20):
            w = WebSocket(self.s, f"/v1/watch?{self.s.place(after)}")
            for _ in range(15):
                seen.append(int(w.event()["seq"]))
            after = seen[-1]
            w.close()
        stop.set()
        t.join()
        self.assertEqual(seen, list(range(begin + 1, begin + 301)))

    def test_resumes_across_a_restart_of_the_server(self):
        self.post(5)
        after = self.last() - 3
        self.s.stop()
        self.s.start()
        w = WebSocket(self.s, f"/v1/watch?{self.s.place(after)}")
        self.post(2)
        self.assertEqual(
            [int(w.event()["seq"]) for _ in range(5)], list(range(after + 1, after + 6))
        )
        w.close()

    def test_many_that_catch_up_hold_up_nobody_who_is_at_the_end(self):
        draft = {"postNeed": {"need": self.need(), "until": "NEED_STATE_DRAFT"}}
        for _ in range(60):
            self.s.post("/v1/batch", {"commands": [draft] * 200})
        # What was before the start is on disk only.
        self.s.stop()
        self.s.start()
        at_end = WebSocket(self.s)
        upgrade = (
            f"GET /v1/watch?after=0&kind=taxonomy_changed HTTP/1.1\r\nHost: x\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\n{self.s.authorization()}"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        behind = [self.s.connect() for _ in range(1000)]
        for c in behind:
            c.sendall(upgrade.encode())
        delays = []
        for _ in range(9):
            begin = time.monotonic()
            self.post()
            at_end.event()
            delays.append(time.monotonic() - begin)
        self.assertLess(sorted(delays)[4], 0.02 * PATIENCE, delays)
        for c in behind:
            c.close()
        at_end.close()

    def test_filters_by_area_party_need_and_kind(self):
        begin = self.last()
        first, second = self.post(2)
        self.s.post("/v1/matches:claim", {"needId": first, "offerId": self.people})
        self.s.request(
            "PUT",
            "/v1/areas/341881002000",
            {"parentCode": 341881000000, "level": "AREA_LEVEL_TOWN", "name": "南山街道"},
        )
        end = self.s.post("/v1/needs", dict(self.need(), areaCode=341881002000))["id"]

        def kinds(query, n):
            w = WebSocket(self.s, f"/v1/watch?{self.s.place(begin)}&{query}")
            out = [w.event() for _ in range(n)]
            w.close()
            return out

        opened = "EVENT_KIND_NEED_OPENED"
        self.assertEqual(
            [e["kind"] for e in kinds(f"need={first}", 4)],
            [
                opened,
                "EVENT_KIND_MATCH_CLAIMED",
                "EVENT_KIND_MATCH_ACCEPTED",
                "EVENT_KIND_NEED_FILLED",
            ],
        )
        self.assertEqual([e["needId"] for e in kinds("kind=NEED_OPENED", 3)], [first, second, end])
        self.assertEqual(
            [e["needId"] for e in kinds("area=341881002000&kind=need_opened", 1)], [end]
        )
        self.assertEqual(len(kinds(f"party={self.team}", 2)), 2)
        self.assertEqual(len(kinds("area=341881001000", 5)), 5)

    def test_finds_the_one_event_that_it_wants_behind_many(self):
        begin = self.last()
        need = self.post(300)[0]
        self.s.post("/v1/matches:claim", {"needId": need, "offerId": self.people})
        # From memory, then from disk.
        for _ in range(2):
            w = WebSocket(self.s, f"/v1/watch?{self.s.place(begin)}&kind=match_claimed")
            self.assertEqual(w.event()["needId"], need)
            w.close()
            self.s.stop()
            self.s.start()

    def test_what_is_not_there_is_refused_before_the_upgrade(self):
        for query, code in (
            (self.s.place(99999), "value.out_of_range"),
            ("after=1", "value.required"),
            ("after=1&epoch=00000000", "database.restored"),
            ("after=x", "value.wrong_type"),
            ("area=5", "area.unknown"),
            ("need=99999", "not_found"),
            ("party=99999", "not_found"),
            ("kind=HAPPY", "value.out_of_range"),
            ("colour=red", "value.unknown_field"),
        ):
            w = WebSocket(self.s, "/v1/watch?" + query)
            self.assertEqual(
                w.status, {"not_found": 404, "database.restored": 412}.get(code, 400), query
            )
            self.assertEqual(json.loads(w.until(b"}") + b"}")["code"], code)
            w.close()

    def test_frames_from_the_client_close_the_connection_with_a_reason(self):
        for op, payload, code in ((1, b"hello", 1003), (2, b"\0", 1003), (1, b"x" * 5000, 1009)):
            w = WebSocket(self.s)
            w.send(op, payload)
            with self.assertRaises(EOFError) as e:
                while True:
                    w.event()
            if e.exception.args:
                self.assertEqual(e.exception.args[0][0], code)
            w.close()
        # A reserved opcode, and a frame that is not masked.
        for raw in (b"\x8f\x80\1\2\3\4", b"\x81\x05hello"):
            w = WebSocket(self.s)
            w.s.sendall(raw)
            with self.assertRaises(EOFError):
                while True:
                    w.event()
            w.close()
        self.post()

    def test_binary_frames_where_asked(self):
        w = WebSocket(self.s, "/v1/watch", headers="Accept: application/x-protobuf\r\n")
        self.post()
        op, payload = w.frame()
        self.assertEqual(op, 2)
        self.assertIn("陪老人".encode(), payload)
        w.close()

    def test_a_server_that_stops_says_so(self):
        w = WebSocket(self.s)
        self.s.process.terminate()
        with self.assertRaises(EOFError) as e:
            w.event()
        self.assertEqual(e.exception.args[0], (1001, "the server is stopping"))
        w.close()
        self.assertEqual(self.s.process.wait(timeout=20), 0)


class Slow(Case):
    def test_a_reader_that_does_not_keep_up_is_dropped_and_slows_nobody(self):
        s = self.server("--slow-watcher", "1")
        self.city(s)
        slow = WebSocket(s, "/v1/watch?after=0")
        slow.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        good = WebSocket(s, "/v1/watch?after=0")
        begin = int(s.get("/healthz")["durableSeq"])
        for _ in range(begin):
            good.event()
        body = self.need(description="长" * 1300)
        batch = {"commands": [{"postNeed": {"need": body}} for _ in range(50)]}
        times = []
        for _ in range(6):
            at = time.monotonic()
            for _ in range(10):
                s.post("/v1/batch", batch)
            for _ in range(500):
                good.event()
            times.append(time.monotonic() - at)
        self.assertLess(max(times), 5 * PATIENCE)
        deadline = time.monotonic() + 20 * PATIENCE
        while time.monotonic() < deadline:
            if b"qiao_watchers_dropped_total 1\n" in s.request("GET", "/metrics")[2]:
                break
            time.sleep(0.2)
        self.assertIn(b"qiao_watchers_dropped_total 1\n", s.request("GET", "/metrics")[2])
        slow.close()
        good.close()


class Many(Case):
    def test_ten_thousand_watchers_each_get_every_event_once(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = WATCHERS + 200
        if hard != resource.RLIM_INFINITY and hard < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
        else:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        s = self.server("--max-watchers-per-address", str(WATCHERS))
        self.city(s)
        watchers = []
        for i in range(WATCHERS):
            w = WebSocket(s)
            self.assertEqual(w.status, 101)
            watchers.append(w)
        posted = [s.post("/v1/needs", self.need())["id"] for _ in range(3)]
        selector = selectors.DefaultSelector()
        got = {}
        for w in watchers:
            w.s.setblocking(False)
            got[w] = bytearray(w.buffer)
            selector.register(w.s, selectors.EVENT_READ, w)
        marks = [f'"needId":"{i}"'.encode() for i in posted]
        waiting = set(watchers)
        deadline = time.monotonic() + 120 * PATIENCE
        while waiting and time.monotonic() < deadline:
            for key, _ in selector.select(1):
                w = key.data
                try:
                    got[w] += w.s.recv(1 << 16)
                except BlockingIOError:
                    continue
                if all(m in got[w] for m in marks):
                    waiting.discard(w)
        self.assertFalse(waiting, f"{len(waiting)} watchers lack an event")
        for w in watchers:
            self.assertEqual([got[w].count(m) for m in marks], [1, 1, 1])
            w.close()


if __name__ == "__main__":
    main()
