"""Programs that are not ours, and that are hostile, against HTTP and the watch feed: Debian's
Autobahn, wrk and h2load; slowloris; frames and requests that no good client sends, from two
tables."""
import asyncio
import http.client
import json
import re
import struct
import subprocess
import time

from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket.compress import PerMessageDeflateOffer

from harness import PATIENCE, Case, WebSocket, main

HOST = "Host: x\r\n"


def post(body, headers="", line="POST /v1/needs HTTP/1.1", length=None, kind="application/json"):
    """A request as text; the authorization is put in where it says {auth}."""
    size = (
        f"Content-Length: {len(body.encode()) if length is None else length}\r\n"
        if length != ""
        else ""
    )
    return f"{line}\r\n{HOST}{{auth}}Content-Type: {kind}\r\n{size}{headers}\r\n{body}"


# What no client should send: name, bytes. Answered with a reason (4xx, or 501 and 505) or with a
# closed connection, and changing nothing.
MALFORMED = [
    # The first line.
    ("nothing but ends of lines", "\r\n\r\n\r\n"),
    ("words", "hello\r\n\r\n"),
    ("no version", "GET /v1/needs\r\n\r\n"),
    ("no target", "GET HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("empty method", " /v1/needs HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a method that is none", "BREW /v1/needs HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a method in small letters", "get /v1/needs HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a method with a hole", "GE T /v1/needs HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a method of 4000 letters", "G" * 4000 + " / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("TRACE", "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("CONNECT", "CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("OPTIONS on everything", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("HTTP/0.9", "GET / HTTP/0.9\r\nHost: x\r\n\r\n"),
    ("HTTP/2.0", "GET / HTTP/2.0\r\nHost: x\r\n\r\n"),
    ("HTTP/3", "GET / HTTP/3\r\nHost: x\r\n\r\n"),
    ("HTTP/1.10", "GET / HTTP/1.10\r\nHost: x\r\n\r\n"),
    ("http in small letters", "GET / http/1.1\r\nHost: x\r\n\r\n"),
    ("the beginning of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("two targets", "GET /v1/needs /v1/offers HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a tab for a space", "GET\t/v1/needs\tHTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a NUL in the target", "GET /v1/ne\x00eds HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a control character in the target", "GET /v1/ne\x07eds HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a target without a slash", "GET v1/needs HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a target with a fragment", "GET /v1/nothing#here HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("up and out", "GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("up and out, encoded", "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("backslashes", "GET \\..\\..\\windows HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a target of 8000 bytes", "GET /" + "a" * 8000 + " HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a target of one mebibyte", "GET /" + "a" * (1 << 20) + " HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a percent at the end", "GET /v1/needs?pageSize=% HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("half a percent", "GET /v1/needs?pageSize=%4 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("not hexadecimal", "GET /v1/needs?pageSize=%G1 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("not UTF-8 in a query", "GET /v1/needs?state=%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n"),
    (
        "a name in a query that is not UTF-8",
        "GET /v1/needs?pageSi%ede=3 HTTP/1.1\r\nHost: x\r\n\r\n",
    ),
    ("a NUL in a query", "GET /v1/needs?state=%00 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a parameter that is none", "GET /v1/needs?nothing=1 HTTP/1.1\r\nHost: x\r\n\r\n"),
    (
        "a number too large",
        "GET /v1/needs?pageSize=99999999999999999999 HTTP/1.1\r\nHost: x\r\n\r\n",
    ),
    ("a negative number", "GET /v1/needs?pageSize=-1 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a number with a sign", "GET /v1/needs?pageSize=+1 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a number with a space", "GET /v1/needs?pageSize=%201 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a number that is a word", "GET /v1/needs?pageSize=many HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("an id too large", "GET /v1/needs/99999999999999999999 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a negative id", "GET /v1/needs/-1 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("an id in hexadecimal", "GET /v1/needs/0x1 HTTP/1.1\r\nHost: x\r\n\r\n"),
    # Headers.
    ("no colon", "GET /v1/policy HTTP/1.1\r\nHost: x\r\nbroken\r\n\r\n"),
    ("no name", "GET /v1/policy HTTP/1.1\r\nHost: x\r\n: value\r\n\r\n"),
    ("a space before the colon", "GET /v1/policy HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n"),
    ("a space in the name", "GET /v1/policy HTTP/1.1\r\nHost: x\r\nX Y: z\r\n\r\n"),
    ("a NUL in the name", "GET /v1/policy HTTP/1.1\r\nHost: x\r\nX\x00Y: z\r\n\r\n"),
    ("a NUL in the value", "GET /v1/policy HTTP/1.1\r\nHost: x\r\nX: y\x00z\r\n\r\n"),
    ("a bell in the value", "GET /v1/policy HTTP/1.1\r\nHost: x\r\nX: y\x07z\r\n\r\n"),
    ("a return in the value", "GET /v1/policy HTTP/1.1\r\nHost: x\r\nX: y\rz\r\n\r\n"),
    ("a name that is not ASCII", "GET /v1/policy HTTP/1.1\r\nHost: x\r\nÜ: z\r\n\r\n"),
    (
        "one header of 8000 bytes",
        "GET /v1/policy HTTP/1.1\r\nHost: x\r\nX: " + "y" * 8000 + "\r\n\r\n",
    ),
    (
        "2000 headers",
        "GET /v1/policy HTTP/1.1\r\nHost: x\r\n"
        + "".join(f"X{i}: y\r\n" for i in range(2000))
        + "\r\n",
    ),
    ("headers without an end", "GET /v1/policy HTTP/1.1\r\nHost: x\r\nX: y\r\n"),
    ("a first line without an end", "GET /v1/policy HTTP/1.1"),
    ("bare line feeds", "GET /v1/policy HTTP/1.1\nHost: x\n\n"),
    ("bare returns", "GET /v1/policy HTTP/1.1\rHost: x\r\r"),
    (
        "a strange token",
        "GET /v1/parties HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer nonsense\r\n\r\n",
    ),
    (
        "a token of another scheme",
        "GET /v1/parties HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YTpi\r\n\r\n",
    ),
    ("an empty token", "GET /v1/parties HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \r\n\r\n"),
    (
        "an unsigned token",
        "GET /v1/parties HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
        "eyJhbGciOiJub25lIn0.e30.\r\n\r\n",
    ),
    ("what is not wanted", "GET /v1/policy HTTP/1.1\r\nHost: x\r\nAccept: image/png\r\n\r\n"),
    # Lengths.
    ("a length that is a word", post("{}", length="two")),
    ("a negative length", post("{}", length="-2")),
    ("a length in hexadecimal", post("{}", length="0x2")),
    ("a length with a plus", post("{}", length="+2")),
    ("a length with a point", post("{}", length="2.0")),
    (
        "an empty length",
        f"POST /v1/needs HTTP/1.1\r\n{HOST}{{auth}}Content-Length: \r\n\r\n{{{{}}}}",
    ),
    ("a length beyond 64 bits", post("{}", length="18446744073709551616")),
    ("a length of a petabyte", post("{}", length="1000000000000000")),
    ("two lengths", post("{}", headers="Content-Length: 3\r\n")),
    ("a length in two parts", post("{}", length="2, 3")),
    ("a length longer than the body", post("{}", length="50")),
    ("length and chunks", post("0\r\n\r\n", headers="Transfer-Encoding: chunked\r\n")),
    (
        "chunks of a size that is a word",
        post("zz\r\n{}\r\n0\r\n\r\n", length="", headers="Transfer-Encoding: chunked\r\n"),
    ),
    (
        "chunks of a negative size",
        post("-2\r\n{}\r\n0\r\n\r\n", length="", headers="Transfer-Encoding: chunked\r\n"),
    ),
    (
        "a chunk beyond 64 bits",
        post(
            "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
            length="",
            headers="Transfer-Encoding: chunked\r\n",
        ),
    ),
    (
        "a chunk without its end",
        post("2\r\n{}0\r\n\r\n", length="", headers="Transfer-Encoding: chunked\r\n"),
    ),
    (
        "a chunk longer than it is",
        post("ff\r\n{}\r\n0\r\n\r\n", length="", headers="Transfer-Encoding: chunked\r\n"),
    ),
    (
        "chunks without an end",
        post("2\r\n{}\r\n", length="", headers="Transfer-Encoding: chunked\r\n"),
    ),
    ("an encoding that is none", post("{}", length="", headers="Transfer-Encoding: nonsense\r\n")),
    (
        "chunked twice",
        post("2\r\n{}\r\n0\r\n\r\n", length="", headers="Transfer-Encoding: chunked, chunked\r\n"),
    ),
    ("gzip that is none", post("{}", headers="Content-Encoding: gzip\r\n")),
    ("a body on the wrong way", post("{}", line="DELETE /v1/needs HTTP/1.1")),
    # Bodies.
    ("no body", post("")),
    ("half an object", post('{"title":')),
    ("an array", post("[]")),
    ("a word", post("null")),
    ("a number", post("1e999")),
    ("a comma too many", post('{"title":"x",}')),
    ("single quotes", post("{'title':'x'}")),
    ("a comment", post('{/* x */"title":"x"}')),
    ("two objects", post("{}{}")),
    ("a field that is none", post('{"nothing":1}')),
    ("the same field twice", post('{"title":"a","title":"b"}')),
    ("a field of another type", post('{"title":1}')),
    ("a number too large for its field", post('{"areaCode":"99999999999999999999"}')),
    ("a broken number", post('{"areaCode":1.5}')),
    ("an unknown word", post('{"urgency":"URGENCY_NEVER"}')),
    ("half a surrogate", post('{"title":"\\ud800"}')),
    ("a control character in a text", post('{"title":"a\x01b"}')),
    ("10000 brackets", post("[" * 10000)),
    ("10000 nested objects", post('{"a":' * 10000)),
    ("a title of 100000 letters", post('{"title":"' + "a" * 60000 + '"}')),
    ("another type of content", post("a=b", kind="application/x-www-form-urlencoded")),
    ("XML", post("<need/>", kind="text/xml")),
    ("protobuf that is none", post("\x07\x07\x07", kind="application/x-protobuf")),
    (
        "an If-Match that is none",
        post(
            '{"reason":"x"}',
            headers="If-Match: nonsense\r\n",
            line="POST /v1/needs/1:cancel HTTP/1.1",
        ),
    ),
    (
        "an Idempotency-Key of 300 letters",
        post('{"title":"x"}', headers="Idempotency-Key: " + "k" * 300 + "\r\n"),
    ),
    # Upgrades.
    (
        "an upgrade to something else",
        "GET /v1/watch HTTP/1.1\r\nHost: x\r\n{auth}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    ),
    (
        "an upgrade without a key",
        "GET /v1/watch HTTP/1.1\r\nHost: x\r\n{auth}Connection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n",
    ),
    (
        "an upgrade of an old version",
        "GET /v1/watch HTTP/1.1\r\nHost: x\r\n{auth}Connection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n",
    ),
    (
        "an upgrade by POST",
        "POST /v1/watch HTTP/1.1\r\nHost: x\r\n{auth}Connection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    ),
    (
        "a place beyond the end",
        "GET /v1/watch?after=999999999 HTTP/1.1\r\nHost: x\r\n{auth}Connection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n",
    ),
    # Not HTTP at all.
    ("a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\x55" * 500),
    ("an SSH hello", "SSH-2.0-OpenSSH_9.2\r\n"),
    ("a proxy's hello", "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n"),
    ("bytes", "".join(chr(i % 256) for i in range(4000))),
]

# What a server has to refuse on a WebSocket (RFC 6455): name, bytes of a frame, close codes that
# are right. 0: the connection is dropped.
PROTOCOL = {1002, 0}
FRAMES = [
    ("not masked", b"\x81\x02hi", PROTOCOL),
    ("reserved bit 1", b"\xc1\x80\1\2\3\4", PROTOCOL),
    ("reserved bit 2", b"\xa1\x80\1\2\3\4", PROTOCOL),
    ("reserved bit 3", b"\x91\x80\1\2\3\4", PROTOCOL),
    ("opcode 3", b"\x83\x80\1\2\3\4", PROTOCOL),
    ("opcode 7", b"\x87\x80\1\2\3\4", PROTOCOL),
    ("opcode 11", b"\x8b\x80\1\2\3\4", PROTOCOL),
    ("opcode 15", b"\x8f\x80\1\2\3\4", PROTOCOL),
    ("a ping in parts", b"\x09\x80\1\2\3\4", PROTOCOL),
    ("a ping of 126 bytes", b"\x89\xfe\x00\x7e\1\2\3\4" + b"x" * 126, PROTOCOL),
    ("a close in parts", b"\x08\x80\1\2\3\4", PROTOCOL),
    ("a close of one byte", b"\x88\x81\0\0\0\0x", PROTOCOL),
    ("close code 0", b"\x88\x82\0\0\0\0" + struct.pack(">H", 0), PROTOCOL),
    ("close code 999", b"\x88\x82\0\0\0\0" + struct.pack(">H", 999), PROTOCOL),
    ("close code 1005", b"\x88\x82\0\0\0\0" + struct.pack(">H", 1005), PROTOCOL),
    ("close code 1006", b"\x88\x82\0\0\0\0" + struct.pack(">H", 1006), PROTOCOL),
    ("close code 5000", b"\x88\x82\0\0\0\0" + struct.pack(">H", 5000), PROTOCOL | {5000}),
    (
        "a close whose words are not UTF-8",
        b"\x88\x84\0\0\0\0" + struct.pack(">H", 1000) + b"\xff\xfe",
        {1007, 1002, 0},
    ),
    ("a part without a beginning", b"\x80\x80\1\2\3\4", PROTOCOL),
    ("a length that could be shorter", b"\x81\xfe\x00\x05\0\0\0\0hello", PROTOCOL | {1003}),
    ("a length of 2^63", b"\x81\xff\x80\0\0\0\0\0\0\0\0\0\0\0", PROTOCOL | {1009}),
    (
        "a message of 100000 bytes",
        b"\x82\xff\0\0\0\0\0\x01\x86\xa0\0\0\0\0" + b"x" * 100000,
        {1009, 1003, 0},
    ),
    ("a text", b"\x81\x82\0\0\0\0hi", {1003}),
    ("a text that is not UTF-8", b"\x81\x82\0\0\0\0\xff\xfe", {1007, 1003}),
    ("half a frame", b"\x81", None),
]


class Peers(Case):
    def setUp(self):
        super().setUp()
        self.s = self.server(
            "--timeout",
            "2",
            "--max-body",
            "65536",
            "--max-header",
            "4096",
            "--max-connections",
            "300",
            "--max-connections-per-address",
            "300",
        )
        self.city(self.s)

    def test_a_hundred_malformed_requests(self):
        self.assertGreaterEqual(len(MALFORMED), 100)
        self.assertEqual(len({name for name, _ in MALFORMED}), len(MALFORMED))
        before = self.s.get("/healthz")["appliedSeq"]
        reasons = 0
        for name, text in MALFORMED:
            with self.subTest(name):
                data = (
                    text.replace("{auth}", self.s.authorization())
                    .replace("{{}}", "{}")
                    .encode("latin-1" if name in ("bytes", "a TLS hello") else "utf-8")
                )
                answer = self.s.raw(data, timeout=10)
                if answer:
                    reasons += 1
                    match = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
                    self.assertTrue(match, answer[:200])
                    self.assertIn(int(match.group(1)) // 100, (4, 5), answer[:300])
                    self.assertIn(
                        int(match.group(1)), set(range(400, 500)) | {501, 505}, answer[:300]
                    )
                self.assertEqual(self.s.get("/healthz")["appliedSeq"], before)
        self.assertEqual(self.s.post("/v1/needs", self.need())["state"], "NEED_STATE_OPEN")
        # Whoever can be told is told; the others sent half a request.
        self.assertGreater(reasons, len(MALFORMED) - 12)
        print(f"{len(MALFORMED)} requests refused, {reasons} of them in words")

    def test_frames_that_no_good_client_sends(self):
        bystander = WebSocket(self.s)
        for name, data, codes in FRAMES:
            with self.subTest(name):
                w = WebSocket(self.s)
                self.assertEqual(w.status, 101)
                w.s.sendall(data)
                if codes is None:
                    w.close()
                    continue
                w.s.settimeout(10 * PATIENCE)
                try:
                    while True:
                        op, payload = w.frame()
                        if op == 8:
                            code = int.from_bytes(payload[:2], "big") if payload else 1005
                            break
                except (EOFError, ConnectionResetError):
                    code = 0
                self.assertIn(code, codes)
                w.close()
        need = self.s.post("/v1/needs", self.need())["id"]
        self.assertEqual(bystander.event()["need"]["id"], need)
        bystander.close()

    def test_autobahn(self):
        """An independent client that checks every frame it gets, with compression offered, pings,
        and a clean close."""
        for _ in range(5):
            self.s.post("/v1/needs", self.need())
        last = int(self.s.get("/healthz")["durableSeq"])
        seen = []
        test = self

        class Client(WebSocketClientProtocol):
            def onOpen(self):
                self.sendPing(b"are you there?")

            def onPong(self, payload):
                self.factory.pong = payload

            def onMessage(self, payload, binary):
                test.assertFalse(binary)
                seen.append(int(json.loads(payload)["seq"]))
                if seen[-1] == last:
                    test.s.post("/v1/needs", test.need())
                if seen[-1] > last and self.factory.pong:
                    self.sendClose(1000, "thank you")

            def onClose(self, clean, code, reason):
                self.factory.done.set_result((clean, code))

        async def talk():
            loop = asyncio.get_running_loop()
            factory = WebSocketClientFactory(
                f"ws://127.0.0.1:{self.s.port}/v1/watch?after=0",
                headers={"Authorization": "Bearer " + self.s.token},
            )
            factory.protocol = Client
            factory.pong = None
            factory.done = loop.create_future()
            factory.setProtocolOptions(
                perMessageCompressionOffers=[PerMessageDeflateOffer()],
                utf8validateIncoming=True,
                failByDrop=False,
                openHandshakeTimeout=10 * PATIENCE,
            )
            await loop.create_connection(factory, "127.0.0.1", self.s.port)
            return await asyncio.wait_for(factory.done, 30 * PATIENCE), factory.pong

        (clean, code), pong = asyncio.run(talk())
        self.assertTrue(clean)
        self.assertEqual(code, 1000)
        self.assertEqual(pong, b"are you there?")
        self.assertEqual(seen[: last + 1], list(range(1, last + 2)))

    def test_wrk_and_h2load(self):
        out = subprocess.run(
            ["wrk", "-t1", "-c64", "-d3s", f"http://127.0.0.1:{self.s.port}/v1/needs"],
            capture_output=True,
            text=True,
            timeout=60 * PATIENCE,
        ).stdout
        self.assertNotIn("Non-2xx", out)
        self.assertNotIn("Socket errors", out)
        self.assertGreater(int(re.search(r"(\d+) requests in", out).group(1)), 1000 / PATIENCE)
        out = subprocess.run(
            [
                "h2load",
                "--h1",
                "-n5000",
                "-c50",
                "-m4",
                f"http://127.0.0.1:{self.s.port}/v1/taxonomy",
            ],
            capture_output=True,
            text=True,
            timeout=120 * PATIENCE,
        ).stdout
        self.assertRegex(
            out,
            r"5000 total, 5000 started, 5000 done, 5000 succeeded, 0 failed, 0 errored, 0 timeout",
        )

    def test_hundreds_of_connections_of_one_address_make_no_other_wait_for_all_of_them(self):
        part = {"postNeed": {"need": self.need(description="长" * 300)}}
        for _ in range(5):
            self.s.post("/v1/batch", {"commands": [part] * 100})
        page = f"http://127.0.0.1:{self.s.port}/v1/needs?pageSize=500"
        flood = subprocess.Popen(
            ["wrk", "-t1", "-c250", "-d4s", "--timeout", "20", "-H", "Accept-Encoding: gzip", page],
            stdout=subprocess.DEVNULL,
        )
        time.sleep(0.5)
        waits = []
        while flood.poll() is None:
            begin = time.monotonic()
            c = http.client.HTTPConnection(
                "127.0.0.1", self.s.port, timeout=20 * PATIENCE, source_address=("127.0.0.2", 0)
            )
            c.request("GET", "/healthz")
            self.assertEqual(c.getresponse().status, 200)
            c.close()
            waits.append(time.monotonic() - begin)
            time.sleep(0.05)
        # All that is ready of 250 connections takes a second, and of what its share lets through
        # eight.
        self.assertLess(max(waits), 0.3 * PATIENCE, waits)

    def test_bodies_that_never_end_are_held_up_to_a_share_of_the_address(self):
        head = (
            f"POST /v1/batch HTTP/1.1\r\n{HOST}"
            "Content-Type: application/json\r\nContent-Length: 500000\r\n\r\n"
        ).encode()
        patient = self.server(name="patient")
        self.city(patient)
        held = []
        refused = 0
        for _ in range(60):
            c = patient.connect()
            c.sendall(head + b" " * 1000)
            c.settimeout(0.2)
            try:
                refused += b" 503 " in c.recv(100)
            except TimeoutError:
                pass
            held.append(c)
        # 16 MiB of 500,000 bytes each.
        self.assertEqual(refused, 60 - 34)
        self.assertEqual(
            patient.post("/v1/needs", self.need())["title"], "陪老人", "small ones are not kept out"
        )
        for c in held:
            c.close()

    def test_slowloris(self):
        """Two hundred who send a byte of a header now and then: all are let go in time, and
        meanwhile everybody else is served."""
        begin = time.monotonic()
        slow = [self.s.connect() for _ in range(200)]
        for c in slow:
            c.sendall(b"GET /v1/needs HTTP/1.1\r\nHost: x\r\n")
        alive = list(slow)
        longest = 0
        while alive and time.monotonic() - begin < 15 * PATIENCE:
            for c in list(alive):
                try:
                    c.sendall(b"X")
                    c.setblocking(False)
                    if c.recv(4096) == b"" or True:
                        alive.remove(c)
                except BlockingIOError:
                    pass
                except OSError:
                    alive.remove(c)
                finally:
                    try:
                        c.setblocking(True)
                    except OSError:
                        pass
            asked = time.monotonic()
            self.s.get("/v1/policy")
            longest = max(longest, time.monotonic() - asked)
            time.sleep(0.3)
        for c in slow:
            c.close()
        self.assertEqual(len(alive), 0)
        self.assertLess(longest, 1 * PATIENCE)


if __name__ == "__main__":
    main()
