"""One way to call the service: bounded in time, and repeated only where that does no harm."""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Callable, Mapping
from email.message import Message
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

from linkspan._error import LinkspanError

LOOPBACK = ("127.0.0.1", "::1", "localhost")
# What may be repeated: it changes nothing (RFC 9110 §9.2.1).
SAFE = ("GET", "HEAD")
TRIES = 3
# Ids and keys are made of these. What comes from an address and is none leads to no other route.
SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._~-]*")


class Http:
    """Sends requests to one address."""

    def __init__(self, url: str, timeout: float) -> None:
        parts = urlsplit(url)
        is_loopback = parts.hostname in LOOPBACK
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback):
            raise ValueError("`url` is an https address; http is for a local run, at loopback.")
        if not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("`url` is the service's address, without a user, a query and a fragment.")
        if timeout <= 0:
            raise ValueError("`timeout` is a number of seconds.")
        self.url = url.rstrip("/")
        self._timeout = timeout
        # No handler of redirects: a token goes to Linkspan alone. And none that takes a status for an exception.
        self._opener = OpenerDirector()
        self._opener.add_handler(ProxyHandler({} if is_loopback else None))
        self._opener.add_handler(HTTPHandler())
        if parts.scheme == "https":
            # Made once: it reads the machine's certificates.
            self._opener.add_handler(HTTPSHandler(context=ssl.create_default_context()))

    def json(
        self,
        token: Callable[[], str],
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """Calls with a JSON body, if any, and gives the answer's JSON, or raises the error that it says."""
        headers = {"Accept": "application/json"}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(_given(body)).encode()
        ends = time.monotonic() + self._timeout
        tries = 1
        while True:
            headers["Authorization"] = f"Bearer {token()}"
            left = max(ends - time.monotonic(), 0.001)
            status, answered, content = self.send(method, below(path, query), headers, data, left)
            if status < 300:
                return _parsed(status, content)
            error = LinkspanError.of_answer(status, content, seconds(answered))
            may_repeat = method in SAFE and status in (429, 503) and error.retry_after is not None
            if not may_repeat or tries == TRIES or time.monotonic() + (error.retry_after or 0) >= ends:
                raise error
            time.sleep(error.retry_after or 0)
            tries += 1

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout: float | None = None
    ) -> tuple[int, Message, bytes]:
        """Sends a request as it is, once, and gives whatever answers."""
        request = Request(self.url + path, data=body, method=method)
        for name, value in {"User-Agent": "linkspan-python", **headers}.items():
            request.add_header(name, value)
        if body is not None and not request.has_header("Content-type"):
            # Or the library would say that it is a form.
            request.add_header("Content-Type", "application/octet-stream")
        try:
            with self._opener.open(request, timeout=timeout or self._timeout) as answer:
                return answer.status, answer.headers, answer.read()
        except (OSError, HTTPException) as error:
            late = isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError)
            message = "Linkspan did not answer in time." if late else "Linkspan cannot be reached."
            raise LinkspanError(message, "dependency_error", "unreachable") from error


def segment(value: str) -> str:
    """An id or a key as one segment of a path, which no server reads as several, or as a step up."""
    if not SEGMENT.fullmatch(value):
        raise LinkspanError("There is nothing with this id.", "bad_request", "not_found")
    return value


def below(path: str, query: Mapping[str, Any] | None) -> str:
    """A path as it stands in an address, with its own query and a further one. `None` is not given."""
    path, _, own = quote(path, safe="/%?:@!$&'()*+,;=~[]").partition("?")
    # As JSON writes them. A list is its name several times.
    as_text = {
        name: str(value).lower() if isinstance(value, bool) else value for name, value in _given(query or {}).items()
    }
    joined = "&".join(part for part in (own, urlencode(as_text, doseq=True)) if part)
    path = path.lstrip("/")
    return (f"/{path}" if path else "") + (f"?{joined}" if joined else "")


def seconds(headers: Message) -> float | None:
    """`Retry-After`, where it is a number (RFC 9110 §10.2.3)."""
    text = headers.get("Retry-After")
    return float(text) if text is not None and re.fullmatch(r"[0-9]{1,9}", text) else None


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _parsed(status: int, content: bytes) -> Any:
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        raise LinkspanError.of_answer(status, content, None) from None
