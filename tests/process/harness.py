"""Runs the real programs: a qiaod process on a real disk, reached through real sockets. Standard
library only, and shares no code with the server."""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

BIN = os.environ["QIAO_BIN"]
SOURCE = os.environ["QIAO_SOURCE"]
QIAOD = os.path.join(BIN, "server/qiaod")
QIAO = os.path.join(BIN, "tools/qiao")
SIM = os.path.join(BIN, "tools/qiao-sim")
NINGGUO = os.path.join(SOURCE, "data/ningguo")
# Sanitized builds are slower.
PATIENCE = float(os.environ.get("QIAO_PATIENCE", "1"))


class Server:
    """One qiaod. Its port is read from its own log line."""

    def __init__(self, data, *options, env=None, before=None, log=None):
        self.data = data
        self.log_file = log or data + ".log"
        self.before = before  # called in the new process before it becomes qiaod
        # Tests count events; what the server does by itself is for those that ask for it.
        self.background = [] if "--background" in options else ["--background", "false"]
        # Nor do they meet limits, except tests of limits.
        self.limits = (
            []
            if any(o in options for o in ("--write-rate", "--log-in-rate"))
            else ["--write-rate", "0", "--time-share", "0", "--log-in-rate", "0"]
        )
        self.options = options
        self.env = env
        self.token = None
        self.start()
        # A database that was used before has its account of the lead already.
        if os.path.exists(data + ".token"):
            with open(data + ".token", encoding="utf-8") as f:
                self.token = f.read()
        elif "--demo" not in options:
            self.set_up()

    def start(self):
        self.log = open(self.log_file, "ab+")
        begin = self.log.seek(0, os.SEEK_END)
        self.process = subprocess.Popen(
            [
                QIAOD,
                "--data",
                self.data,
                "--port",
                "0",
                *self.background,
                *self.limits,
                *self.options,
            ],
            stdout=self.log,
            stderr=self.log,
            env={**os.environ, **(self.env or {})},
            preexec_fn=self.before,
        )
        deadline = time.monotonic() + 30 * PATIENCE
        while time.monotonic() < deadline:
            with open(self.log_file, "rb") as f:
                f.seek(begin)
                found = re.search(rb'"message":"listening".*?"port":(\d+)', f.read())
            if found:
                self.port = int(found.group(1))
                return
            if self.process.poll() is not None:
                raise RuntimeError("qiaod ended: " + self.read_log())
            time.sleep(0.01)
        raise RuntimeError("qiaod does not listen")

    def set_up(self):
        """The first account, by the link that the server prints; and a token for it, which every
        request sends."""
        deadline = time.monotonic() + 10 * PATIENCE
        found = None
        while not found and time.monotonic() < deadline:
            found = re.search(r"/#/setup/([A-Za-z0-9_-]+)", self.read_log())
            time.sleep(0.01)
        status, headers, session = self.request(
            "POST",
            "/v1/setup",
            {
                "token": found.group(1),
                "login": "lead",
                "name": "王小明",
                "password": "correct horse battery",
            },
        )
        assert status == 201, (status, session)
        cookie = headers["Set-Cookie"].split(";")[0]
        status, _, made = self.request(
            "POST",
            "/v1/tokens",
            {"name": "tests", "lifetime": 30 * 86400},
            headers={"Cookie": cookie, "Origin": self.origin()},
        )
        assert status == 201, (status, made)
        # For longer than a city at a hundred times its speed lives in an hour.
        self.token = made["secret"]
        with open(self.data + ".token", "w", encoding="utf-8") as f:
            f.write(self.token)

    def origin(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    scheme = "http"

    def authorization(self):
        """The header line of requests that are written by hand."""
        return f"Authorization: Bearer {self.token}\r\n"

    def read_log(self):
        with open(self.log_file, encoding="utf-8") as f:
            return f.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30 * PATIENCE)
        self.log.close()
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def connect(self, timeout=20):
        s = socket.create_connection(("127.0.0.1", self.port), timeout=timeout * PATIENCE)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def request(self, method, target, body=None, headers=None, connection=None, anonymous=False):
        own = connection is None
        c = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20 * PATIENCE)
        try:
            data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
            headers = dict(headers or {})
            if (
                self.token
                and "Authorization" not in headers
                and "Cookie" not in headers
                and not anonymous
            ):
                headers["Authorization"] = "Bearer " + self.token
            c.request(method, target, data, headers)
            r = c.getresponse()
            text = r.read()
        finally:
            if own:
                c.close()
        kind = r.headers.get("Content-Type", "")
        value = (
            json.loads(text)
            if "json" in kind and text and r.headers.get("Content-Encoding") is None
            else text
        )
        return r.status, r.headers, value

    def get(self, target, **kw):
        status, _, value = self.request("GET", target, **kw)
        assert status == 200, (target, status, value)
        return value

    def post(self, target, body=None, **kw):
        status, _, value = self.request("POST", target, body, **kw)
        assert status in (200, 201), (target, status, value)
        return value

    def place(self, seq):
        """Query of the feed: behind that event of the database that is open now."""
        return f"after={seq}&epoch={self.request('GET', '/healthz')[1]['Qiao-Epoch']}"

    def raw(self, data, timeout=20):
        """Sends bytes as they are and reads until the server closes."""
        with self.connect(timeout) as s:
            try:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            out = b""
            while True:
                try:
                    part = s.recv(65536)
                except ConnectionResetError:
                    break
                if not part:
                    break
                out += part
            return out


class WebSocket:
    """A client of RFC 6455 in a few lines."""

    def __init__(self, server, target="/v1/watch", headers=""):
        self.s = server.connect()
        self.s.sendall(
            f"GET {target} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Sec-WebSocket-Version: 13\r\n"
            f"{server.authorization() if server.token else ''}{headers}\r\n".encode()
        )
        self.buffer = b""
        head = self.until(b"\r\n\r\n")
        self.status = int(head.split()[1])
        self.head = head

    def until(self, mark):
        while mark not in self.buffer:
            part = self.s.recv(65536)
            if not part:
                raise EOFError(self.buffer)
            self.buffer += part
        out, _, self.buffer = self.buffer.partition(mark)
        return out

    def exactly(self, n):
        while len(self.buffer) < n:
            part = self.s.recv(1 << 20)
            if not part:
                raise EOFError
            self.buffer += part
        out, self.buffer = self.buffer[:n], self.buffer[n:]
        return out

    def frame(self):
        """(opcode, payload)"""
        first, second = self.exactly(2)
        size = second & 127
        if size == 126:
            size = int.from_bytes(self.exactly(2), "big")
        elif size == 127:
            size = int.from_bytes(self.exactly(8), "big")
        return first & 15, self.exactly(size)

    def event(self):
        while True:
            op, payload = self.frame()
            if op == 9:
                self.send(10, payload)
                continue
            if op == 8:
                raise EOFError((int.from_bytes(payload[:2], "big"), payload[2:].decode()))
            return json.loads(payload)

    def send(self, op, payload):
        mask = b"\1\2\3\4"
        masked = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
        size = (
            bytes([128 | len(payload)])
            if len(payload) < 126
            else bytes([128 | 126]) + len(payload).to_bytes(2, "big")
        )
        self.s.sendall(bytes([128 | op]) + size + mask + masked)

    def close(self):
        self.s.close()


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="qiao-test-")
        self.servers = []
        self.addCleanup(self._clean)

    def _clean(self):
        for s in self.servers:
            if s.process.poll() is None:
                s.process.kill()
                s.process.wait()
            if not s.log.closed:
                s.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def server(self, *options, name="db", **how):
        s = Server(os.path.join(self.folder, name), *options, **how)
        self.servers.append(s)
        return s

    def city(self, server):
        """A city, a community, a team and its offer of people and rice."""
        server.request(
            "PUT",
            "/v1/areas/341881000000",
            {
                "level": "AREA_LEVEL_CITY",
                "name": "宁国市",
                "point": {"latitudeE7": 306265000, "longitudeE7": 1189834000},
            },
        )
        server.request(
            "PUT",
            "/v1/areas/341881001000",
            {"parentCode": 341881000000, "level": "AREA_LEVEL_TOWN", "name": "西津街道"},
        )
        server.request(
            "PUT",
            "/v1/areas/341881001001",
            {"parentCode": 341881001000, "level": "AREA_LEVEL_COMMUNITY", "name": "城东社区"},
        )
        self.team = server.post(
            "/v1/parties",
            {"kind": "PARTY_KIND_VOLUNTEER_TEAM", "name": "党派我来", "areaCode": 341881001001},
        )["id"]
        self.people = server.post(
            "/v1/offers",
            {
                "partyId": self.team,
                "title": "志愿者",
                "time": {"kind": "TIME_KIND_PEOPLE", "capacity": 1000000},
            },
        )["id"]
        self.rice = server.post(
            "/v1/offers",
            {
                "partyId": self.team,
                "title": "大米",
                "stock": {"resource": "rice", "quantity": 1000000000},
            },
        )["id"]

    def need(self, quantity=5, hours=24, **more):
        start = (int(time.time()) // 3600 + hours) * 3600
        return {
            "areaCode": 341881001001,
            "title": "陪老人",
            "category": "elder_care",
            "lines": [
                {
                    "time": {"kind": "TIME_KIND_PEOPLE"},
                    "quantity": quantity,
                    "window": {"start": start, "end": start + 7200},
                }
            ],
            **more,
        }


def run(*command, check=True, **kw):
    result = subprocess.run(command, capture_output=True, text=True, timeout=120 * PATIENCE, **kw)
    if check and result.returncode != 0:
        raise AssertionError(f"{command} gave {result.returncode}: {result.stdout}{result.stderr}")
    return result


def generate(*options):
    """A history with Ningguo's areas, as qiao-sim prints it."""
    areas = os.path.join(NINGGUO, "areas.csv")
    return run(SIM, "generate", "--areas", areas, "--quiet", *options).stdout


def main():
    unittest.main(verbosity=2)
