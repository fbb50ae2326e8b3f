"""A customer connects: the Lambda binaries, the demo provider, and nothing stubbed in between."""

import json
import unittest
from urllib.parse import urlsplit

import client
import services

SIGN_IN = {"user_name": "ada", "password": "lovelace"}


def connect(browser, customer, **parameters):
    """Starts a flow as the workspace's page does: a form that posts `payload`."""
    payload = {
        "token": client.token(customer, name="Ada"),
        "integrationKey": "demo-oauth2",
        "redirectUri": f"{services.LOCAL}/demo/connected?mine=kept",
        "customState": "a b&c",
    } | parameters
    return browser.visit(
        f"{services.WATCH}/connection-popup", form={"payload": json.dumps(payload)},
        headers={"Origin": services.LOCAL},
    )


def consent(browser, started):
    """Signs in at the provider and agrees; returns the address that it sends the browser back to."""
    answer = browser.visit(started.location)
    for _ in range(6):
        if answer.location and answer.location.startswith(f"{services.WATCH}/oauth-callback"):
            return answer.location
        answer = browser.visit(answer.location) if answer.location else browser.submit(answer, SIGN_IN)
    raise AssertionError(f"the provider did not send the browser back: {answer.status} {answer.body[:2000]}")


def outcome(browser, callback):
    """From the provider's answer to the redirect that carries the result."""
    answer = browser.visit(callback)
    hops = [answer]
    while answer.location and answer.location.startswith(services.WATCH) and len(hops) < 5:
        answer = browser.visit(answer.location)
        hops.append(answer)
    return hops


class Flow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        services.start()
        cls.browser = client.Browser()
        cls.started = connect(cls.browser, "watch-customer")
        if cls.started.status != 303:
            raise AssertionError(f"the flow did not start: {cls.started.status} {cls.started.body[:2000]}")
        cls.callback = consent(cls.browser, cls.started)
        cls.hops = outcome(cls.browser, cls.callback)
        cls.result = cls.hops[-1]
        if not cls.result.location:
            raise AssertionError(f"the flow did not end in a redirect: {cls.result.status} {cls.result.body[:2000]}")

    def test_the_provider_is_asked_with_pkce_for_this_integrations_callback(self):
        self.assertTrue(self.started.location.startswith(f"{services.LOCAL}/demo-provider/authorize?"))
        asked = client.query(self.started.location)
        self.assertEqual(asked["response_type"], "code")
        self.assertEqual(asked["code_challenge_method"], "S256")
        self.assertGreaterEqual(len(asked["state"]), 43)
        self.assertEqual(asked["redirect_uri"], self.callback.split("?")[0])

    def test_the_browser_gets_one_host_cookie(self):
        (cookie,) = self.started.set_cookies
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        self.assertTrue(cookie.startswith("__Host-"), cookie)
        self.assertLessEqual({"secure", "httponly", "samesite=lax", "path=/", "max-age=4500"}, attributes)

    def test_the_result_goes_to_the_redirect_uri(self):
        self.assertEqual([hop.status for hop in self.hops], [303] * len(self.hops))
        self.assertEqual(urlsplit(self.hops[0].location).path.rsplit("/", 1)[0], "/connection-result")
        result = client.query(self.result.location)
        self.assertTrue(self.result.location.startswith(f"{services.LOCAL}/demo/connected?"), self.result.location)
        self.assertEqual(result.keys(), {"mine", "customState", "connectionId"})
        self.assertEqual((result["mine"], result["customState"]), ("kept", "a b&c"))

    def test_the_connection_is_its_customers_alone(self):
        connection_id = client.query(self.result.location)["connectionId"]
        status, connection = client.api(f"/connections/{connection_id}", client.token("watch-customer"))
        self.assertEqual(status, 200, connection)
        self.assertEqual(connection["id"], connection_id)
        self.assertEqual(connection["state"], "READY")
        self.assertFalse({"credentials", "parameters", "connectorParameters"} & connection.keys())
        status, error = client.api(f"/connections/{connection_id}", client.token("someone-else"))
        self.assertEqual((status, error["key"]), (404, "not_found"))

    def test_the_list_has_it(self):
        status, page = client.api("/connections", client.token("watch-customer"))
        self.assertEqual(status, 200, page)
        connection_id = client.query(self.result.location)["connectionId"]
        self.assertIn(connection_id, [connection["id"] for connection in page["items"]])

    def test_a_repeated_callback_gives_the_same_result(self):
        self.assertEqual(outcome(self.browser, self.callback)[-1].location, self.result.location)

    def test_another_browser_gets_nothing(self):
        for url in (self.callback, self.hops[0].location):
            answer = client.Browser().visit(url)
            self.assertIn(answer.status, range(400, 500), url)
            self.assertIsNone(answer.location)
