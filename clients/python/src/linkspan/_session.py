"""The API in somebody's name: a customer's, or the workspace's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from linkspan._http import Http, segment
from linkspan._proxy import Proxy
from linkspan._resources import Attempts, ConnectionRequests, Connections, Integrations
from linkspan.types import Connection, Self


class Session:
    """Each of its calls has a token of its own."""

    def __init__(self, http: Http, token: Callable[[], str]) -> None:
        self._http = http
        self._token = token
        self.connections = Connections(self.request)
        self.integrations = Integrations(self.request)
        self.connection_requests = ConnectionRequests(self.request)
        self.attempts = Attempts(self.request)

    def whoami(self) -> Self:
        """Whom the token speaks for."""
        return cast(Self, self.request("GET", "/self"))

    def proxy(self, connection_id: str) -> Proxy:
        """The integration's API, which Linkspan calls with the connection's credentials."""
        return Proxy(self._http, f"/connections/{segment(connection_id)}/proxy", self._token)

    def complete_request(self, connection_request_id: str) -> Connection:
        """In a workspace with `confirmUser`: makes the connection, if this customer is the one who began it."""
        path = f"/connection-requests/{segment(connection_request_id)}/complete"
        return cast(Connection, self.request("POST", path))

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """Any other route of the API, with a JSON body and answer: `request("POST", "/connections", body={…})`."""
        return self._http.json(self._token, method, path, query, body)
