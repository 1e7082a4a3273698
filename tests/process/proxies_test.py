"""Clients and proxies that are not ours, as people use them: curl and Java's client, which both
offer HTTP/2 first, and HAProxy and nginx in front of the server."""
import http.client
import json
import os
import re
import socket
import subprocess
import time

from harness import PATIENCE, SOURCE, Case, WebSocket, main, run

HAPROXY = """
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
  option forwardfor
frontend people
  bind 127.0.0.1:{port}
  http-request set-header X-Forwarded-Proto http
  default_backend qiao
backend qiao
  http-reuse always
  server only 127.0.0.1:{server}
"""

NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{}}
http {{
  access_log off;
  client_max_body_size 32m;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  map $http_upgrade $connection_upgrade {{
    default upgrade;
    '' '';
  }}
  upstream qiao {{
    server 127.0.0.1:{server};
    keepalive 8;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://qiao;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }}
  }}
}}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Front:
    """What a client sees of a server behind a proxy."""

    def __init__(self, server, port):
        self.port = port
        self.token = server.token
        self.authorization = server.authorization

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20 * PATIENCE)


class Peers(Case):
    def accepted(self, s):
        """Connections that the server has taken so far, without that of the question."""
        metrics = s.request("GET", "/metrics")[2].decode()
        return int(re.search(r"qiao_connections_accepted_total (\d+)", metrics).group(1)) - 1

    def stop(self, process):
        process.terminate()
        process.wait(timeout=20 * PATIENCE)

    def behind(self, name, s):
        """A proxy of that name as a child process in front of the server."""
        port = free_port()
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        config = os.path.join(folder, "config")
        with open(config, "w", encoding="utf-8") as f:
            text = HAPROXY if name == "haproxy" else NGINX
            f.write(text.format(port=port, server=s.port, folder=folder))
        command = {
            "haproxy": ["/usr/sbin/haproxy", "-db", "-f", config],
            "nginx": [
                "/usr/sbin/nginx",
                "-p",
                folder,
                "-c",
                config,
                "-e",
                os.path.join(folder, "errors"),
            ],
        }[name]
        with open(os.path.join(folder, "log"), "wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        self.addCleanup(self.stop, process)
        deadline = time.monotonic() + 20 * PATIENCE
        front = Front(s, port)
        while True:
            try:
                front.connect().close()
                return front
            except ConnectionRefusedError:
                if process.poll() is not None or time.monotonic() > deadline:
                    with open(os.path.join(folder, "log"), encoding="utf-8") as f:
                        self.fail(f"{name} does not listen: {f.read()}")
                time.sleep(0.05)


class Clients(Peers):
    def curl(self, *words):
        return run("curl", "--http2", "--silent", "--show-error", "--max-time", "20", *words).stdout

    def ask_with_curl(self, port, token, body):
        url = f"http://127.0.0.1:{port}"
        says = ("--output", os.devnull, "--write-out", "%{http_code} %{http_version}\n")
        signed = ("--header", "Authorization: Bearer " + token)
        typed = ("--header", "Content-Type: application/json", "--data", body)
        self.assertEqual(self.curl(*says, url + "/v1/needs"), "200 1.1\n")
        self.assertEqual(self.curl(*says, *signed, *typed, url + "/v1/needs"), "201 1.1\n")
        self.assertEqual(self.curl(*says, "--head", url + "/v1/needs"), "200 1.1\n")
        self.assertEqual(self.curl(*says, url + "/v1/nothing"), "404 1.1\n")
        needs = json.loads(self.curl(url + "/v1/needs"))["needs"]
        self.assertEqual(needs[-1]["title"], "陪老人")
        twice = ("--output", os.devnull, "--write-out", "%{num_connects}\n")
        connects = self.curl(*twice, url + "/v1/needs", *twice, url + "/v1/policy")
        self.assertEqual(connects, "1\n0\n", "the second request needed a connection of its own")

    def test_curl_that_offers_http_2(self):
        s = self.server()
        self.city(s)
        self.ask_with_curl(s.port, s.token, json.dumps(self.need()))

    def test_curl_that_offers_http_2_to_a_proxy(self):
        s = self.server("--behind-proxy")
        self.city(s)
        for name in ("haproxy", "nginx"):
            with self.subTest(name):
                self.ask_with_curl(self.behind(name, s).port, s.token, json.dumps(self.need()))

    def test_java_that_offers_http_2(self):
        s = self.server("--behind-proxy")
        self.city(s)
        expected = (
            [
                "GET 200 HTTP_1_1 body",
                "POST 201 HTTP_1_1 body",
                "HEAD 200 HTTP_1_1 empty",
                "GET 404 HTTP_1_1 body",
            ]
            + ["GET 200 HTTP_1_1 body"] * 10
            + ["WATCH true"]
        )
        peer = os.path.join(SOURCE, "tests/process/HttpPeer.java")
        fronts = {
            "none": s.port,
            "haproxy": self.behind("haproxy", s).port,
            "nginx": self.behind("nginx", s).port,
        }
        for name, port in fronts.items():
            with self.subTest(name):
                before = self.accepted(s)
                said = run(
                    "java", peer, f"http://127.0.0.1:{port}", s.token, json.dumps(self.need())
                )
                self.assertEqual(said.stdout.splitlines(), expected)
                # One for the requests and one for the watch, or two where a proxy keeps some.
                self.assertLess(self.accepted(s) - before, 5)


class Proxies(Peers):
    def each(self, *options):
        s = self.server("--behind-proxy", *options)
        self.city(s)
        for name in ("haproxy", "nginx"):
            yield s, self.behind(name, s)

    def test_requests_one_after_another_over_one_connection(self):
        for s, front in self.each():
            before = self.accepted(s)
            c = http.client.HTTPConnection("127.0.0.1", front.port, timeout=20 * PATIENCE)
            c.connect()
            own = c.sock
            self.assertEqual(s.request("GET", "/v1/needs", connection=c)[0], 200)
            for _ in range(20):
                self.assertEqual(s.request("POST", "/v1/needs", self.need(), connection=c)[0], 201)
            status, headers, body = s.request("HEAD", "/v1/needs", connection=c)
            self.assertEqual((status, body), (200, b""))
            self.assertGreater(int(headers["Content-Length"]), 1000)
            self.assertEqual(s.request("GET", "/v1/nothing", connection=c)[0], 404)
            self.assertEqual(s.request("POST", "/v1/needs", b"{", connection=c)[0], 400)
            self.assertEqual(s.request("GET", "/v1/policy", connection=c)[0], 200)
            self.assertIs(c.sock, own, "the connection was not kept")
            c.close()
            self.assertLess(self.accepted(s) - before, 4, "the proxy's was not kept")

    def test_a_body_in_chunks_and_a_large_one(self):
        for s, front in self.each():
            c = http.client.HTTPConnection("127.0.0.1", front.port, timeout=20 * PATIENCE)
            data = json.dumps(self.need(description="长" * 1300)).encode()
            parts = [data[i : i + 100] for i in range(0, len(data), 100)]
            signed = {"Authorization": "Bearer " + s.token, "Content-Type": "application/json"}
            c.request("POST", "/v1/needs", iter(parts), signed, encode_chunked=True)
            answer = c.getresponse()
            self.assertEqual(
                (answer.status, len(json.loads(answer.read())["description"])), (201, 1300)
            )
            batch = {
                "commands": [
                    {"postNeed": {"need": self.need(description="长" * 1300)}} for _ in range(50)
                ]
            }
            self.assertEqual(s.request("POST", "/v1/batch", batch, connection=c)[0], 200)
            c.close()

    def test_the_watch_feed(self):
        for s, front in self.each():
            after = s.get("/healthz")["durableSeq"]
            w = WebSocket(front, f"/v1/watch?{s.place(after)}")
            self.assertEqual(w.status, 101)
            posted = [s.post("/v1/needs", self.need())["id"] for _ in range(3)]
            self.assertEqual([w.event()["needId"] for _ in range(3)], posted)
            w.close()
            w = WebSocket(front, "/v1/watch?colour=red")
            self.assertEqual(w.status, 400)
            w.close()

    def log_in(self, front, address, claimed):
        """The code of the refusal: a log-in that fails at once, from that address."""
        c = http.client.HTTPConnection(
            "127.0.0.1", front.port, timeout=20 * PATIENCE, source_address=(address, 0)
        )
        c.request(
            "POST",
            "/v1/sessions",
            json.dumps({"idToken": "x"}),
            {"Content-Type": "application/json", "X-Forwarded-For": claimed},
        )
        answer = json.loads(c.getresponse().read())
        c.close()
        return answer["code"]

    def test_limits_count_for_the_address_that_the_proxy_vouches_for(self):
        for n, (_, front) in enumerate(self.each("--log-in-rate", "0.01")):
            greedy, other = f"127.0.{n}.2", f"127.0.{n}.3"
            # Each says that it is somebody else; twenty at once are let through.
            said = [self.log_in(front, greedy, f"192.0.2.{i}") for i in range(25)]
            self.assertEqual(said, ["auth.failed"] * 20 + ["rate.limited"] * 5)
            # Nor can it use up what another has.
            self.assertEqual(self.log_in(front, greedy, other), "rate.limited")
            self.assertEqual(self.log_in(front, other, greedy), "auth.failed")


if __name__ == "__main__":
    main()
