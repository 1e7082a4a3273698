"""The command line, for tests: run it, read its JSON, write files for it."""
import json
import os
import subprocess
import time

from harness import QIAO, Case


class CommandLineCase(Case):
    """A server, and the command line as the lead uses it."""

    def setUp(self):
        super().setUp()
        self.s = self.server()
        self.env = {
            **os.environ,
            "QIAO_SERVER": self.s.origin(),
            "QIAO_TOKEN": self.s.token,
            "XDG_CONFIG_HOME": self.folder,
            "LANG": "C.UTF-8",
        }
        self.env.pop("LC_ALL", None)

    def qiao(self, *words, expect=0, stdin=None, **env):
        r = subprocess.run(
            [QIAO, *words],
            capture_output=True,
            text=True,
            env={**self.env, **env},
            input=stdin,
            timeout=60,
        )
        self.assertEqual(r.returncode, expect, (words, r.stdout, r.stderr))
        return r.stdout if expect == 0 else r.stderr

    def json(self, *words):
        return json.loads(self.qiao("--json", *words))

    def write(self, name, text, encoding="utf-8"):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding=encoding, newline="") as f:
            f.write(text)
        return path

    def read(self, path):
        with open(path, encoding="utf-8", newline="") as f:
            return f.read()

    def day(self, days):
        return time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600 + days * 86400))
