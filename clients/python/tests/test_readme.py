"""What the README shows, run as it stands."""

import os
import re
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

from linkspan import LinkspanError
from support import Browser, demo, free_port, local_run, started

README = Path(__file__).resolve().parents[1] / "README.md"
APP, *EXAMPLES = re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


class Readme(unittest.TestCase):
    url: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.url = local_run(cls.addClassCleanup)

    def app(self) -> str:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        app = Path(folder.name) / "app.py"
        app.write_text(APP, encoding="utf-8")
        environment = os.environ | {"LINKSPAN_URL": self.url, "PORT": str(free_port())}
        begins = "http://localhost"
        log = (Path(folder.name) / "log").open("w")
        self.addCleanup(log.close)
        command = [sys.executable, str(app)]
        port: str = started(self.addCleanup, command, begins, env=environment, stderr=log)
        return begins + port

    def test_a_customer_connects_through_the_first_example(self) -> None:
        app = self.app()
        browser = Browser()
        browser.visit(app)
        browser.send()
        browser.send(user_name="ada", password="lovelace")
        browser.send(decision="allow")
        self.assertEqual(browser.page, "Connected: Demo CRM, as Ada Lovelace")

        browser.visit(f"{app}/connected?connectionId=..%2Fself")
        self.assertEqual(browser.page, "Not connected: There is nothing with this id.")

        browser.visit(app)
        browser.send()
        browser.send(decision="deny")
        self.assertEqual(browser.page, "Not connected: The access was not granted.")

    def test_the_other_examples_run(self) -> None:
        self.assertTrue(EXAMPLES)
        for example in EXAMPLES:
            names: dict[str, Any] = {"linkspan": demo(self.url), "LinkspanError": LinkspanError}
            exec(example, names)  # noqa: S102


if __name__ == "__main__":
    unittest.main()
