"""The client: one for each workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from linkspan._error import LinkspanError
from linkspan._http import Http
from linkspan._result import Query, parameter
from linkspan._session import Session
from linkspan._start import StartForm
from linkspan._token import Algorithm, Customer, Signer
from linkspan.types import Connection, Scope, Start


class Linkspan:
    """One workspace. It keeps nothing between calls, threads may share it, and it shows its secret to nobody.

    `url` is the service's address. The workspace signs with its `secret`, or with a `private_key` (PEM) whose public
    half it registered, which takes `linkspan[crypto]`: with HS256, or with what fits the key, unless `algorithm` names
    another. `audience` is the workspace's `tokenAudience`, if it has one. `timeout` is how many seconds a call waits,
    its repetitions included: the service answers within 30.
    """

    def __init__(
        self,
        url: str,
        *,
        workspace_key: str,
        secret: str | None = None,
        private_key: str | bytes | None = None,
        algorithm: Algorithm | None = None,
        audience: str | None = None,
        timeout: float = 35,
    ) -> None:
        self._signer = Signer(workspace_key, secret, private_key, algorithm, audience)
        self._http = Http(url, timeout)

    def __repr__(self) -> str:
        return f"Linkspan({self._http.url!r}, workspace_key={self._signer.workspace_key!r})"

    def customer_token(
        self,
        customer: Customer,
        *,
        expires_in: int = 600,
        scopes: Sequence[Scope] | None = None,
        subject: str | None = None,
    ) -> str:
        """A token that says who the customer is, for `expires_in` seconds.

        `scopes` is what it is limited to; unless given, to nothing. `subject` is who asks, for the operator's log.
        """
        return self._signer.token(customer.claims(), expires_in, scopes, subject)

    def management_token(
        self, *, expires_in: int = 600, scopes: Sequence[Scope] | None = None, subject: str | None = None
    ) -> str:
        """A token that manages the workspace, for `expires_in` seconds: for your backend alone."""
        return self._signer.token({"isAdmin": True}, expires_in, scopes, subject)

    def as_customer(
        self, customer: Customer, *, scopes: Sequence[Scope] | None = None, subject: str | None = None
    ) -> Session:
        """Calls in the customer's name: they reach nothing that is not the customer's."""
        return Session(self._http, lambda: self.customer_token(customer, scopes=scopes, subject=subject))

    def as_manager(self, *, scopes: Sequence[Scope] | None = None, subject: str | None = None) -> Session:
        """Calls in the workspace's name: they reach every customer's connections.

        Never hand them an id from an address.
        """
        return Session(self._http, lambda: self.management_token(scopes=scopes, subject=subject))

    def start_form(
        self,
        customer: Customer,
        *,
        integration_key: str | None = None,
        integration_id: str | None = None,
        connection_id: str | None = None,
        redirect_uri: str | None = None,
        name: str | None = None,
        auth_option_key: str | None = None,
        connection_parameters: Mapping[str, Any] | None = None,
        connector_parameters: Mapping[str, Any] | None = None,
        allow_multiple_connections: bool | None = None,
        custom_state: str | None = None,
        locale: str | None = None,
        request_id: str | None = None,
        expires_in: int = 600,
    ) -> StartForm:
        """The form by which the customer's browser starts a connection, or connects that of `connection_id` again.

        It can be sent for `expires_in` seconds. Its token can do nothing else.
        """
        if integration_key is None and integration_id is None and connection_id is None:
            raise ValueError("Give `integration_key`, `integration_id` or `connection_id`.")
        start = {
            "integrationKey": integration_key,
            "integrationId": integration_id,
            "connectionId": connection_id,
            "redirectUri": redirect_uri,
            "name": name,
            "authOptionKey": auth_option_key,
            "connectionParameters": connection_parameters,
            "connectorParameters": connector_parameters,
            "allowMultipleConnections": allow_multiple_connections,
            "customState": custom_state,
            "locale": locale,
            "requestId": request_id,
            "token": self.customer_token(customer, expires_in=expires_in, scopes=["connect"]),
        }
        payload = {parameter: value for parameter, value in start.items() if value is not None}
        return StartForm.of(self._http.url, cast(Start, payload))

    def connection_from_result(self, query: Query, customer: Customer) -> Connection:
        """The connection that the browser came back with, read with the customer's own token.

        `query` is the address that the browser came to, or its query: as text, or by name. `customer` is that of your
        session: somebody else's connection is `not_found`. In a workspace with `confirmUser` this makes the connection.
        Raises the error if the customer is not connected, and `result_missing` if the address has no result.
        """
        error = parameter(query, "error")
        if error is not None:
            raise LinkspanError.of_result(error, parameter(query, "errorData") or "")
        session = self.as_customer(customer, scopes=["connect", "connections:read"])
        if (connection_id := parameter(query, "connectionId")) is not None:
            return session.connections.get(connection_id)
        if (request_id := parameter(query, "connectionRequestId")) is not None:
            return session.complete_request(request_id)
        raise LinkspanError("The address has no result of a connection.", "bad_request", "result_missing")
