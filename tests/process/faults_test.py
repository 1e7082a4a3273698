"""What goes wrong with a machine, done to a real qiaod: a full disk, a read-only one, no more
files, no more memory, a process that stands still, a clock set back. Each time: a clear message,
nothing that was answered is lost, and back when the cause is gone.

Runs in mount and user namespaces of its own, so that it may mount disks and leaves none behind."""
import http.client
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
import unittest

from harness import PATIENCE, QIAO, QIAOD, Case, WebSocket, main, run
from shifted import shifted

SANITIZED = PATIENCE > 1


class Faults(Case):
    def acknowledged(self, server, count, prefix):
        """Posts needs until `count` were answered or the server is gone; what was answered."""
        done = {}
        for n in range(count):
            title = f"need-{prefix}-{n}"
            try:
                status, _, value = server.request(
                    "POST",
                    "/v1/needs",
                    self.need(hours=24 * 9, title=title, description="说明" * 500),
                    headers={"Idempotency-Key": title},
                )
            except (OSError, http.client.HTTPException):
                break
            if status != 201:
                break
            done[value["id"]] = title
        return done

    def all_there(self, server, done):
        for need, title in done.items():
            self.assertEqual(server.get(f"/v1/needs/{need}")["title"], title)

    def verified(self, server):
        self.assertEqual(server.stop(), 0)
        self.assertIn("every invariant holds", run(QIAO, "verify", server.data).stdout)

    def ended(self, server, code):
        self.assertEqual(server.process.wait(timeout=60 * PATIENCE), code)
        return server.read_log()

    def start_refused(self, server):
        """Starts it, expects it to end by itself; what it said."""
        before = len(server.read_log())
        server.log.close()
        with self.assertRaises(RuntimeError):
            server.start()
        self.assertEqual(server.process.wait(), 1, server.read_log()[before:])
        server.log.close()
        return server.read_log()[before:]

    def disk(self, size):
        """A disk of its own, in memory."""
        where = os.path.join(self.folder, "disk")
        os.makedirs(where)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", where], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", where], stderr=subprocess.DEVNULL)
        return where

    def test_a_full_disk(self):
        where = self.disk("160m")
        ballast = os.path.join(where, "ballast")
        server = self.server(name="disk/db", log=os.path.join(self.folder, "log"))
        self.city(server)
        done = self.acknowledged(server, 20, "a")
        self.assertEqual(len(done), 20)
        free = os.statvfs(where)
        with open(ballast, "wb") as f:
            f.write(b"x" * max(0, free.f_bavail * free.f_frsize - (1 << 20)))
        # Fills the last megabyte.
        done.update(self.acknowledged(server, 5000, "b"))
        log = self.ended(server, 74)
        self.assertIn("the disk failed", log)
        self.assertIn("No space left on device", log)
        self.assertIn("nothing that was answered is lost", log)
        # Full as it is it does not start, and says why; trying does no harm.
        for _ in range(3):
            said = self.start_refused(server)
            self.assertIn("No space left on device", said)
        os.remove(ballast)
        server.start()
        self.all_there(server, done)
        more = self.acknowledged(server, 5, "c")
        self.assertEqual(len(more), 5)
        self.verified(server)
        print(f"{len(done)} needs answered before the disk was full, none missing")

    def test_a_disk_that_turns_read_only(self):
        where = self.disk("256m")
        server = self.server(name="disk/db", log=os.path.join(self.folder, "log"))
        self.city(server)
        done = self.acknowledged(server, 20, "a")
        # As the kernel does after errors: what is open for writing cannot be written either. It
        # does so by hand only where nothing is; else it turns between two runs.
        if (
            subprocess.run(
                ["mount", "-o", "remount,ro", where], stderr=subprocess.DEVNULL
            ).returncode
            == 0
        ):
            self.assertEqual(self.acknowledged(server, 1, "b"), {})
            self.assertIn("Read-only file system", self.ended(server, 74))
        else:
            self.assertEqual(server.stop(), 0)
            subprocess.run(["mount", "-o", "remount,ro", where], check=True)
        said = run(QIAOD, "--data", server.data, "--port", "0", check=False)
        self.assertEqual(said.returncode, 1)
        self.assertIn("Read-only file system", said.stderr)
        self.assertIn(server.data, said.stderr)
        # Looking needs no writing.
        self.assertIn("every invariant holds", run(QIAO, "verify", server.data).stdout)
        subprocess.run(["mount", "-o", "remount,rw", where], check=True)
        server.start()
        self.all_there(server, done)
        self.assertEqual(len(self.acknowledged(server, 5, "c")), 5)
        self.verified(server)

    def test_no_more_files(self):
        """Those who connect cannot keep the database from writing."""
        server = self.server(before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300)))
        self.city(server)
        held = []
        refused = 0
        for _ in range(400):
            s = server.connect()
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            s.settimeout(10 * PATIENCE)
            try:
                answer = s.recv(4096)
            except OSError:
                answer = b""
            if b" 200 " in answer:
                held.append(s)
            else:
                refused += 1
                s.close()
        self.assertGreater(len(held), 50)
        self.assertGreater(refused, 50)
        self.assertIsNone(server.process.poll())
        # The one that came first can still post: there are files for the database.
        kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20 * PATIENCE)
        kept.sock = held.pop()
        done = {}
        for n in range(300):
            kept.request(
                "POST",
                "/v1/needs",
                json.dumps(self.need(title=f"需求 {n}")),
                {"Authorization": "Bearer " + server.token},
            )
            answer = kept.getresponse()
            value = json.loads(answer.read())
            self.assertEqual(answer.status, 201, value)
            done[value["id"]] = f"需求 {n}"
        for s in held:
            s.close()
        kept.close()
        time.sleep(0.3 * PATIENCE)
        self.all_there(server, dict(list(done.items())[-20:]))
        self.verified(server)
        # Too few to begin with: said before anything is opened.
        said = run(
            QIAOD,
            "--data",
            server.data,
            "--port",
            "0",
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)),
        )
        self.assertEqual(said.returncode, 1)
        self.assertIn("100 files only", said.stderr)
        print(f"{len(held) + 1} connections held, {refused} turned away")

    @unittest.skipIf(SANITIZED, "sanitizers reserve terabytes of addresses")
    def test_no_more_memory(self):
        server = self.server()
        self.city(server)
        done = self.acknowledged(server, 20, "a")
        with open(f"/proc/{server.process.pid}/status") as f:
            size = int(re.search(r"VmSize:\s+(\d+) kB", f.read()).group(1)) * 1024
        resource.prlimit(
            server.process.pid, resource.RLIMIT_AS, (size + (24 << 20), size + (24 << 20))
        )
        begin = time.monotonic()
        while server.process.poll() is None and time.monotonic() - begin < 120:
            batch = {
                "commands": [
                    {"postNeed": {"need": self.need(title=f"批量 {i}", description="长" * 600)}}
                    for i in range(100)
                ]
            }
            try:
                server.request("POST", "/v1/batch", batch)
            except (OSError, http.client.HTTPException):
                pass
        log = self.ended(server, 71)
        server.log.close()
        self.assertIn("out of memory; stopping", log)
        server.start()
        self.all_there(server, done)
        self.assertEqual(len(self.acknowledged(server, 5, "b")), 5)
        self.verified(server)

    def test_no_memory_for_the_hash_of_a_password(self):
        """Whoever logs in is told to come back; nothing else changes, and no attempt is counted."""
        server = self.server()
        self.city(server)
        password = "correct horse battery"

        def log_in(login, **how):
            body = {"login": login, "password": password}
            return server.request("POST", "/v1/sessions", body, anonymous=True, **how)

        def change_password():
            status, headers, _ = log_in("lead")
            self.assertEqual(status, 201)
            sent = {"Cookie": headers["Set-Cookie"].split(";")[0], "Origin": server.origin()}
            return lambda: server.request(
                "POST",
                "/v1/sessions/current:changePassword",
                {"oldPassword": password, "newPassword": "another horse battery"},
                headers=sent,
            )

        change = change_password()
        with open(f"/proc/{server.process.pid}/status", encoding="utf-8") as f:
            size = int(re.search(r"VmSize:\s+(\d+) kB", f.read()).group(1)) << 10
        # Less than a hash takes (64 MiB), enough for everything else.
        old = resource.prlimit(server.process.pid, resource.RLIMIT_AS, (size + (40 << 20), -1))
        # More often than wrong passwords may be tried; of somebody who is not there, too.
        attempts = [lambda: log_in("lead"), lambda: log_in("nobody"), change] * 7
        for attempt in attempts:
            status, headers, problem = attempt()
            self.assertEqual((status, problem["code"]), (503, "server.overloaded"), problem)
            self.assertGreaterEqual(int(headers["Retry-After"]), 1)
            self.assertTrue(problem["zh"] and problem["en"])
        done = self.acknowledged(server, 5, "a")
        self.assertEqual(len(done), 5)
        resource.prlimit(server.process.pid, resource.RLIMIT_AS, old)
        self.assertEqual(change()[0], 201)
        self.assertEqual(log_in("lead")[0], 401)
        password = "another horse battery"
        self.assertEqual(log_in("lead")[0], 201)
        self.all_there(server, done)

    def test_a_process_that_stands_still(self):
        """SIGSTOP for seconds: who waits gets an answer or asks again and gets the same one;
        watchers miss nothing."""
        server = self.server()
        self.city(server)
        watcher = WebSocket(server, "/v1/watch?after=0")
        self.assertEqual(watcher.status, 101)
        answers = {}

        def post(n):
            key = f"need-{n}"
            while key not in answers:
                try:
                    status, _, value = server.request(
                        "POST", "/v1/needs", self.need(title=key), headers={"Idempotency-Key": key}
                    )
                    if status == 201:
                        answers[key] = value["id"]
                except (OSError, http.client.HTTPException):
                    time.sleep(0.05)

        workers = [threading.Thread(target=post, args=(n,)) for n in range(40)]
        for i, w in enumerate(workers):
            w.start()
            if i == 20:
                server.process.send_signal(signal.SIGSTOP)
        time.sleep(3)
        server.process.send_signal(signal.SIGCONT)
        for w in workers:
            w.join()
        titles = [n["title"] for n in server.get("/v1/needs?pageSize=500")["needs"]]
        for key in answers:
            self.assertEqual(titles.count(key), 1)
        last = int(server.get("/healthz")["durableSeq"])
        seen = [int(watcher.event()["seq"]) for _ in range(last)]
        self.assertEqual(seen, list(range(1, last + 1)))
        watcher.close()
        self.verified(server)

    def test_a_clock_that_was_set_back(self):
        """The market's time stands still until the clock has caught up; nothing is lost, nothing
        goes back."""
        server = self.server(env=shifted(3 * 86400))
        self.city(server)
        done = self.acknowledged(server, 3, "a")
        moments = [int(server.get(f"/v1/needs/{n}")["createdAt"]) for n in done]
        server.stop()
        server.env = None
        server.start()
        self.assertIn("clock is behind the last event", server.read_log())
        need = server.post("/v1/needs", self.need(hours=24 * 5))
        self.assertGreaterEqual(int(need["createdAt"]), max(moments))
        self.all_there(server, done)
        self.verified(server)


if __name__ == "__main__":
    if os.environ.get("QIAO_UNSHARED") is None:
        os.environ["QIAO_UNSHARED"] = "1"
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        os.execvp("unshare", ["unshare", *user, "--mount", sys.executable, *sys.argv])
    main()
