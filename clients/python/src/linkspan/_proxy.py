"""Requests to a provider's API, to which Linkspan adds the connection's credentials."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import unquote

from linkspan._error import LinkspanError
from linkspan._http import Http, below, seconds


@dataclass(frozen=True)
class Answer:
    """What the provider answered; or Linkspan, if it could not ask."""

    status: int
    headers: Message = field(repr=False)
    """By name, in upper or lower case."""
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as JSON."""
        return json_format.loads(self.body)

    def text(self) -> str:
        """The body as text."""
        return self.body.decode(self.headers.get_content_charset("utf-8"), "replace")

    def raise_for_status(self) -> Answer:
        """Itself if it is `ok`. Otherwise raises Linkspan's error; the provider's is `answer_unexpected`."""
        if not self.ok:
            raise LinkspanError.of_answer(self.status, self.body, seconds(self.headers))
        return self


class Proxy:
    """The API of one connection's provider."""

    def __init__(self, http: Http, path: str, token: Callable[[], str]) -> None:
        self._http = http
        self._path = path
        self._token = token

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        json: Any = None,
        timeout: float | None = None,
    ) -> Answer:
        """Sends a request below the integration's `baseUri`, once: `request("GET", "/me")`.

        Any status is an answer. `path` may have a query of its own. `json` is sent in the place of `body`.
        """
        sent = dict(headers or {})
        if json is not None:
            if body is not None:
                raise ValueError("Give `body` or `json`.")
            body = json_format.dumps(json).encode()
            if not any(name.lower() == "content-type" for name in sent):
                sent["Content-Type"] = "application/json"
        to = below(path, query)
        # Dots lead up, and out of the connection to routes of the service's own.
        if any(part in (".", "..") for part in unquote(to.partition("?")[0]).split("/")):
            raise ValueError("`path` leads out of the integration's API.")
        sent["Authorization"] = f"Bearer {self._token()}"
        return Answer(*self._http.send(method.upper(), self._path + to, sent, body, timeout))
