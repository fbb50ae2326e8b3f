"""Whole flows against the local run: a customer's browser connects, and the backend uses the connection."""

from __future__ import annotations

import unittest
import urllib.request
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from linkspan import Customer, Linkspan, LinkspanError
from support import DEMO, demo, local_run, sent

API_KEY = {"company": "engines", "apiKey": "demo-api-key-ada"}


class Flows(unittest.TestCase):
    url: str
    customers = 0

    @classmethod
    def setUpClass(cls) -> None:
        cls.url = local_run(cls.addClassCleanup)

    def setUp(self) -> None:
        self.linkspan = demo(self.url)
        Flows.customers += 1
        self.customer = Customer(f"customer-{Flows.customers}", "Ada Lovelace", {"plan": "pro"})
        self.done = f"{self.url}/demo/connected"

    def connected(self, **start: Any) -> Any:
        """The connection that a customer made at the demo provider."""
        form = self.linkspan.start_form(self.customer, integration_key="demo-oauth2", redirect_uri=self.done, **start)
        browser = sent(form)
        browser.send(user_name="ada", password="lovelace")
        browser.send(decision="allow")
        self.assertTrue(browser.address.startswith(f"{self.done}?"), browser.page)
        return self.linkspan.connection_from_result(browser.address, self.customer)

    def with_key(self, customer: Customer | None = None, **start: Any) -> Any:
        """The connection that a customer made by what is known already."""
        customer = customer or self.customer
        form = self.linkspan.start_form(
            customer,
            integration_key="demo-api-key",
            redirect_uri=self.done,
            connection_parameters=API_KEY,
            allow_multiple_connections=True,
            **start,
        )
        return self.linkspan.connection_from_result(sent(form).address, customer)

    def refusal(self, call: Any) -> LinkspanError:
        with self.assertRaises(LinkspanError) as raised:
            call()
        return raised.exception

    def test_a_customer_connects_and_the_provider_is_called(self) -> None:
        connection = self.connected(name="Mine", custom_state="a&b")
        self.assertEqual((connection["name"], connection["userId"]), ("Mine", self.customer.id))
        session = self.linkspan.as_customer(self.customer)
        user = session.proxy(connection["id"]).request("GET", "/me").raise_for_status().json()
        self.assertEqual(user["name"], "Ada Lovelace")
        self.assertEqual(session.connections.test(connection["id"]), {"success": True})
        session.connections.refresh(connection["id"])
        self.assertNotEqual(session.connections.get(connection["id"])["version"], connection["version"])

    def test_a_customer_who_refuses_is_an_error_and_an_attempt(self) -> None:
        form = self.linkspan.start_form(self.customer, integration_key="demo-oauth2", redirect_uri=self.done)
        browser = sent(form)
        browser.send(user_name="ada", password="lovelace")
        browser.send(decision="deny")
        error = self.refusal(lambda: self.linkspan.connection_from_result(browser.address, self.customer))
        self.assertEqual((error.type, error.key), ("connection", "authorization_denied"))
        [attempt] = self.linkspan.as_manager().attempts.list(reference=error.reference)
        self.assertEqual((attempt["status"], attempt["userId"]), ("error", self.customer.id))
        self.assertEqual(attempt["error"]["key"], error.key)
        self.assertEqual(list(self.linkspan.as_customer(Customer("other")).attempts.list(status="error")), [])

    def test_a_link_is_made_read_and_cancelled(self) -> None:
        requests = self.linkspan.as_manager(scopes=["requests:create"]).connection_requests
        made = requests.create(
            user_id=str(self.customer.id), integration_key="demo-oauth2", prompt="We need your calendar.", tags=["mailed"]
        )
        self.assertEqual((made["status"], made["tags"]), ("pending", ["mailed"]))
        with urllib.request.urlopen(made["url"], timeout=30) as page:
            self.assertIn("We need your calendar.", page.read().decode())
        requests.cancel(made["requestId"])
        self.assertEqual(requests.get(made["requestId"])["status"], "cancelled")

    def test_a_result_is_believed_for_its_customer_alone(self) -> None:
        connection = self.with_key()
        query = {"connectionId": connection["id"]}
        error = self.refusal(lambda: self.linkspan.connection_from_result(query, Customer("other")))
        self.assertEqual((error.key, error.status), ("not_found", 404))

    def test_a_connection_is_renamed_archived_restored_and_disconnected(self) -> None:
        connections = self.linkspan.as_customer(self.customer).connections
        id = self.with_key()["id"]
        self.assertEqual(connections.rename(id, "Another")["name"], "Another")
        connections.archive(id)
        self.assertIn("archivedAt", connections.get(id))
        self.assertNotIn("archivedAt", connections.restore(id))
        connections.disconnect(id)
        self.assertEqual(connections.get(id)["state"], "CLIENT_ACTION_REQUIRED")
        proxy = self.linkspan.as_customer(self.customer).proxy(id)
        error = self.refusal(proxy.request("GET", "/companies/engines").raise_for_status)
        self.assertEqual(error.key, "connection_disconnected")

    def test_a_connection_is_connected_again_under_its_id(self) -> None:
        id = self.with_key()["id"]
        self.linkspan.as_customer(self.customer).connections.disconnect(id)
        form = self.linkspan.start_form(
            self.customer, connection_id=id, redirect_uri=self.done, connection_parameters=API_KEY
        )
        connection = self.linkspan.connection_from_result(sent(form).address, self.customer)
        self.assertEqual((connection["id"], connection["connected"]), (id, True))

    def test_lists_hold_everything_that_fits(self) -> None:
        made = [self.with_key(name=f"Number {number}")["id"] for number in range(3)]
        mine = self.linkspan.as_customer(self.customer).connections
        self.assertEqual([each["id"] for each in mine.list(limit=1)], made[::-1])
        self.assertEqual([each["id"] for each in mine.list(search="number 1")], [made[1]])
        mine.archive(made[0])
        self.assertEqual([each["id"] for each in mine.list()], [made[2], made[1]])
        self.assertEqual([each["id"] for each in mine.list(include_archived=True, limit=2)], made[::-1])
        mine.disconnect(made[1])
        every = self.linkspan.as_manager().connections
        for id, filters in ((made[1], {"disconnected": True}), (made[2], {"connected": True})):
            found = every.list(user_id=str(self.customer.id), integration_key="demo-api-key", **filters)  # type: ignore[arg-type]
            self.assertEqual([each["id"] for each in found], [id])
        attempts = self.linkspan.as_manager().attempts.list(user_id=str(self.customer.id), limit=1)
        self.assertEqual([attempt["connectionId"] for attempt in attempts], made[::-1])

    def test_secrets_are_for_managers(self) -> None:
        id = self.with_key()["id"]
        secrets = self.linkspan.as_manager().connections.get(id, include_secrets=True)
        self.assertEqual(secrets["parameters"], API_KEY)
        customer = self.linkspan.as_customer(self.customer).connections
        self.assertEqual(self.refusal(lambda: customer.get(id, include_secrets=True)).key, "access_denied")

    def test_integrations_are_shown_with_the_customers_connection(self) -> None:
        id = self.with_key()["id"]
        integrations = self.linkspan.as_customer(self.customer).integrations
        [listed] = [each for each in integrations.list() if each["key"] == "demo-api-key"]
        self.assertEqual(integrations.get("demo-api-key"), listed)
        self.assertEqual(listed["connection"]["id"], id)

    def test_a_session_is_whoever_its_token_says(self) -> None:
        ada = self.linkspan.as_customer(self.customer, scopes=["connections:read"], subject="support-7")
        expected = {
            "id": self.customer.id,
            "internalId": self.customer.id,
            "name": "Ada Lovelace",
            "fields": {"plan": "pro"},
        }
        self.assertEqual(ada.whoami(), expected | {"scopes": ["connections:read"]})
        self.assertEqual(self.linkspan.as_manager().whoami(), {"workspaceKey": "demo", "isAdmin": True})
        error = self.refusal(lambda: ada.connections.archive("65a1b3c9d2e4f60718293a4b"))
        self.assertEqual((error.key, error.data["scope"]), ("insufficient_scope", "connections:write"))

    def test_a_wrong_secret_and_an_unknown_connection_are_told_apart(self) -> None:
        unknown = "65a1b3c9d2e4f60718293a4b"
        error = self.refusal(lambda: self.linkspan.as_manager().connections.get(unknown))
        self.assertEqual((error.key, error.status), ("not_found", 404))
        stranger = demo(self.url, secret="another secret of sixty-four bytes, since a short one is refused anyway")
        error = self.refusal(lambda: stranger.as_manager().connections.get(unknown))
        self.assertEqual((error.key, error.status), ("not_authenticated", 401))

    def test_tokens_live_as_long_as_they_may(self) -> None:
        day = 24 * 60 * 60
        for expires_in, key in ((day, "connectionId"), (day + 600, "access")):
            form = self.linkspan.start_form(
                self.customer,
                integration_key="demo-api-key",
                redirect_uri=self.done,
                connection_parameters=API_KEY,
                expires_in=expires_in,
            )
            self.assertEqual("connectionId=" in sent(form).address, key == "connectionId")

    def test_any_status_of_the_provider_is_an_answer(self) -> None:
        proxy = self.linkspan.as_customer(self.customer).proxy(self.with_key()["id"])
        answer = proxy.request("GET", "/companies/another")
        self.assertEqual((answer.status, answer.ok), (404, False))
        self.assertEqual(self.refusal(answer.raise_for_status).key, "answer_unexpected")

    def test_other_routes_are_called_by_request(self) -> None:
        manager = self.linkspan.as_manager()
        body = {"integrationKey": "demo-api-key", "userId": self.customer.id, "parameters": API_KEY}
        connection = manager.request("POST", "/connections", body=body)
        self.assertEqual(connection["userId"], self.customer.id)
        erased = manager.request("DELETE", f"/customers/{self.customer.id}")
        self.assertEqual(erased["erased"], 1)

    def workspace(self, key: str, **definition: Any) -> None:
        """A workspace with the demo's integration for API keys."""
        manager = self.linkspan.as_manager()
        whole = {"name": key, "redirectUris": ["http://127.0.0.1:*/*"], "origins": ["http://127.0.0.1:*"], **definition}
        manager.request("PUT", f"/workspaces/{key}", body=whole)

    def integration(self, linkspan: Linkspan) -> None:
        demos = self.linkspan.as_manager().integrations.get("demo-api-key")
        option = {name: value for name, value in demos["authOptions"][0].items() if value is not None}
        body = {"name": "Accounting", "baseUri": demos["baseUri"], "authOptions": [option]}
        linkspan.as_manager().request("PUT", "/integrations/demo-api-key", body=body)

    def test_a_workspace_that_confirms_its_users_connects_by_the_result(self) -> None:
        secret = "confirming " * 8
        self.workspace("confirming", secret=secret, confirmUser=True)
        confirming = demo(self.url, workspace_key="confirming", secret=secret)
        self.integration(confirming)
        self.linkspan, demos = confirming, self.linkspan
        self.addCleanup(setattr, self, "linkspan", demos)

        form = confirming.start_form(
            self.customer, integration_key="demo-api-key", redirect_uri=self.done, connection_parameters=API_KEY
        )
        result = sent(form).address
        self.assertIn("connectionRequestId=", result)
        connection = confirming.connection_from_result(result, self.customer)
        self.assertEqual((connection["userId"], connection["connected"]), (self.customer.id, True))

        result = sent(form).address
        error = self.refusal(lambda: confirming.connection_from_result(result, Customer("victim")))
        self.assertEqual((error.key, error.data["field"]), ("access_denied", "token"))

    def test_every_algorithm_of_every_key_is_believed(self) -> None:
        keys: list[Any] = [
            rsa.generate_private_key(public_exponent=65537, key_size=2048),
            ec.generate_private_key(ec.SECP256R1()),
            ec.generate_private_key(ec.SECP384R1()),
            ed25519.Ed25519PrivateKey.generate(),
        ]
        public = [
            key.public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode()
            for key in keys
        ]
        self.workspace("signing", publicKeys=public, tokenAudience="linkspan")
        private = [
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ).decode()
            for key in keys
        ]
        expected = {"workspaceKey": "signing", "isAdmin": True}
        algorithms = [["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"], ["ES256"], ["ES384"], ["EdDSA"]]
        for pem, fitting in zip(private, algorithms):
            for algorithm in [None, *fitting]:
                with self.subTest(algorithm=algorithm, of=fitting):
                    signing = Linkspan(
                        self.url, workspace_key="signing", private_key=pem, algorithm=algorithm, audience="linkspan"  # type: ignore[arg-type]
                    )
                    self.assertEqual(signing.as_manager().whoami(), expected)
            with self.subTest(of=fitting), self.assertRaises(ValueError):
                Linkspan(self.url, workspace_key="signing", private_key=pem, algorithm="HS256")
        for algorithm in ("HS256", "HS384", "HS512"):
            with self.subTest(algorithm=algorithm):
                self.assertEqual(demo(self.url, algorithm=algorithm).as_manager().whoami()["workspaceKey"], "demo")  # type: ignore[typeddict-item]


if __name__ == "__main__":
    unittest.main()
