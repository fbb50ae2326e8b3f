"""The provider, the local run, and an integration between them."""

import json
import unittest

import linkspan
from provider import Provider


class World(unittest.TestCase):
    """Each test has an integration of its own at a provider of its own."""

    def setUp(self):
        self.provider = Provider().start()
        self.browser = linkspan.Browser()
        self.integration = "oauth1-" + self.id().rsplit(".", 1)[-1].replace("_", "-")[:40]
        self.customer = f"customer of {self.integration}"

    def define(self, method="HMAC-SHA1", test="/me?fields=c%26d%3D%25&fields=a%20b&fields=", **config):
        """PUT /integrations/…: an oauth1 option whose test call is `test`."""
        client, base = self.provider.client, self.provider.base
        config = {
            "consumerKey": client.key,
            **({"privateKey": client.private_key} if method == "RSA-SHA1" else {"consumerSecret": client.secret}),
            "signatureMethod": method,
            "requestTokenUri": f"{base}/request-token",
            "authorizeUri": f"{base}/authorize",
            "tokenUri": f"{base}/access-token",
        } | config
        option = {"key": "oauth1", "type": "oauth1", "config": config, "test": {"path": test}}
        definition = {"name": "Photos", "baseUri": f"{base}/api", "authOptions": [option]}
        return linkspan.api("PUT", f"/integrations/{self.integration}", definition)

    def start(self):
        """The redirect to the provider."""
        started = self.browser.connect(self.integration, self.customer)
        self.assertEqual(started.status, 303, started.body)
        self.assertTrue(started.location.startswith(f"{self.provider.base}/authorize?"), started.location)
        return started

    def connections(self):
        """What the customer has."""
        return linkspan.api("GET", "/connections", id=self.customer)["items"]

    def assert_refused(self, result, key):
        """The caller is told, and nothing is stored."""
        self.assertNotIn("connectionId", result)
        self.assertEqual(json.loads(result["errorData"])["key"], key, result)
        self.assertTrue(result["error"])
        self.assertEqual(result["mine"], "kept")
        self.assertEqual(self.connections(), [])

    def calls(self, path):
        """The provider's requests at a path."""
        return self.provider.calls.get(path, [])
