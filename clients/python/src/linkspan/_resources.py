"""The REST resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

from linkspan._http import segment
from linkspan.types import (
    Attempt,
    AttemptStatus,
    Connection,
    ConnectionRequest,
    Integration,
    TestResult,
)


class Request(Protocol):
    """Calls the API in somebody's name."""

    def __call__(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any: ...


class Connections:
    """Customers' accounts at services."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def list(
        self,
        *,
        user_id: str | None = None,
        integration_key: str | None = None,
        integration_id: str | None = None,
        search: str | None = None,
        tag: str | None = None,
        connected: bool | None = None,
        disconnected: bool | None = None,
        include_archived: bool | None = None,
        limit: int | None = None,
    ) -> Iterator[Connection]:
        """All of them, a page at a time; `limit` is the size of a page."""
        query = {
            "userId": user_id,
            "integrationKey": integration_key,
            "integrationId": integration_id,
            "search": search,
            "tag": tag,
            "connected": connected,
            "disconnected": disconnected,
            "includeArchived": include_archived,
            "limit": limit,
        }
        return _every_page(self._request, "/connections", query)

    def get(self, id: str, *, include_secrets: bool | None = None) -> Connection:
        """One connection, archived or not. Its secrets need a management token."""
        return cast(Connection, self._request("GET", _connection(id), {"includeSecrets": include_secrets}))

    def rename(self, id: str, name: str) -> Connection:
        """Gives it another name."""
        return cast(Connection, self._request("PATCH", _connection(id), body={"name": name}))

    def test(self, id: str) -> TestResult:
        """Asks the integration's API whether it accepts the credentials."""
        return cast(TestResult, self._request("POST", f"{_connection(id)}/test"))

    def refresh(self, id: str) -> None:
        """Refreshes the credentials now. You need not: they are refreshed before they end."""
        self._request("POST", f"{_connection(id)}/refresh-credentials")

    def disconnect(self, id: str) -> None:
        """Deletes the credentials and has the provider revoke them. The customer can reconnect."""
        self._request("POST", f"{_connection(id)}/disconnect")

    def archive(self, id: str) -> None:
        """Takes it out of use."""
        self._request("DELETE", _connection(id))

    def restore(self, id: str, *, allow_multiple_connections: bool | None = None) -> Connection:
        """Brings an archived connection back, with its credentials if they are still kept."""
        body = {"allowMultipleConnections": allow_multiple_connections}
        return cast(Connection, self._request("POST", f"{_connection(id)}/restore", body=body))


class Integrations:
    """What can be connected."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def list(self) -> Sequence[Integration]:
        """All of them; for a customer each with their newest live connection."""
        return cast(Sequence[Integration], self._request("GET", "/integrations")["items"])

    def get(self, id_or_key: str) -> Integration:
        """One of them."""
        return cast(Integration, self._request("GET", f"/integrations/{segment(id_or_key)}"))


class ConnectionRequests:
    """Links by which customers connect: mail them, or show them as a QR code."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def create(
        self,
        *,
        user_id: str | None = None,
        integration_key: str | None = None,
        integration_id: str | None = None,
        connection_id: str | None = None,
        name: str | None = None,
        tags: Sequence[str] | None = None,
        meta: Mapping[str, Any] | None = None,
        auth_option_key: str | None = None,
        allow_multiple_connections: bool | None = None,
        connector_parameters: Mapping[str, Any] | None = None,
        redirect_uri: str | None = None,
        custom_state: str | None = None,
        prompt: str | None = None,
        expires_in: int | None = None,
    ) -> ConnectionRequest:
        """Makes a link: its `url`. A session that manages the workspace says for which `user_id`."""
        body = {
            "userId": user_id,
            "integrationKey": integration_key,
            "integrationId": integration_id,
            "connectionId": connection_id,
            "name": name,
            "tags": tags,
            "meta": meta,
            "authOptionKey": auth_option_key,
            "allowMultipleConnections": allow_multiple_connections,
            "connectorParameters": connector_parameters,
            "redirectUri": redirect_uri,
            "customState": custom_state,
            "prompt": prompt,
            "expiresIn": expires_in,
        }
        return cast(ConnectionRequest, self._request("POST", "/connection-requests", body=body))

    def get(self, request_id: str) -> ConnectionRequest:
        """How it stands: `pending`, `success` with its `resultConnectionId`, `error`, or `cancelled`."""
        return cast(ConnectionRequest, self._request("GET", _connection_request(request_id)))

    def cancel(self, request_id: str) -> None:
        """From now on the link connects nothing. One that has ended stays as it is."""
        self._request("DELETE", _connection_request(request_id))


class Attempts:
    """What became of the starts of the last 30 days."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def list(
        self,
        *,
        user_id: str | None = None,
        integration_key: str | None = None,
        integration_id: str | None = None,
        connection_id: str | None = None,
        status: AttemptStatus | None = None,
        reference: str | None = None,
        limit: int | None = None,
    ) -> Iterator[Attempt]:
        """The newest first, a page at a time; `limit` is the size of a page."""
        query = {
            "userId": user_id,
            "integrationKey": integration_key,
            "integrationId": integration_id,
            "connectionId": connection_id,
            "status": status,
            "reference": reference,
            "limit": limit,
        }
        return _every_page(self._request, "/connection-attempt-logs", query)


def _connection(id: str) -> str:
    return f"/connections/{segment(id)}"


def _connection_request(id: str) -> str:
    return f"/connection-requests/{segment(id)}"


def _every_page(request: Request, path: str, query: Mapping[str, Any]) -> Iterator[Any]:
    """A page can be short, or empty, while there is a cursor."""
    cursor: str | None = "0"
    while cursor is not None:
        page = request("GET", path, {**query, "cursor": cursor})
        yield from page["items"]
        cursor = page.get("cursor")
