"""The console's files as the server gives them: from memory, compressed, kept by their name, and
under a strict policy."""
import gzip
import os
import re

from harness import QIAOD, SOURCE, Case, main, run


class Pages(Case):
    def test_the_page_and_what_it_names(self):
        s = self.server()
        status, headers, body = s.request("GET", "/", anonymous=True)
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "text/html; charset=utf-8")
        self.assertEqual(headers["Cache-Control"], "no-cache")
        policy = headers["Content-Security-Policy"]
        self.assertIn("script-src 'self'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertIn("frame-ancestors 'none'", policy)
        self.assertEqual(
            s.request("GET", "/", headers={"If-None-Match": headers["ETag"]}, anonymous=True)[0],
            304,
        )
        script = re.search(r'src="(/assets/[^"]+\.js)"', body.decode()).group(1)
        status, headers, plain = s.request("GET", script, anonymous=True)
        self.assertEqual(status, 200)
        self.assertIn("immutable", headers["Cache-Control"])
        status, headers, zipped = s.request(
            "GET", script, headers={"Accept-Encoding": "gzip"}, anonymous=True
        )
        self.assertEqual(headers["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(zipped), plain)
        self.assertLess(len(zipped), len(plain) / 2)
        status, headers, nothing = s.request("HEAD", script, anonymous=True)
        self.assertEqual((status, nothing, int(headers["Content-Length"])), (200, b"", len(plain)))

    def test_nothing_outside_the_folder(self):
        s = self.server()
        for path in (
            "/../../etc/passwd",
            "/assets/../../CMakeCache.txt",
            "/%2e%2e/CMakeCache.txt",
            "/index.html/",
            "/assets/",
            "//index.html",
        ):
            answer = s.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            self.assertIn(b" 404 ", answer.split(b"\r\n")[0], path)
        # The API's own paths are its own, and pages are not written to.
        self.assertEqual(s.request("GET", "/healthz")[0], 200)
        self.assertEqual(s.request("POST", "/index.html", {})[0], 404)

    def test_tiles_come_from_where_they_were_configured_and_from_nowhere_else(self):
        s = self.server("--map-tiles", "https://{s}.tiles.example.cn/{z}/{x}/{y}.png")
        _, headers, _ = s.request("GET", "/", anonymous=True)
        self.assertIn(
            "img-src 'self' data: https://*.tiles.example.cn;", headers["Content-Security-Policy"]
        )
        self.assertEqual(
            s.get("/v1/sessions/current", anonymous=True)["mapTiles"],
            "https://{s}.tiles.example.cn/{z}/{x}/{y}.png",
        )
        refused = run(
            QIAOD,
            "--data",
            os.path.join(self.folder, "other"),
            "--map-tiles",
            "javascript:alert(1)",
            check=False,
        )
        self.assertEqual(refused.returncode, 1)
        self.assertIn("--map-tiles", refused.stdout + refused.stderr)

    def test_a_folder_that_is_no_console_is_refused(self):
        empty = os.path.join(self.folder, "empty")
        os.mkdir(empty)
        refused = run(QIAOD, "--data", os.path.join(self.folder, "db"), "--web", empty, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("index.html", refused.stdout + refused.stderr)

    def test_the_console_is_typed_from_what_the_server_says(self):
        s = self.server()
        document = os.path.join(self.folder, "openapi.json")
        with open(document, "wb") as f:
            f.write(
                s.raw(
                    b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                ).split(b"\r\n\r\n", 1)[1]
            )
        run("node", os.path.join(SOURCE, "server/web/scripts/types.mjs"), document, "--check")


if __name__ == "__main__":
    main()
