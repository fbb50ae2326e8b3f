"""Linkspan, called from a backend: mint tokens, start connections, verify their results, and use them."""

from linkspan._error import LinkspanError
from linkspan._linkspan import Linkspan
from linkspan._proxy import Answer, Proxy
from linkspan._resources import Attempts, Connections, Integrations
from linkspan._session import Session
from linkspan._start import StartForm
from linkspan._token import Customer
from linkspan._webhook import WebhookData, WebhookError, WebhookEvent, verify_webhook

__all__ = [
    "Answer",
    "Attempts",
    "Connections",
    "Customer",
    "Integrations",
    "Linkspan",
    "LinkspanError",
    "Proxy",
    "Session",
    "StartForm",
    "WebhookData",
    "WebhookError",
    "WebhookEvent",
    "verify_webhook",
]
