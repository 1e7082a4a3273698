"""kill -9 under load, again and again: nothing that was acknowledged is ever missing, nothing that
was not is half there."""
import http.client
import json
import os
import random
import re
import shutil
import subprocess
import threading
import time

from harness import PATIENCE, QIAO, QIAOD, Case, WebSocket, generate, main, run

KILLS = int(os.environ.get("QIAO_KILLS", "50"))
SEED = int(os.environ.get("QIAO_SEED", "1"))


class Crash(Case):
    def load(self, server, acknowledged, seen, worker, stop):
        """Posts needs and claims them, remembers what was answered."""
        n = 0
        known = {"Authorization": "Bearer " + server.token}
        try:
            c = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20 * PATIENCE)
            while not stop.is_set():
                key = f"{worker}-{server.process.pid}-{n}"
                n += 1
                body = json.dumps(self.need(title="需求 " + key, quantity=2))
                c.request("POST", "/v1/needs", body, {"Idempotency-Key": key, **known})
                r = c.getresponse()
                value = json.loads(r.read())
                assert r.status == 201, value
                acknowledged["need"][value["id"]] = key
                c.request(
                    "POST",
                    "/v1/matches:claim",
                    json.dumps({"needId": value["id"], "offerId": self.people}),
                    known,
                )
                r = c.getresponse()
                match = json.loads(r.read())
                assert r.status == 201, match
                acknowledged["match"][match["id"]] = value["id"]
                # Whatever a reader was shown must not vanish either.
                c.request("GET", "/v1/needs?newest=1&pageSize=3", headers=known)
                for need in json.loads(c.getresponse().read()).get("needs", []):
                    seen.add(need["id"])
        except (OSError, http.client.HTTPException):
            pass  # killed

    def test_a_clearing_and_its_proposals_outlive_a_kill(self):
        server = self.server()
        self.city(server)
        server.post("/v1/needs", self.need(title="陪老人", quantity=2))
        server.post("/v1/clearings", {})
        while (done := server.get("/v1/clearings/1"))["state"] != "CLEARING_STATE_DONE":
            time.sleep(0.02)
        proposals = server.get("/v1/clearings/1/proposals")
        self.assertEqual(len(proposals["proposals"]), 1)
        # What is acknowledged after it is on disk after it.
        server.post("/v1/needs", self.need(title="洗窗户", quantity=2))
        server.kill()
        server.start()
        self.assertEqual(server.get("/v1/clearings")["clearings"], [done])
        self.assertEqual(server.get("/v1/clearings/1/proposals"), proposals)
        self.assertEqual(server.post("/v1/clearings", {})["id"], "2")

    def test_nothing_acknowledged_is_ever_missing(self):
        print(f"seed {SEED}, {KILLS} kills")
        rng = random.Random(SEED)
        server = self.server()
        self.city(server)
        acknowledged = {"need": {}, "match": {}}
        seen = set()
        for kill in range(KILLS):
            stop = threading.Event()
            workers = [
                threading.Thread(target=self.load, args=(server, acknowledged, seen, w, stop))
                for w in range(4)
            ]
            for w in workers:
                w.start()
            time.sleep(rng.uniform(0.02, 0.35) * PATIENCE)
            server.kill()
            stop.set()
            for w in workers:
                w.join()
            server.start()
            # Those of this round are looked at now, all of them at the end.
            recent = list(acknowledged["need"].items())[-60:]
            for need, key in recent:
                self.assertEqual(server.get(f"/v1/needs/{need}")["title"], "需求 " + key)
            if kill % 10 == 9 or kill == KILLS - 1:
                server.stop()
                verified = run(QIAO, "verify", server.data)
                self.assertIn("every invariant holds", verified.stdout)
                server.start()
        self.assertGreater(len(acknowledged["need"]), KILLS)
        for need, key in acknowledged["need"].items():
            self.assertEqual(server.get(f"/v1/needs/{need}")["title"], "需求 " + key)
        for match, need in acknowledged["match"].items():
            self.assertEqual(server.get(f"/v1/matches/{match}")["needId"], need)
        for need in seen:
            server.get(f"/v1/needs/{need}")
        # A client that never got its answer asks again and gets one need, not two.
        body = self.need(title="再来一次")
        first = server.post("/v1/needs", body, headers={"Idempotency-Key": "again"})
        server.kill()
        server.start()
        self.assertEqual(
            server.post("/v1/needs", body, headers={"Idempotency-Key": "again"})["id"], first["id"]
        )
        print(
            f"{len(acknowledged['need'])} needs and {len(acknowledged['match'])} matches "
            f"acknowledged, none missing"
        )

    def generate(self, needs):
        history = os.path.join(self.folder, f"history-{needs}.jsonl")
        size = ["--needs", str(needs), "--teams", "2000"]
        generate(*size, "--until", "2026-11-01 09:00", "--out", history)
        return history

    def loading(self, data, *options):
        """A server that loads; where its log is."""
        log = data + ".loading"
        with open(log, "wb") as f:
            command = [QIAOD, "--data", data, "--port", "0", "--background", "false", *options]
            process = subprocess.Popen(command, stdout=f, stderr=f)
        self.addCleanup(process.kill)
        return process, log

    def said(self, log, message, process=None):
        """The line of a log with that message; waits for it while the process runs."""
        deadline = time.monotonic() + 60 * PATIENCE
        while time.monotonic() < deadline:
            ended = process is None or process.poll() is not None
            with open(log, encoding="utf-8") as f:
                lines = [line for line in f if f'"message":"{message}"' in line]
            if lines or ended:
                return json.loads(lines[-1]) if lines else None
            time.sleep(0.01)
        return None

    def events(self, server, last):
        w = WebSocket(server, "/v1/watch?after=0")
        seen = [w.event() for _ in range(last)]
        w.close()
        return seen

    def test_a_load_that_was_cut_off_goes_on_or_is_refused(self):
        rng = random.Random(SEED)
        history = self.generate(12000)
        data = os.path.join(self.folder, "cut")
        before = 0
        for kill in range(3):
            p, log = self.loading(data, "--load", history)
            self.assertIsNotNone(self.said(log, "loading", p))
            time.sleep(rng.uniform(0, 0.3))
            self.assertIsNone(self.said(log, "history loaded"), "killed too late")
            p.kill()
            p.wait()
            begun = self.said(
                log, "filling the empty database" if kill == 0 else "continuing an interrupted load"
            )
            self.assertGreaterEqual(begun["lines_before"], before)
            self.assertEqual(begun["lines_before"] > 0, kill > 0)
            before = begun["lines_before"]
        # Half of a market is never served without a word, nor made into something else.
        other = os.path.join(self.folder, "other.jsonl")
        with open(history, encoding="utf-8") as whole, open(other, "w", encoding="utf-8") as f:
            f.writelines(whole.readlines()[1:])
        for options, words in (
            ((), "was interrupted after line"),
            (("--load", other), "are not those that were loaded"),
        ):
            p, log = self.loading(data, *options)
            self.assertEqual(p.wait(timeout=60 * PATIENCE), 1)
            with open(log, encoding="utf-8") as f:
                said = f.read()
            self.assertIn(words, said)
            self.assertIn("删除数据库后重新开始", said)
        unfinished = run(QIAO, "verify", data, check=False)
        self.assertNotEqual(unfinished.returncode, 0)
        self.assertIn("was interrupted after line", unfinished.stdout)
        # In the end it is what a load in one go makes.
        loaded = []
        for name in ("cut", "whole"):
            s = self.server("--load", history, name=name)
            last = self.said(s.log_file, "history loaded")["events"]
            loaded.append(self.events(s, last))
            s.stop()
            self.assertIn("every invariant holds", run(QIAO, "verify", s.data).stdout)
        self.assertEqual(*loaded)

    def test_a_load_that_was_killed_before_its_first_group_is_not_an_empty_city(self):
        history = self.generate(200)
        with open(history, encoding="utf-8") as f:
            lines = f.readlines()
        pipe = os.path.join(self.folder, "pipe")
        os.mkfifo(pipe)
        data = os.path.join(self.folder, "cut")
        p, log = self.loading(data, "--load", pipe)
        with open(pipe, "w", encoding="utf-8") as f:
            f.writelines(lines[:10])
            f.flush()
            self.assertIsNotNone(self.said(log, "filling the empty database", p))
            p.kill()
            p.wait()
        unfinished = run(QIAO, "verify", data, check=False)
        self.assertEqual(unfinished.returncode, 4)
        self.assertIn("was interrupted after line 0", unfinished.stdout)
        p, log = self.loading(data)
        self.assertIsNone(self.said(log, "listening", p), "an empty city is served")
        self.assertEqual(p.wait(), 1)
        with open(log, encoding="utf-8") as f:
            self.assertIn("was interrupted after line 0", f.read())
        last = []
        for name in ("cut", "whole"):
            s = self.server("--load", history, name=name)
            last.append(self.said(s.log_file, "history loaded")["events"])
            s.stop()
            self.assertIn("every invariant holds", run(QIAO, "verify", s.data).stdout)
        self.assertEqual(*last)

    def test_a_new_city_beside_an_old_key_file_is_said(self):
        words = "creating a new, empty city"
        server = self.server()
        server.stop()
        server.start()
        server.stop()
        self.assertNotIn(words, server.read_log())
        for times, is_empty in ((1, False), (2, True)):
            shutil.rmtree(server.data)
            if is_empty:
                os.mkdir(server.data)
            server.start()
            server.stop()
            said = [line for line in server.read_log().splitlines() if words in line]
            self.assertEqual(len(said), times, said)
            self.assertIn('"level":"error"', said[-1])
            self.assertIn(server.data + ".key", said[-1])
            self.assertIn("挂载", said[-1])

    def test_a_load_takes_no_more_memory_than_the_market_and_leaves_no_log_behind(self):
        def start(*options):
            """MiB that it takes at most, and when it listens; and seconds until then."""
            begin = time.monotonic()
            p, log = self.loading(os.path.join(self.folder, "db"), *options)
            self.assertIsNotNone(self.said(log, "listening", p))
            seconds = time.monotonic() - begin
            with open(f"/proc/{p.pid}/status", encoding="utf-8") as f:
                status = f.read()
            p.kill()
            p.wait()
            kilobytes = [re.search(w + r":\s+(\d+)", status).group(1) for w in ("VmHWM", "VmRSS")]
            return [int(k) >> 10 for k in kilobytes] + [seconds]

        peak, _, _ = start("--load", self.generate(20000))
        first, second = start(), start()
        resident = second[1]
        seconds = [first[2], second[2]]
        print(f"load: at most {peak} MiB, afterwards {resident} MiB; starts: {seconds} s")
        self.assertLess(peak, 2 * resident)
        self.assertLess(seconds[0], 1.5 * seconds[1] + 0.5)


if __name__ == "__main__":
    main()
