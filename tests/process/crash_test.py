"""kill -9 under load, again and again: nothing that was acknowledged is ever missing, nothing that was not is half there."""
import http.client
import json
import os
import random
import subprocess
import threading
import time

from harness import PATIENCE, QIAO, QIAOD, SIM, SOURCE, Case, main, run

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
                c.request("POST", "/v1/matches:claim", json.dumps({"needId": value["id"], "offerId": self.people}), known)
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
            workers = [threading.Thread(target=self.load, args=(server, acknowledged, seen, w, stop)) for w in range(4)]
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
        self.assertEqual(server.post("/v1/needs", body, headers={"Idempotency-Key": "again"})["id"], first["id"])
        print(f"{len(acknowledged['need'])} needs and {len(acknowledged['match'])} matches acknowledged, none missing")

    def test_a_loaded_history_is_there_whole_or_not_at_all(self):
        history = os.path.join(self.folder, "history.jsonl")
        run(SIM, "generate", "--areas", SOURCE + "/data/ningguo/areas.csv", "--needs", "3000", "--teams", "2000", "--quiet", "--out", history)
        data = os.path.join(self.folder, "loaded")
        for delay in (0.1, 0.2, 0.4):
            p = subprocess.Popen([QIAOD, "--data", data, "--port", "0", "--load", history], stderr=subprocess.DEVNULL)
            time.sleep(delay)
            p.kill()
            p.wait()
        s = self.server("--load", history, name="loaded")
        self.assertEqual(len(s.get("/v1/areas?pageSize=500")["areas"]), 137)
        health = s.get("/healthz")
        self.assertGreater(int(health["durableSeq"]), 10000)
        s.stop()
        self.assertIn("every invariant holds", run(QIAO, "verify", data).stdout)


if __name__ == "__main__":
    main()
