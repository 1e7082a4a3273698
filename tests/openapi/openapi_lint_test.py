"""The document that the live server gives passes a public linter without an error."""
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../process"))
from harness import BIN, SOURCE, Case, main, run  # noqa: E402


class OpenApi(Case):
    def test_passes_redocly_lint(self):
        # Installed once, beside the build; the lock file says what.
        tool = os.path.join(BIN, "openapi-lint")
        os.makedirs(tool, exist_ok=True)
        lock = os.path.join(SOURCE, "tests/openapi/package-lock.json")
        installed = os.path.join(tool, "package-lock.json")
        if not (
            os.path.exists(os.path.join(tool, "node_modules/.bin/redocly"))
            and open(lock).read() == open(installed).read()
        ):
            for name in ("package.json", "package-lock.json"):
                shutil.copy(os.path.join(SOURCE, "tests/openapi", name), tool)
            run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=tool)
        document = os.path.join(self.folder, "openapi.json")
        with open(document, "w", encoding="utf-8") as f:
            json.dump(self.server().get("/v1/openapi.json"), f)
        env = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
        r = run(
            os.path.join(tool, "node_modules/.bin/redocly"),
            "lint",
            document,
            cwd=tool,
            env=env,
            check=False,
        )
        self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
        self.assertIn("valid", r.stdout + r.stderr)


if __name__ == "__main__":
    main()
