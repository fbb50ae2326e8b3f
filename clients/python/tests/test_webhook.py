"""Webhooks: what the local run sends verifies here and with the specification's own package, and nothing else does."""

from __future__ import annotations

import base64
import json
import time
import unittest
import urllib.request
from datetime import datetime, timedelta, timezone
from typing import Any

from linkspan import Customer, WebhookError, verify_webhook
from standardwebhooks import Webhook
from support import Server, demo, local_run, sent

SECRET = "whsec_" + base64.b64encode(b"\7" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"\10" * 32).decode()
BODY = json.dumps({"type": "connection.created", "timestamp": "2026-01-31T08:15:00.123Z", "data": {}})


def signed(secret: str, minutes: float = 0, body: str = BODY) -> dict[str, str]:
    """The headers of a request as the specification's package signs it."""
    at = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(minutes=minutes)
    signature = Webhook(secret).sign("msg_1", at, body)
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


class Verifying(unittest.TestCase):
    def test_what_the_specifications_package_has_signed_is_read(self) -> None:
        headers = signed(SECRET)
        capitals = {name.title(): value for name, value in headers.items()}
        for given in (headers, capitals):
            self.assertEqual(verify_webhook(SECRET, given, BODY)["type"], "connection.created")
            self.assertEqual(verify_webhook(SECRET, given, BODY.encode())["data"], {})
        both = f"{signed(OTHER)['webhook-signature']} v2,AAAA {headers['webhook-signature']}"
        self.assertEqual(verify_webhook(SECRET, headers | {"webhook-signature": both}, BODY)["data"], {})

    def test_what_is_anothers_or_was_changed_is_refused(self) -> None:
        headers = signed(SECRET)
        later = str(int(headers["webhook-timestamp"]) + 1)
        cases: list[tuple[dict[str, str], str]] = [
            (signed(OTHER), BODY),
            (headers, BODY + " "),
            (headers | {"webhook-id": "msg_2"}, BODY),
            (headers | {"webhook-timestamp": later}, BODY),
            (headers | {"webhook-timestamp": "now"}, BODY),
            (headers | {"webhook-signature": ""}, BODY),
            (headers | {"webhook-signature": "v1,"}, BODY),
            (headers | {"webhook-signature": "v1,\u00e9"}, BODY),
            (headers | {"webhook-signature": headers["webhook-signature"].replace("v1,", "v1a,")}, BODY),
            (headers | {"Webhook-Id": "msg_1"}, BODY),
            (headers | {"webhook-id": "msg_\udc80"}, BODY),
            (headers | {"webhook-id": "msg_1.1"}, BODY),
            (headers, BODY + "\udc80"),
            ({}, BODY),
            (signed(SECRET, -6), BODY),
            (signed(SECRET, 6), BODY),
            (signed(SECRET, body="no JSON"), "no JSON"),
        ]
        for given, body in cases:
            with self.subTest(given), self.assertRaises(WebhookError) as raised:
                verify_webhook(SECRET, given, body)
            self.assertNotIn(SECRET[6:], str(raised.exception))
        self.assertEqual(verify_webhook(SECRET, signed(SECRET, -4), BODY)["data"], {})
        for secret in ("", "whsec_", "whsec_!", SECRET[6:]):
            with self.subTest(secret), self.assertRaises(ValueError):
                verify_webhook(secret, headers, BODY)


class Arriving(unittest.TestCase):
    def test_the_local_run_sends_what_happens_signed(self) -> None:
        url = local_run(self.addCleanup)
        linkspan = demo(url)
        # It refuses the first try, and takes the second.
        receiver = Server([(503, {}, b""), (204, {}, b"")])
        hooks = receiver.start(self.addCleanup)

        def manage(method: str, path: str, body: Any = None) -> Any:
            headers = {"Authorization": f"Bearer {linkspan.management_token()}", "Content-Type": "application/json"}
            data = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(url + path, data, headers, method=method)
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)

        endpoint = manage("POST", "/webhook-endpoints", {"url": f"{hooks}/hooks", "events": ["connection.created"]})
        done = f"{url}/demo/connected"
        form = linkspan.start_form(
            Customer("hooked"),
            integration_key="demo-api-key",
            redirect_uri=done,
            connection_parameters={"company": "engines", "apiKey": "demo-api-key-ada"},
        )
        connection = linkspan.connection_from_result(sent(form).address, Customer("hooked"))
        # The pause after the first try is 10 seconds, and up to a tenth more.
        until = time.monotonic() + 30
        while len(receiver.seen) < 2 and time.monotonic() < until:
            time.sleep(0.1)
        first, second = receiver.seen
        self.assertEqual((first.headers["webhook-id"], first.body), (second.headers["webhook-id"], second.body))
        for seen in (first, second):
            event = verify_webhook(endpoint["secret"], dict(seen.headers), seen.body)
            self.assertEqual(event["data"]["connectionId"], connection["id"])
            headers = {name.lower(): value for name, value in seen.headers.items()}
            self.assertEqual(Webhook(endpoint["secret"]).verify(seen.body, headers), event)


if __name__ == "__main__":
    unittest.main()
