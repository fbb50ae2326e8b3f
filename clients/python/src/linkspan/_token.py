"""The tokens that say who calls: JWTs (RFC 7519) that the workspace signs."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from linkspan.types import Scope

Algorithm = Literal[
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"
]

# Hash functions by the names of the algorithms of a secret (RFC 7518 §3.2).
HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


@dataclass(frozen=True)
class Customer:
    """A customer of yours. Take the id from your session, never from an address."""

    id: str | int
    """1 to 255 bytes, or an integer."""
    name: str | None = None
    """The name that pages show."""
    fields: Mapping[str, Any] | None = None
    """Returned by `whoami`."""

    def __post_init__(self) -> None:
        # A session without a customer must not become a token.
        if not isinstance(self.id, (str, int)) or isinstance(self.id, bool) or self.id == "":
            raise ValueError("A customer's `id` is a text or an integer.")

    def claims(self) -> dict[str, Any]:
        """What a token says of the customer."""
        claims: dict[str, Any] = {"id": self.id}
        if self.name is not None:
            claims["name"] = self.name
        if self.fields is not None:
            claims["fields"] = dict(self.fields)
        return claims


class Signer:
    """Signs a workspace's tokens. It shows its key to nobody."""

    def __init__(
        self,
        workspace_key: str,
        secret: str | None,
        private_key: str | bytes | None,
        algorithm: Algorithm | None,
        audience: str | None,
    ) -> None:
        if not workspace_key:
            raise ValueError("`workspace_key` is empty.")
        self.workspace_key = workspace_key
        self._audience = audience
        self._algorithm: Algorithm
        self._sign: Callable[[bytes], bytes]
        if secret is not None and private_key is None:
            self._algorithm, self._sign = _of_secret(secret, algorithm or "HS256")
        elif private_key is not None and secret is None:
            try:
                from linkspan._private_key import signing
            except ModuleNotFoundError as error:
                raise ImportError("`private_key` needs the package's extra: linkspan[crypto].") from error
            self._algorithm, self._sign = signing(private_key, algorithm)
        else:
            raise ValueError("Give `secret` or `private_key`.")

    def token(
        self, claims: Mapping[str, Any], expires_in: int, scopes: Sequence[Scope] | None, subject: str | None = None
    ) -> str:
        """A token of these claims that ends after `expires_in` seconds."""
        if expires_in < 1:
            raise ValueError("`expires_in` is a number of seconds.")
        # No scope at all is not the same as no limit, and a text is not a list of its letters.
        if isinstance(scopes, str) or (scopes is not None and not scopes):
            raise ValueError("`scopes` is a list that names a scope.")
        whole = {
            "iss": self.workspace_key,
            **claims,
            "sub": subject,
            "aud": self._audience,
            "scope": None if scopes is None else " ".join(scopes),
            "exp": int(time.time()) + int(expires_in),
        }
        given = {name: value for name, value in whole.items() if value is not None}
        signed = f"{_encoded({'alg': self._algorithm, 'typ': 'JWT'})}.{_encoded(given)}"
        return f"{signed}.{_base64url(self._sign(signed.encode()))}"


def _of_secret(secret: str, algorithm: Algorithm) -> tuple[Algorithm, Callable[[bytes], bytes]]:
    if not secret:
        raise ValueError("`secret` is empty.")
    if algorithm not in HASHES:
        raise ValueError("`algorithm` does not fit a secret.")
    key = secret.encode()
    return algorithm, lambda message: hmac.digest(key, message, HASHES[algorithm])


def _encoded(part: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(part, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
