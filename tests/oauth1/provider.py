"""An OAuth 1.0a provider on loopback: temporary credentials, a page to allow or deny, token credentials, an API."""

import logging
import os
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace

# RFC 5849 wants TLS for credentials; on loopback there is none.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "true"

from authlib.integrations.flask_oauth1 import AuthorizationServer, ResourceProtector, current_credential
from authlib.oauth1 import ClientMixin, TemporaryCredential
from authlib.oauth1.rfc5849.base_server import BaseServer
from authlib.oauth1.rfc5849.signature import generate_signature_base_string
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask, jsonify, request
from markupsafe import escape
from oauthlib.oauth1.rfc5849.signature import sign_hmac_sha256_with_client
from werkzeug.serving import make_server

logging.getLogger("werkzeug").setLevel(logging.ERROR)

METHODS = ["HMAC-SHA1", "HMAC-SHA256", "RSA-SHA1", "PLAINTEXT"]
USER = SimpleNamespace(get_user_id=lambda: "ada")


def _verify_hmac_sha256(signed):
    secrets = SimpleNamespace(client_secret=signed.client_secret, resource_owner_secret=signed.token_secret)
    return sign_hmac_sha256_with_client(generate_signature_base_string(signed), secrets) == signed.signature


BaseServer.register_signature_method("HMAC-SHA256", _verify_hmac_sha256)


@dataclass
class Client(ClientMixin):
    """A registration: its secret for the shared-secret methods, its RSA key for RSA-SHA1."""

    key: str
    secret: str
    private_key: str
    public_key: str

    def get_default_redirect_uri(self):
        return None

    def get_client_secret(self):
        return self.secret

    def get_rsa_public_key(self):
        return self.public_key


def _registered():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem, spki = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    # Everything in it means something to percent-encoding or to a base string.
    return Client("client!+ID&=~", "s&cr=t %+/é", private.decode(), key.public_key().public_bytes(pem, spki).decode())


@dataclass
class Provider:
    """What the provider knows, and what it was asked."""

    client: Client = field(default_factory=_registered)
    temporary: dict = field(default_factory=dict)
    tokens: dict = field(default_factory=dict)
    nonces: set = field(default_factory=set)
    # The requests to each path, oldest first.
    calls: dict = field(default_factory=dict)
    base: str = ""

    def start(self):
        server = make_server("127.0.0.1", 0, _app(self), threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{server.port}"
        return self

    def find_client(self, key):
        return self.client if key == self.client.key else None

    def is_used(self, nonce, timestamp, client, token):
        entry = (nonce, timestamp, client, token)
        used = entry in self.nonces
        self.nonces.add(entry)
        return used

    def issue_temporary(self, token, client, callback):
        credential = TemporaryCredential(token | {"client_id": client, "oauth_callback": callback})
        self.temporary[credential.get_oauth_token()] = credential
        return credential

    def issue_token(self, token, temporary):
        credential = TemporaryCredential(token | {"user_id": temporary.get_user_id()})
        self.tokens[credential.get_oauth_token()] = credential
        return credential


def _app(provider):
    app = Flask(__name__)
    app.config["OAUTH1_SUPPORTED_SIGNATURE_METHODS"] = METHODS
    server = AuthorizationServer(app, query_client=provider.find_client)
    for name, hook in {
        "exists_nonce": provider.is_used,
        "create_temporary_credential": provider.issue_temporary,
        "get_temporary_credential": provider.temporary.get,
        "delete_temporary_credential": lambda token: provider.temporary.pop(token, None),
        "create_authorization_verifier": lambda credential, user, verifier: credential.update(
            oauth_verifier=verifier, user_id=user.get_user_id()
        ),
        "create_token_credential": provider.issue_token,
    }.items():
        server.register_hook(name, hook)
    protect = ResourceProtector(
        app, provider.find_client, lambda client, token: provider.tokens.get(token), provider.is_used
    )

    @app.before_request
    def note():
        provider.calls.setdefault(request.path, []).append(
            SimpleNamespace(query=request.args.to_dict(flat=False), authorization=request.headers.get("Authorization"))
        )

    @app.post("/request-token")
    def request_token():
        return server.create_temporary_credentials_response()

    @app.post("/request-token/unconfirmed")
    def request_token_unconfirmed():
        """As before revision A of the protocol, which the callback could be stolen from."""
        response = server.create_temporary_credentials_response()
        response.set_data(response.get_data().split(b"&oauth_callback_confirmed")[0])
        return response

    @app.get("/authorize")
    def ask():
        token = escape(server.check_authorization_request().token)
        return (
            f'<form method="post" action="/authorize?oauth_token={token}">'
            '<button name="answer" value="allow">Allow</button> <button name="answer" value="deny">Deny</button></form>'
        )

    @app.post("/authorize")
    def answer():
        return server.create_authorization_response(grant_user=USER if request.form["answer"] == "allow" else None)

    @app.post("/access-token")
    def access_token():
        return server.create_token_response()

    @app.get("/api/me")
    @protect
    def me():
        return jsonify(id=current_credential.get_user_id(), asked=request.args.to_dict(flat=False))

    @app.get("/api/closed")
    @protect
    def closed():
        return jsonify(error="no access"), 403

    return app
