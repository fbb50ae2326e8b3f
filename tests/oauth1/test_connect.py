"""From the start to a signed call with what was stored, by every signature method."""

import unittest

import linkspan
import requests
from provider import METHODS
from requests_oauthlib import OAuth1
from world import World


class Connect(World):
    def connect(self):
        result = self.browser.result(self.browser.decide(self.start(), "allow"))
        self.assertEqual(result.keys(), {"mine", "connectionId"}, result)
        return result["connectionId"]

    def credentials(self, connection):
        return linkspan.api("GET", f"/connections/{connection}?includeSecrets=true")["credentials"]

    def use(self, method, credentials):
        """A call by somebody else's client, signed with the stored credentials."""
        client = self.provider.client
        auth = OAuth1(
            client.key, client.secret, credentials["oauth_token"], credentials["oauth_token_secret"],
            signature_method=method, rsa_key=client.private_key if method == "RSA-SHA1" else None,
        )
        return requests.get(f"{self.provider.base}/api/me?later=1", auth=auth, timeout=30)

    def assert_connects(self, method):
        self.define(method)
        connection = self.connect()
        read = linkspan.api("GET", f"/connections/{connection}", id=self.customer)
        self.assertEqual((read["state"], read["connected"]), ("READY", True))
        self.assertNotIn("credentials", read)

        credentials = self.credentials(connection)
        issued = self.provider.tokens[credentials["oauth_token"]]
        self.assertEqual(credentials["oauth_token_secret"], issued.get_oauth_token_secret())
        self.assertNotIn("oauth_verifier", credentials)

        (tested,) = self.calls("/api/me")
        self.assertEqual(tested.query, {"fields": ["c&d=%", "a b", ""]})
        self.assertIn(f'oauth_signature_method="{method}"', tested.authorization)
        used = self.use(method, credentials)
        self.assertEqual((used.status_code, used.json()["id"]), (200, "ada"), used.text)

    def test_hmac_sha1(self):
        self.assert_connects("HMAC-SHA1")

    def test_hmac_sha256(self):
        self.assert_connects("HMAC-SHA256")

    def test_rsa_sha1(self):
        self.assert_connects("RSA-SHA1")

    def test_plaintext(self):
        self.assert_connects("PLAINTEXT")

    def test_all_methods_are_tested(self):
        self.assertEqual({f"test_{method.lower().replace('-', '_')}" for method in METHODS} - set(dir(self)), set())

    def test_no_nonce_comes_twice(self):
        self.define()
        self.connect()
        nonces = [nonce for nonce, *_ in self.provider.nonces]
        self.assertEqual((len(nonces), len(set(nonces))), (3, 3))

    def test_a_repeated_callback_is_the_same_result(self):
        self.define()
        callback = self.browser.decide(self.start(), "allow")
        first, second = self.browser.result(callback), self.browser.result(callback)
        self.assertEqual(first, second)
        self.assertEqual(len(self.calls("/access-token")), 1)

    def test_reconnecting_keeps_the_connection_and_renews_its_credentials(self):
        self.define()
        connection = self.connect()
        before = self.credentials(connection)
        started = self.browser.connect(self.integration, self.customer, connectionId=connection)
        result = self.browser.result(self.browser.decide(started, "allow"))
        self.assertEqual(result["connectionId"], connection)
        after = self.credentials(connection)
        self.assertNotEqual(after["oauth_token"], before["oauth_token"])
        self.assertEqual(self.use("HMAC-SHA1", after).status_code, 200)
        self.assertEqual([each["id"] for each in self.connections()], [connection])


if __name__ == "__main__":
    unittest.main()
