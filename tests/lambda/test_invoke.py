"""Each binary takes API Gateway's events, as `cargo lambda invoke` hands them over."""

import base64
import json
import subprocess
import unittest

import client
import services

EVENTS = services.ROOT / "tests/lambda/events"


def with_a_token(event):
    """The event, with a token in the place of `TOKEN`: no token lasts as long as a file."""
    event = json.loads((EVENTS / event).read_text())
    token = client.token("event-customer", name="Event customer")
    if event.get("isBase64Encoded"):
        body = base64.b64decode(event["body"]).decode().replace("TOKEN", token)
        event["body"] = base64.b64encode(body.encode()).decode()
    return json.dumps(event).replace("TOKEN", token)


def invoke(function, event):
    """What the function returns to API Gateway."""
    done = subprocess.run(
        ["cargo", "lambda", "invoke", "--invoke-address", "127.0.0.1", "--invoke-port", str(services.WATCH_PORT),
         "--data-ascii", with_a_token(event), function],
        cwd=services.ROOT, capture_output=True, text=True, timeout=client.TIMEOUT,
    )
    if done.returncode:
        raise AssertionError(f"{function} on {event}: {done.stderr}")
    answer = json.loads(done.stdout)
    if answer.get("isBase64Encoded"):
        answer["body"] = base64.b64decode(answer["body"]).decode()
    answer["headers"] = {name.lower(): value for name, value in answer["headers"].items()}
    return answer


class Invoke(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        services.start()

    def assert_refused_on_a_page(self, answer):
        self.assertIn(answer["statusCode"], range(400, 500), answer)
        self.assertIn("text/html", answer["headers"]["content-type"])
        self.assertEqual(answer.get("cookies") or [], [])

    def test_initiate_get_without_a_token(self):
        self.assert_refused_on_a_page(invoke("initiate", "initiate-get.json"))

    def test_initiate_post_with_an_encoded_body(self):
        answer = invoke("initiate", "initiate-post.json")
        self.assertEqual(answer["statusCode"], 303, answer)
        asked = client.query(answer["headers"]["location"])
        self.assertEqual(asked["response_type"], "code")
        self.assertEqual(asked["code_challenge_method"], "S256")
        self.assertTrue(asked["redirect_uri"].startswith(f"{services.WATCH}/oauth-callback/"), asked)
        (cookie,) = answer["cookies"]
        self.assertTrue(cookie.startswith("__Host-"), cookie)

    def test_callback_from_another_browser(self):
        self.assert_refused_on_a_page(invoke("callback", "callback-get.json"))

    def test_finish_from_another_browser(self):
        self.assert_refused_on_a_page(invoke("finish", "finish-get.json"))

    def test_refresh_by_the_schedule(self):
        done = subprocess.run(
            ["cargo", "lambda", "invoke", "--invoke-address", "127.0.0.1", "--invoke-port", str(services.WATCH_PORT),
             "--data-ascii", "{}", "refresh"],
            cwd=services.ROOT, capture_output=True, text=True, timeout=client.TIMEOUT,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        swept = json.loads(done.stdout)
        # Here a function has less time than one refresh may take, so that it may leave what is due to the next run.
        self.assertEqual([swept[name] for name in ("renewed", "disconnected", "failed", "left")], [0, 0, 0, 0], swept)

    def test_api_knows_the_customer(self):
        answer = invoke("api", "api-get.json")
        self.assertEqual(answer["statusCode"], 200, answer)
        self.assertEqual(json.loads(answer["body"])["id"], "event-customer")
