"""The scripts of the quick start and of moving to Linkspan, run as their pages show them."""

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path
from urllib.request import Request, urlopen

from test_backends import HERE, LINKSPAN, local_run

SCRIPTS = HERE.parent.resolve() / "curl"
SECRET = "-".join(["local-demo-secret"] * 4)


class Scripts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.linkspan = local_run(cls.addClassCleanup)
        cls.environment = os.environ | {
            "PATH": f"{Path(LINKSPAN).resolve().parent}:{os.environ['PATH']}",
            "LINKSPAN_URL": cls.linkspan, "LINKSPAN_WORKSPACE": "demo", "LINKSPAN_SECRET": SECRET,
        }

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def run_here(self, *command):
        ran = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout

    def test_an_integration_of_ones_own_goes_as_far_as_its_provider(self):
        defined, address = self.run_here("bash", SCRIPTS / "own-integration.sh").splitlines()
        self.assertRegex(defined, rf"^crm: created, callback {self.linkspan}/oauth-callback/[0-9a-f]+$")
        self.assertRegex(address, r"^https://app\.hubspot\.com/oauth/authorize\?.*client_id=your-client-id&.*code_challenge=")

    def test_a_link_connects_whoever_opens_it(self):
        link, said, ended = self.run_here("bash", SCRIPTS / "request.sh").splitlines()
        self.assertRegex(link, rf"^The link: {self.linkspan}/screens/connect\?connectionRequestId=[\w-]{{43}}$")
        self.assertEqual(said, "The page says: Connected")
        self.assertEqual(json.loads(ended)["status"], "success")

    def credentials(self):
        """Those of a connection that another service could have made."""
        connection = re.search(r"connectionId=(\w+)", self.run_here("bash", SCRIPTS / "connect.sh"))[1]
        token = self.run_here("linkspan", "token", "--admin").strip()
        address = f"{self.linkspan}/connections/{connection}?includeSecrets=true"
        with urlopen(Request(address, headers={"Authorization": f"Bearer {token}"})) as answer:
            return json.load(answer)["credentials"]

    def test_connections_are_carried_over_once(self):
        good = self.credentials()
        bodies = [
            {"integrationKey": "demo-oauth2", "userId": f"carried-{access_token}", "expiresAt": "2099-01-01T00:00:00Z",
             "credentials": {"access_token": access_token, "refresh_token": good["refresh_token"]}}
            for access_token in (good["access_token"], "ended")
        ]
        (self.folder / "connections.jsonl").write_text("".join(f"{json.dumps(body)}\n" for body in bodies))
        for _ in range(2):
            self.run_here("bash", SCRIPTS / "carry-over.sh")
            carried, refused = ((self.folder / name).read_text() for name in ("carried.jsonl", "refused.jsonl"))
            self.assertNotIn(good["refresh_token"], carried + refused)
            carried, refused = json.loads(carried), json.loads(refused)
            self.assertEqual((carried["line"], refused["line"]), (1, 2))
            self.assertEqual(refused["answer"]["key"], "credentials_rejected")
        connection = carried["answer"]["id"]
        self.run_here("linkspan", "connections", "test", connection)
        self.run_here("linkspan", "connections", "refresh", connection)


if __name__ == "__main__":
    unittest.main()
