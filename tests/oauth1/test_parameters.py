"""Scopes and what else a provider wants, in the step where it wants them."""

import linkspan
from world import World

WANTED = {"scopes": ["read", "write all"], "extra": {"expiration": "never", "x_access type": "a&b=c"}}
SENT = {"scope": "read,write all", "expiration": "never", "x_access type": "a&b=c"}


class Parameters(World):
    def test_in_the_authorization_step_unless_told_otherwise(self):
        self.define(**WANTED)
        asked = linkspan.query(self.start().location)
        self.assertEqual({name: value for name, value in asked.items() if name != "oauth_token"}, SENT)
        self.assertEqual([call.query for call in self.calls("/request-token")], [{}])

    def test_in_the_request_for_temporary_credentials(self):
        self.define(**WANTED, extraIn="request", scopeSeparator=" ")
        # They are signed: a provider that got anything else would have refused.
        asked = linkspan.query(self.start().location)
        self.assertEqual(asked.keys(), {"oauth_token"})
        sent = {name: [value] for name, value in SENT.items()} | {"scope": ["read write all"]}
        self.assertEqual([call.query for call in self.calls("/request-token")], [sent])

    def test_beside_what_the_addresses_hold_already(self):
        base = self.provider.base
        self.define(
            **WANTED, requestTokenUri=f"{base}/request-token?tenant=a%20b&x", authorizeUri=f"{base}/authorize?lang=de"
        )
        asked = linkspan.query(self.start().location)
        self.assertEqual((asked["lang"], asked["scope"]), ("de", SENT["scope"]))
        self.assertEqual([call.query for call in self.calls("/request-token")], [{"tenant": ["a b"], "x": [""]}])

    def test_the_callback_is_the_integrations_own(self):
        defined = self.define()
        callback = self.browser.decide(self.start(), "allow")
        self.assertEqual(callback.split("?")[0], defined["oAuthCallbackUri"])
        self.assertEqual(linkspan.query(callback).keys(), {"state", "oauth_token", "oauth_verifier"})
