"""What ends without a connection, and what the caller hears of it."""

import json

import linkspan
from world import World


class Refusals(World):
    def begin(self, **config):
        self.define(**config)
        return self.start()

    def refused_at_once(self, **config):
        """A start that ends before the browser goes to the provider."""
        self.define(**config)
        started = self.browser.connect(self.integration, self.customer)
        self.assertTrue(started.location.startswith("http://127.0.0.1:1/done?"), started.location)
        return linkspan.query(started.location)

    def test_the_customer_says_no(self):
        callback = self.browser.decide(self.begin(), "deny")
        self.assert_refused(self.browser.result(callback), "authorization_denied")
        self.assertEqual(self.calls("/access-token"), [])

    def test_other_ways_to_say_no(self):
        self.define()
        for said in ("denied={token}", "oauth_problem=permission_denied&oauth_token={token}"):
            with self.subTest(said):
                callback, token = self.callback(self.start())
                result = self.browser.result(f"{callback}&{said.format(token=token)}")
                self.assert_refused(result, "authorization_denied")
        self.assertEqual(self.calls("/access-token"), [])

    def test_a_provider_that_does_not_confirm_the_callback(self):
        result = self.refused_at_once(requestTokenUri=f"{self.provider.base}/request-token/unconfirmed")
        self.assert_refused(result, "callback_unconfirmed")
        self.assertEqual(len(self.calls("/request-token/unconfirmed")), 1)

    def test_an_answer_of_another_flow(self):
        """The verifier of a flow that was not this browser's must not become its connection."""
        self.define()
        theirs = linkspan.query(self.browser.decide(self.start(), "allow"))
        callback, _ = self.callback(self.start())
        result = self.browser.result(
            f"{callback}&oauth_token={theirs['oauth_token']}&oauth_verifier={theirs['oauth_verifier']}"
        )
        self.assert_refused(result, "authorization_error")
        self.assertEqual(self.calls("/access-token"), [])

    def test_an_answer_without_a_verifier(self):
        callback, token = self.callback(self.begin())
        self.assert_refused(self.browser.result(f"{callback}&oauth_token={token}"), "code_missing")
        self.assertEqual(self.calls("/access-token"), [])

    def test_a_wrong_verifier(self):
        callback, token = self.callback(self.begin())
        result = self.browser.result(f"{callback}&oauth_token={token}&oauth_verifier=guessed")
        self.assert_refused(result, "token_rejected")
        self.assertEqual(len(self.calls("/access-token")), 1)

    def test_another_browser(self):
        callback = self.browser.decide(self.begin(), "allow")
        answer = linkspan.Browser().visit(callback)
        self.assertEqual(answer.status, 403, answer.body)
        self.assertIsNone(answer.location)
        self.assertEqual(self.calls("/access-token"), [])
        self.assertIn("connectionId", self.browser.result(callback))

    def test_a_wrong_consumer_secret_is_the_definitions_problem(self):
        result = self.refused_at_once(consumerSecret="wrong")
        self.assert_refused(result, "client_rejected")
        self.assertEqual(json.loads(result["errorData"])["type"], "configuration")

    def test_a_test_call_that_is_refused(self):
        self.define(test="/closed")
        callback = self.browser.decide(self.start(), "allow")
        self.assert_refused(self.browser.result(callback), "credentials_rejected")
        self.assertEqual(len(self.calls("/api/closed")), 1)

    def callback(self, started):
        """The callback that a start announced, and its temporary credentials' identifier."""
        token = linkspan.query(started.location)["oauth_token"]
        return self.provider.temporary[token].get_redirect_uri(), token
