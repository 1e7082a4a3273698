"""Requests that two programs could read as different messages, and requests that lie. Each has one
right answer by RFC 9110 and RFC 9112, and so many answers on its connection and no more."""
import json
import re

from harness import Case, main

# Follows each request: answered with 404 exactly where the server takes it for a request.
NEXT = "GET /v1/next HTTP/1.1\r\nHost: x\r\n\r\n"
SOCKET = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
H2C = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
BODY = "2\r\n{}\r\n0\r\n\r\n"

REFUSED = [400]
READ = [200, 404]  # the request and the one that follows
CLOSED = [200]  # and the connection ends
# A change that nobody signed: its body was read, and what follows is a request of its own.
UNSIGNED = [401, 404]


def get(headers="", target="/v1/needs", host="Host: x\r\n", version="1.1"):
    return f"GET {target} HTTP/{version}\r\n{host}{headers}\r\n"


def post(headers, body, version="1.1"):
    head = f"POST /v1/needs HTTP/{version}\r\nHost: x\r\nContent-Type: application/json\r\n"
    return f"{head}{headers}\r\n{body}"


def chunked(body, headers=""):
    return post(CHUNKED + headers, body)


def coded(coding):
    """A body that ends in one place by its length and in another by its chunks."""
    return post(f"Transfer-Encoding: {coding}\r\n", BODY)


def length(value):
    return post(f"Content-Length: {value}\r\n", "{}")


def trailer(fields, headers=""):
    return chunked(f"2\r\n{{}}\r\n0\r\n{fields}\r\n\r\n", headers)


def twice(name, first, second=None):
    fields = f"{name}: {first}\r\n{name}: {first if second is None else second}\r\n"
    return get(fields)


# Name, request, status of each answer. {token} is one of the lead.
REQUESTS = [
    # Transfer-Encoding is "chunked" or the request is refused (RFC 9112 6.1, 6.3).
    ("a coding that ends in chunked", coded("xchunked"), REFUSED),
    (
        "that coding beside a length",
        post("Content-Length: 4\r\nTransfer-Encoding: xchunked\r\n", BODY),
        REFUSED,
    ),
    ("a length behind chunked", chunked(BODY, "Content-Length: 4\r\n"), REFUSED),
    ("identity", coded("identity"), REFUSED),
    ("gzip below chunked", coded("gzip, chunked"), REFUSED),
    ("gzip above chunked", coded("chunked, gzip"), REFUSED),
    ("chunked with a parameter", coded("chunked;q=1"), REFUSED),
    ("chunked in quotes", coded('"chunked"'), REFUSED),
    ("chunked behind a comma", coded(", chunked"), REFUSED),
    ("chunked before a comma", coded("chunked,"), REFUSED),
    ("chunked behind a vertical tab", coded("\x0bchunked"), REFUSED),
    ("chunked in two words", coded("chun ked"), REFUSED),
    ("no coding", coded(""), REFUSED),
    ("chunked on two lines", post(CHUNKED + CHUNKED, BODY), REFUSED),
    ("gzip and chunked on two lines", post("Transfer-Encoding: gzip\r\n" + CHUNKED, BODY), REFUSED),
    (
        "chunked and identity on two lines",
        post(CHUNKED + "Transfer-Encoding: identity\r\n", BODY),
        REFUSED,
    ),
    ("chunked in HTTP/1.0", post(CHUNKED, BODY, version="1.0"), REFUSED),
    (
        "chunked in HTTP/1.0 that stays open",
        post(CHUNKED + "Connection: keep-alive\r\n", BODY, version="1.0"),
        REFUSED,
    ),
    ("chunked in capitals", coded("CHUNKED"), UNSIGNED),
    ("chunked between spaces and tabs", coded("\t chunked \t"), UNSIGNED),
    ("chunked right behind the colon", post("Transfer-Encoding:chunked\r\n", BODY), UNSIGNED),
    (
        "another name, with a lowline",
        post("Transfer_Encoding: chunked\r\nContent-Length: 2\r\n", "{}"),
        UNSIGNED,
    ),
    # How a field line is written (RFC 9112 5).
    ("a folded coding", post("Transfer-Encoding:\r\n chunked\r\n", BODY), REFUSED),
    (
        "a coding folded into another field",
        post("X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "{}"),
        REFUSED,
    ),
    (
        "a coding folded with a tab",
        post("X: y\r\n\tTransfer-Encoding: chunked\r\nContent-Length: 2\r\n", "{}"),
        REFUSED,
    ),
    ("a folded token", get("Authorization: Bearer\r\n {token}\r\n"), REFUSED),
    ("a fold of spaces only", get("X: y\r\n  \r\n"), REFUSED),
    ("a fold of an empty value", get("X:\r\n \r\n"), REFUSED),
    ("a space before the first field", get(host=" Host: x\r\n"), REFUSED),
    ("a space before the colon", post("Transfer-Encoding : chunked\r\n", BODY), REFUSED),
    ("a tab before the colon", post("Transfer-Encoding\t: chunked\r\n", BODY), REFUSED),
    ("a return inside a line", post("X: y\rTransfer-Encoding: chunked\r\n", BODY), REFUSED),
    ("a line feed inside a line", post("X: y\nTransfer-Encoding: chunked\r\n", BODY), REFUSED),
    ("two returns at the end of a line", post("Transfer-Encoding: chunked\r\r\n", BODY), REFUSED),
    ("a line feed as the end of the header", get()[:-2] + "\n" + NEXT, REFUSED),
    # Content-Length is digits, once (RFC 9110 8.6).
    ("the same length on two lines", length("2\r\nContent-Length: 2"), REFUSED),
    ("the same length twice on a line", length("2, 2"), REFUSED),
    ("the shorter length last", length("4\r\nContent-Length: 2"), REFUSED),
    ("a length before a comma", length("2,"), REFUSED),
    ("a length with a parameter", length("2;x=1"), REFUSED),
    ("a length in two words", length("0 2"), REFUSED),
    ("a folded length", length("0\r\n 2"), REFUSED),
    ("minus nothing", length("-0"), REFUSED),
    ("a length in digits of another script", length("٢"), REFUSED),
    ("a length in quotes", length('"2"'), REFUSED),
    ("a length with a zero before it", length("02"), UNSIGNED),
    ("a length between spaces and tabs", length(" \t2\t "), UNSIGNED),
    ("a request as the body of a GET", get(f"Content-Length: {len(NEXT)}\r\n") + NEXT, READ),
    (
        "a request as the chunk of a GET",
        get(CHUNKED) + f"{len(NEXT):x}\r\n{NEXT}\r\n0\r\n\r\n",
        READ,
    ),
    # One valid Host (RFC 9112 3.2); the target goes before it (3.2.2).
    ("no Host", get(host=""), REFUSED),
    ("the same Host twice", get("Host: x\r\n"), REFUSED),
    ("two Hosts", get("Host: y\r\n"), REFUSED),
    ("two Hosts in HTTP/1.0", get("Host: y\r\n", version="1.0"), REFUSED),
    ("an empty Host", get(host="Host: \r\n"), REFUSED),
    ("a Host of two words", get(host="Host: x y\r\n"), REFUSED),
    ("two Hosts on a line", get(host="Host: x, y\r\n"), REFUSED),
    ("a Host with a user", get(host="Host: u@x\r\n"), REFUSED),
    ("a Host with a path", get(host="Host: x/y\r\n"), REFUSED),
    ("a Host with a query", get(host="Host: x?y\r\n"), REFUSED),
    ("a Host with a scheme", get(host="Host: http://x\r\n"), REFUSED),
    ("a Host whose port is a word", get(host="Host: x:http\r\n"), REFUSED),
    ("a Host with two ports", get(host="Host: x:80:80\r\n"), REFUSED),
    ("a Host with half a bracket", get(host="Host: [::1\r\n"), REFUSED),
    ("a Host that is not ASCII", get(host="Host: ü\r\n"), REFUSED),
    ("a folded Host", get(host="Host:\r\n x\r\n"), REFUSED),
    ("a Host of IPv6", get(host="Host: [::1]:8321\r\n"), READ),
    ("no Host in HTTP/1.0", get(host="", version="1.0"), CLOSED),
    ("the whole address", get(target="http://x/v1/needs"), READ),
    ("the whole address of another", get(target="HTTP://y/v1/needs"), READ),
    ("the whole address without Host", get(target="http://x/v1/needs", host=""), REFUSED),
    ("the whole address with a user", get(target="http://u@x/v1/needs"), REFUSED),
    ("the whole address without its host", get(target="http:///v1/needs"), REFUSED),
    # A field that has one value comes once (RFC 9110 5.3).
    ("a good token and a bad one", twice("Authorization", "Bearer {token}", "Bearer x"), REFUSED),
    ("a bad token and a good one", twice("Authorization", "Bearer x", "Bearer {token}"), REFUSED),
    (
        "a token twice in other letters",
        get("authorization: Bearer {token}\r\nAUTHORIZATION: Bearer {token}\r\n"),
        REFUSED,
    ),
    ("two cookies", twice("Cookie", "qiao_session=a", "qiao_session=b"), REFUSED),
    (
        "two types of content",
        post("Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}"),
        REFUSED,
    ),
    ("two keys", twice("Idempotency-Key", "a", "b"), REFUSED),
    ("two versions", twice("If-Match", '"1"', '"2"'), REFUSED),
    ("two actors", twice("Qiao-Actor", "lead", "auditor"), REFUSED),
    ("two origins", twice("Origin", "http://x", "http://y"), REFUSED),
    (
        "two keys of a WebSocket",
        get(
            "Connection: Upgrade\r\nUpgrade: websocket\r\n"
            + SOCKET
            + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
            target="/v1/watch",
        ),
        REFUSED,
    ),
    # A list may be in several lines, and so may fields that nobody reads.
    ("Accept in two lines", twice("Accept", "image/png", "application/json"), READ),
    ("Accept-Language in two lines", twice("Accept-Language", "zh", "en"), READ),
    ("If-None-Match in two lines", twice("If-None-Match", '"x"', '"y"'), READ),
    ("Connection in two lines", twice("Connection", "keep-alive", "close"), CLOSED),
    ("Via in two lines", twice("Via", "1.1 a", "1.1 b"), READ),
    ("X-Forwarded-For in two lines", twice("X-Forwarded-For", "192.0.2.1", "192.0.2.2"), READ),
    # Chunks (RFC 9112 7.1).
    ("a size with 0x", chunked("0x2\r\n{}\r\n0\r\n\r\n"), REFUSED),
    ("a size behind a space", chunked(" 2\r\n{}\r\n0\r\n\r\n"), REFUSED),
    ("a size before a space", chunked("2 \r\n{}\r\n0\r\n\r\n"), REFUSED),
    ("a size with a plus", chunked("+2\r\n{}\r\n0\r\n\r\n"), REFUSED),
    ("a size with a lowline", chunked("0_2\r\n{}\r\n0\r\n\r\n"), REFUSED),
    ("no size", chunked("\r\n{}\r\n0\r\n\r\n"), REFUSED),
    ("a size that ends with a line feed", chunked("2\n{}\r\n0\r\n\r\n"), REFUSED),
    ("a size that ends with a return", chunked("2\r{}\r\n0\r\n\r\n"), REFUSED),
    ("a chunk that ends with a line feed", chunked("2\r\n{}\n0\r\n\r\n"), REFUSED),
    ("a chunk with a byte too many", chunked("2\r\n{}x\r\n0\r\n\r\n"), REFUSED),
    ("an extension without a name", chunked("2;\n{}\r\n0\r\n\r\n"), REFUSED),
    ("a line feed in an extension", chunked('2;a="\n"\r\n{}\r\n0\r\n\r\n'), REFUSED),
    ("a return in an extension", chunked('2;a="\r"\r\n{}\r\n0\r\n\r\n'), REFUSED),
    ("an end of line in an extension", chunked('2;a="\r\n"\r\n{}\r\n0\r\n\r\n'), REFUSED),
    ("a line feed in the last extension", chunked('2\r\n{}\r\n0;a="\n"\r\n\r\n'), REFUSED),
    ("an endless extension", chunked("2;" + "a" * 200_000), [431]),
    ("good extensions", chunked('2;a;b=c;d="e f"\r\n{}\r\n0;g\r\n\r\n'), UNSIGNED),
    ("sizes with zeros", chunked("0002\r\n{}\r\n000\r\n\r\n"), UNSIGNED),
    # Trailer fields change nothing, but have to be well-formed (RFC 9110 6.5.1).
    ("a token in the trailer", trailer("Authorization: Bearer {token}"), UNSIGNED),
    (
        "a second token in the trailer",
        trailer("Authorization: Bearer {token}", "Authorization: Bearer x\r\n"),
        UNSIGNED,
    ),
    ("a Host in the trailer", trailer("Host: y"), UNSIGNED),
    ("an end in the trailer", trailer("Connection: close"), UNSIGNED),
    ("an upgrade in the trailer", trailer("Connection: Upgrade\r\nUpgrade: websocket"), UNSIGNED),
    ("a length in the trailer", trailer("Content-Length: 50"), REFUSED),
    ("a coding in the trailer", trailer("Transfer-Encoding: chunked"), REFUSED),
    ("a folded trailer", trailer("X: y\r\n z"), REFUSED),
    ("a trailer with a space before the colon", trailer("X : y"), REFUSED),
    ("a trailer without a colon", trailer("GET / HTTP/1.1"), REFUSED),
    ("an endless trailer", trailer("X: y\r\n" * 30_000), [431]),
    # Expect, and protocols that are not known here (RFC 9110 7.8, 10.1.1).
    (
        "waiting for 100",
        post("Expect: 100-continue\r\nContent-Length: 2\r\n", "{}"),
        [100] + UNSIGNED,
    ),
    (
        "waiting for 100 in HTTP/1.0",
        post("Expect: 100-continue\r\nContent-Length: 2\r\n", "{}", version="1.0"),
        [401],
    ),
    ("HTTP/2 offered", get(H2C), READ),
    ("HTTP/2 offered with a body", post(H2C + "Content-Length: 2\r\n", "{}"), UNSIGNED),
    ("HTTP/2 offered where nothing is", get(H2C, target="/v1/nothing"), [404, 404]),
    ("TLS offered", get("Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n"), READ),
    (
        "WebSocket offered elsewhere",
        get("Connection: Upgrade\r\nUpgrade: websocket\r\n" + SOCKET),
        READ,
    ),
    ("an upgrade that is not to this server", get("Upgrade: h2c\r\n"), READ),
    ("a watch without an upgrade", get(target="/v1/watch"), [426]),
    ("a watch over HTTP/2", get(H2C, target="/v1/watch"), [426]),
    (
        "a watch in HTTP/1.0",
        get(
            "Connection: Upgrade\r\nUpgrade: websocket\r\n" + SOCKET,
            target="/v1/watch",
            version="1.0",
        ),
        [426],
    ),
    (
        "a watch that is not signed",
        get("Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n" + SOCKET, target="/v1/watch"),
        [401],
    ),
    # The first line (RFC 9112 3).
    ("two spaces in the first line", "GET  /v1/needs HTTP/1.1\r\nHost: x\r\n\r\n", REFUSED),
    ("a space at its end", "GET /v1/needs HTTP/1.1 \r\nHost: x\r\n\r\n", REFUSED),
    ("a letter behind the version", "GET /v1/needs HTTP/1.1x\r\nHost: x\r\n\r\n", REFUSED),
    # What proxies and frameworks believe, and this server does not.
    ("another method in a header", get("X-HTTP-Method-Override: DELETE\r\n"), READ),
    ("another target in a header", get("X-Original-URL: /v1/accounts\r\n"), READ),
    ("another host in a header", get("X-Forwarded-Host: y\r\n"), READ),
]


def answers(text):
    """The status of each answer, by its own length; what is left over fails."""
    found = []
    while text:
        head, end, text = text.partition(b"\r\n\r\n")
        match = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
        if not match or not end:
            raise AssertionError(f"no answer: {head[:200]!r}")
        found.append(int(match.group(1)))
        size = re.search(rb"\r\nContent-Length: (\d+)", head)
        text = text[int(size.group(1)) if size else 0 :]
    return found


class Smuggling(Case):
    def setUp(self):
        super().setUp()
        self.s = self.server("--timeout", "2")
        self.city(self.s)

    def ask(self, request):
        """The whole answer to bytes that are sent as they are."""
        return self.s.raw(request.replace("{token}", self.s.token).encode(), timeout=10)

    def test_each_request_has_one_answer(self):
        self.assertGreaterEqual(len(REQUESTS), 60)
        self.assertEqual(len({name for name, _, _ in REQUESTS}), len(REQUESTS))
        before = self.s.get("/healthz")["appliedSeq"]
        for name, request, expected in REQUESTS:
            with self.subTest(name):
                self.assertEqual(answers(self.ask(request + NEXT)), expected)
                self.assertEqual(self.s.get("/healthz")["appliedSeq"], before)
        print(f"{len(REQUESTS)} requests, each with its one answer")

    def test_a_refusal_is_said_in_both_languages_and_ends_the_connection(self):
        answer = self.ask(get(host="") + NEXT)
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertIn(b"\r\nConnection: close", head)
        said = json.loads(body)
        self.assertEqual(said["code"], "http.malformed")
        self.assertTrue(said["zh"] and said["en"])

    def test_an_upgrade_that_is_needed_is_named(self):
        head = self.ask(get(target="/v1/watch")).partition(b"\r\n\r\n")[0]
        self.assertIn(b"\r\nUpgrade: websocket", head)
        self.assertIn(b"\r\nConnection: upgrade", head)

    def test_what_a_trailer_says_has_no_effect(self):
        need = json.dumps(self.need())
        signed = "Authorization: Bearer {token}\r\n"
        said = (
            "Idempotency-Key: same\r\nQiao-Actor: auditor\r\nAccept: image/png\r\n"
            "If-Match: \"77\"\r\nContent-Type: text/plain"
        )
        request = chunked(f"{len(need.encode()):x}\r\n{need}\r\n0\r\n{said}\r\n\r\n", signed)
        ids = set()
        for _ in range(2):
            head, _, body = self.ask(request).partition(b"\r\n\r\n")
            self.assertTrue(head.startswith(b"HTTP/1.1 201 "), head)
            ids.add(json.loads(body)["id"])
        self.assertEqual(len(ids), 2, "the key in the trailer was taken for one of the header")

    def test_lists_in_two_lines_are_one_list(self):
        etag = self.s.request("GET", "/v1/policy")[1]["ETag"]
        lines = f'If-None-Match: "nothing"\r\nIf-None-Match: {etag}\r\n'
        request = get("Authorization: Bearer {token}\r\n" + lines, target="/v1/policy")
        self.assertEqual(answers(self.ask(request)), [304])

    def test_the_host_of_the_target_is_the_one_that_counts(self):
        _, headers, _ = self.s.request(
            "POST",
            "/v1/sessions",
            {"login": "lead", "password": "correct horse battery"},
            anonymous=True,
            headers={"Origin": self.s.origin()},
        )
        cookie = "Cookie: " + headers["Set-Cookie"].split(";")[0] + "\r\n"

        def change(target, host, origin):
            return answers(
                self.ask(
                    f"PUT {target}/v1/policy HTTP/1.1\r\nHost: {host}\r\n{cookie}Origin: "
                    f"{origin}\r\n"
                    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
                )
            )

        # An empty policy is refused as such: the origin was right.
        self.assertEqual(change("http://mine", "other", "http://mine"), [400])
        self.assertEqual(change("http://mine", "other", "http://other"), [403])

    def test_a_list_of_upgrades_may_begin_with_another(self):
        with self.s.connect() as c:
            c.sendall(
                get(
                    "Connection: keep-alive, Upgrade\r\nUpgrade: h2c, websocket\r\n"
                    + SOCKET
                    + self.s.authorization(),
                    target="/v1/watch",
                ).encode()
            )
            self.assertTrue(c.recv(4096).startswith(b"HTTP/1.1 101 "))


if __name__ == "__main__":
    main()
