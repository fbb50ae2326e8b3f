"""The tokens, as whoever reads them sees them."""

import base64
import hashlib
import hmac
import json
import sys
import time
import unittest
from email.message import Message
from typing import Any
from unittest import mock

from linkspan import Answer, Customer, Linkspan

SECRET = "a secret of this test"
NOW = 1_767_225_600


def read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims, _ = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    return json.loads(header), json.loads(claims)


class Tokens(unittest.TestCase):
    def setUp(self) -> None:
        self.linkspan = Linkspan("https://connect.example.com", workspace_key="acme", secret=SECRET)
        self.enter(mock.patch.object(time, "time", return_value=NOW + 0.9))

    def enter(self, patched: Any) -> None:
        patched.start()
        self.addCleanup(patched.stop)

    def test_a_customers_token_says_who_it_is_and_is_signed_by_the_secret(self) -> None:
        token = self.linkspan.customer_token(Customer("user-1", "Ada Lovelace", {"plan": "pro"}))
        header, claims = read(token)
        self.assertEqual(header, {"alg": "HS256", "typ": "JWT"})
        ada = {"iss": "acme", "id": "user-1", "name": "Ada Lovelace", "fields": {"plan": "pro"}, "exp": NOW + 600}
        self.assertEqual(claims, ada)
        signed, _, signature = token.rpartition(".")
        expected = hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha256)
        self.assertEqual(signature, base64.urlsafe_b64encode(expected).rstrip(b"=").decode())

    def test_a_management_token_names_no_customer(self) -> None:
        _, claims = read(self.linkspan.management_token())
        self.assertEqual(claims, {"iss": "acme", "isAdmin": True, "exp": NOW + 600})

    def test_what_limits_a_token_stands_in_it(self) -> None:
        linkspan = Linkspan("https://connect.example.com", workspace_key="acme", secret=SECRET, audience="linkspan")
        token = linkspan.management_token(expires_in=60, scopes=["connections:read", "proxy"], subject="support-7")
        _, claims = read(token)
        limits = {"aud": "linkspan", "scope": "connections:read proxy", "sub": "support-7", "exp": NOW + 60}
        self.assertEqual(claims, {"iss": "acme", "isAdmin": True} | limits)

    def test_no_scopes_are_not_all_of_them(self) -> None:
        nothing: list[Any] = [[], (), "connect", ""]
        for scopes in nothing:
            with self.subTest(scopes=scopes), self.assertRaises(ValueError):
                self.linkspan.management_token(scopes=scopes)

    def test_a_token_that_has_ended_is_not_made(self) -> None:
        for expires_in in (0, -1):
            with self.subTest(expires_in=expires_in), self.assertRaises(ValueError):
                self.linkspan.management_token(expires_in=expires_in)

    def test_a_session_without_a_customer_is_nobody(self) -> None:
        for id in (None, "", True, 1.5):
            with self.subTest(id=id), self.assertRaises(ValueError):
                Customer(id)  # type: ignore[arg-type]
        self.assertEqual(read(self.linkspan.customer_token(Customer(7)))[1]["id"], 7)

    def test_the_form_holds_a_token_that_can_only_connect(self) -> None:
        form = self.linkspan.start_form(Customer("user-1"), integration_key="crm", redirect_uri="https://a.example/?a&b")
        self.assertEqual(form.action, "https://connect.example.com/connection-popup")
        payload = json.loads(form.fields["payload"])
        _, claims = read(payload.pop("token"))
        self.assertEqual(claims, {"iss": "acme", "id": "user-1", "scope": "connect", "exp": NOW + 600})
        self.assertEqual(payload, {"integrationKey": "crm", "redirectUri": "https://a.example/?a&b"})

    def test_a_form_connects_something(self) -> None:
        with self.assertRaises(ValueError):
            self.linkspan.start_form(Customer("user-1"), redirect_uri="https://a.example/")

    def test_what_is_not_given_is_left_out_and_false_is_given(self) -> None:
        form = self.linkspan.start_form(
            Customer("user-1"), connection_id="c1", allow_multiple_connections=False, connection_parameters={"a": None}
        )
        payload = json.loads(form.fields["payload"])
        del payload["token"]
        expected = {"connectionId": "c1", "allowMultipleConnections": False, "connectionParameters": {"a": None}}
        self.assertEqual(payload, expected)

    def test_a_form_says_nothing_but_its_own(self) -> None:
        form = self.linkspan.start_form(Customer("user-1"), integration_key="crm", custom_state='"><script>')
        self.assertNotIn("<script>", form.html("<script>"))


class Secrets(unittest.TestCase):
    def test_nothing_shows_the_secret_or_a_token(self) -> None:
        linkspan = Linkspan("https://connect.example.com", workspace_key="acme", secret=SECRET)
        customer = Customer("user-1")
        form = linkspan.start_form(customer, integration_key="crm")
        session = linkspan.as_customer(customer)
        shown = [linkspan, form, session, session.connections, session.proxy("c1")]
        holders = [holder for each in shown if hasattr(each, "__dict__") for holder in vars(each).values()]
        text = repr([*shown, [each for each in holders if not isinstance(each, dict)]])
        self.assertIn("https://connect.example.com", text)
        self.assertNotIn(SECRET, text)
        self.assertNotIn("eyJ", text)

    def test_an_answer_does_not_show_what_is_in_it(self) -> None:
        self.assertEqual(repr(Answer(200, Message(), SECRET.encode())), "Answer(status=200)")

    def test_one_key_signs(self) -> None:
        wrong: list[dict[str, Any]] = [{}, {"secret": SECRET, "private_key": "PEM"}, {"secret": ""}, {"private_key": "no PEM"}]
        for keys in wrong:
            with self.subTest(keys=keys), self.assertRaises(ValueError) as refused:
                Linkspan("https://connect.example.com", workspace_key="acme", **keys)
            self.assertNotIn(SECRET, str(refused.exception))

    def test_private_keys_are_an_extra(self) -> None:
        absent = {"linkspan._private_key": None}
        with mock.patch.dict(sys.modules, absent), self.assertRaisesRegex(ImportError, r"linkspan\[crypto\]"):
            Linkspan("https://connect.example.com", workspace_key="acme", private_key="PEM")

    def test_an_algorithm_fits_the_key(self) -> None:
        with self.assertRaises(ValueError):
            Linkspan("https://connect.example.com", workspace_key="acme", secret=SECRET, algorithm="RS256")

    def test_tokens_go_nowhere_in_clear(self) -> None:
        for url in (
            "http://connect.example.com",
            "ftp://connect.example.com",
            "https://user@connect.example.com",
            "https://connect.example.com/?a=b",
            "https://connect.example.com/#a",
            "connect.example.com",
            "https://",
            "",
        ):
            with self.subTest(url=url), self.assertRaises(ValueError):
                Linkspan(url, workspace_key="acme", secret=SECRET)


if __name__ == "__main__":
    unittest.main()
