"""Webhooks: signed by Standard Webhooks (version 1.0.0), scheme `v1`."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any, TypedDict

# The seconds by which the timestamp may differ from this machine's clock.
_TOLERANCE = 300


class WebhookData(TypedDict):
    """What an event says. `connectionId` may also be `request#…` or `customer#…`."""

    connectionId: str
    workspaceKey: str
    userId: str
    tenantId: str
    integrationId: str
    time: str
    sequence: str
    tags: list[str]
    meta: dict[str, Any]


class WebhookEvent(TypedDict):
    """An event, as a webhook brings it."""

    type: str
    timestamp: str
    data: WebhookData


class WebhookError(Exception):
    """A request that is no webhook of this endpoint's, or an old one. It holds no secret."""


def verify_webhook(secret: str, headers: Mapping[str, str], body: bytes | str) -> WebhookEvent:
    """The event of a request, if Linkspan has signed it with the endpoint's secret, and not more than five minutes ago.

    `body` is what came, unread. Raises `WebhookError` for any other request.
    """
    key = _key(secret)
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    id_, timestamp, signatures = (_header(headers, name) for name in names)
    if not id_ or not timestamp or not signatures:
        raise WebhookError("The request has no webhook's headers.")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 15):
        raise WebhookError("The webhook's timestamp is no number.")
    # With a dot in it, two different messages would be one signed text.
    if not id_.isascii() or "." in id_:
        raise WebhookError("The webhook's id is none.")
    # What is no text in UTF-8 was never signed.
    content = body.encode(errors="replace") if isinstance(body, str) else body
    expected = hmac.digest(key, f"{id_}.{timestamp}.".encode() + content, hashlib.sha256)
    # Each is compared, and each in constant time.
    if not any([_fits(signature, expected) for signature in signatures.split(" ")]):
        raise WebhookError("The webhook is not signed with this secret.")
    if abs(time.time() - int(timestamp)) > _TOLERANCE:
        raise WebhookError("The webhook was signed more than five minutes ago, or the clocks differ.")
    try:
        event: Any = json.loads(content)
    except ValueError as error:
        raise WebhookError("The webhook's body is not JSON.") from error
    checked: WebhookEvent = event
    return checked


def _header(headers: Mapping[str, str], name: str) -> str | None:
    found = [value for key, value in headers.items() if key.lower() == name]
    return found[0] if len(found) == 1 else None


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith("whsec_") or len(key) < 16:
        raise ValueError("secret must be the endpoint's secret, whsec_ and base64")
    return key


def _fits(signature: str, expected: bytes) -> bool:
    if not signature.startswith("v1,"):
        return False
    try:
        given = base64.b64decode(signature.removeprefix("v1,"), validate=True)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(given, expected)
