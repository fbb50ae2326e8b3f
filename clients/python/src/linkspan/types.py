"""What the API takes and answers. Made of `docs/openapi.json` by `generate.py`: do not change it by hand."""

from __future__ import annotations

from typing import Any, Literal, TypedDict, Union


Key = str
"""A key that a team chooses."""


class Face(TypedDict):
    """What is shown of an integration beside its connection."""
    id: str
    key: Key
    name: str
    """The service's name."""
    logoUri: str
    """An https address; empty where there is none."""


ConnectionState = Literal["READY", "CLIENT_ACTION_REQUIRED"]
"""`CLIENT_ACTION_REQUIRED` while it is disconnected."""


ErrorType = Literal["bad_request", "connection", "configuration", "dependency_error", "concurrency", "internal"]
"""Who has to act: `bad_request` the caller, `connection` the customer, `configuration` whoever defines the
integration, `dependency_error` nobody (try later), `concurrency` nobody (try again), `internal` Linkspan."""


ErrorKey = Literal[
    "request_malformed",
    "request_too_large",
    "media_type_unsupported",
    "method_not_allowed",
    "not_supported",
    "parameter_missing",
    "parameter_conflict",
    "not_authenticated",
    "access_denied",
    "insufficient_scope",
    "not_found",
    "already_exists",
    "integration_in_use",
    "workspace_not_empty",
    "customer_erased",
    "connection_request_used",
    "connection_request_cancelled",
    "connection_request_expired",
    "redirect_uri_not_allowed",
    "origin_not_allowed",
    "input_invalid",
    "scope_not_allowed",
    "configuration_invalid",
    "state_missing",
    "state_unknown",
    "state_expired",
    "browser_mismatch",
    "integration_mismatch",
    "issuer_mismatch",
    "callback_signature_invalid",
    "authorization_denied",
    "authorization_error",
    "code_missing",
    "callback_unconfirmed",
    "token_rejected",
    "client_rejected",
    "provider_refused",
    "token_response_invalid",
    "provider_unreachable",
    "response_too_large",
    "credentials_rejected",
    "flow_interrupted",
    "access_token_expired",
    "connection_disconnected",
    "refresh_interrupted",
    "refresh_token_missing",
    "interaction_required",
    "lock_timeout",
    "precondition_failed",
    "precondition_required",
    "storage_unavailable",
    "key_unavailable",
    "rate_limit_exceeded",
    "internal",
]
"""What is wrong. Keys are stable: they are only ever added. docs/errors.md says what each means."""


class ErrorData(TypedDict, total=False):
    """Facts for programs."""
    field: str
    """The parameter, the field or the setting that the error is about."""
    providerError: str
    """The provider's error code, when it is one of RFC 6749."""
    status: int
    """The status of the provider's refusal."""
    since: str
    """In a connection's error: the time of the first failure in a row."""
    tries: int
    """In a connection's error: the failures in a row."""
    allow: str
    """The methods that the path has, as in `Allow`."""
    scope: str
    """The scope that the token lacks."""


class _ErrorRequired(TypedDict):
    type: ErrorType
    """Who has to act: `bad_request` the caller, `connection` the customer, `configuration` whoever defines the
    integration, `dependency_error` nobody (try later), `concurrency` nobody (try again), `internal` Linkspan."""
    key: ErrorKey
    """What is wrong. Keys are stable: they are only ever added. docs/errors.md says what each means."""
    message: str
    """For people. It never holds a secret, nor the provider's own words."""


class Error(_ErrorRequired, total=False):
    """Every error: the body of a response, and the value of `errorData` at `redirectUri`."""
    data: ErrorData
    """Facts for programs."""
    reference: str
    """Names this attempt in the operator's log and on the customer's page."""


ConnectionKey = str
"""A key of your own for a connection, which stands wherever its id does. It is the customer's: another one may have
the same."""


ClientActionType = Literal["connect"]


class _ClientActionRequired(TypedDict):
    type: ClientActionType
    description: str
    """The same, for people to read."""


class ClientAction(_ClientActionRequired, total=False):
    """What the connection's customer has to do."""
    uiUrl: str
    """A link by which they do it, which serves for a day at least. For one connection that is read, with a token that
    has `requests:create`."""


Tags = list[str]
"""Tags of your own. Not secret: the customer reads and changes them."""


Meta = dict[str, Any]
"""Notes of your own, up to 2 KiB of JSON. Not secret: the customer reads and changes them."""


class Account(TypedDict, total=False):
    """The account at the provider."""
    id: str
    name: str


class _ConnectionRequired(TypedDict):
    id: str
    name: str
    """The name that people read."""
    userId: str
    """The customer's id."""
    tenantId: str
    """The same as `userId`."""
    integrationId: str
    authOptionKey: Key
    connected: bool
    """Whether its credentials can be used."""
    disconnected: bool
    """Whether its credentials are gone for good: only the customer can bring new ones."""
    state: ConnectionState
    """`CLIENT_ACTION_REQUIRED` while it is disconnected."""
    createdAt: str
    """When it was made. Times are RFC 3339 in UTC."""
    updatedAt: str
    """When it was last changed."""
    lastActiveAt: str
    """When its credentials were last asked for, to the hour."""
    version: str
    """Another one after each change and each refresh. `ETag` has it in quotes."""


class Connection(_ConnectionRequired, total=False):
    """One customer's account at one service."""
    integration: Face
    error: Error
    """What is wrong with its credentials, while something is."""
    nextCredentialsRefreshAt: str
    """When its credentials are refreshed, unless somebody needs them sooner."""
    archivedAt: str
    """When it was archived, if it was."""
    credentialsKeptUntil: str
    """Until when an archived one keeps its credentials, if it has any. Once they are gone, its customer must connect
    again."""
    parameters: dict[str, Any]
    """What the customer entered. With `includeSecrets` only, and never for another workspace's registration."""
    connectorParameters: dict[str, Any]
    """What the caller gave for the connector. With `includeSecrets` only, and never for another workspace's
    registration."""
    credentials: dict[str, Any]
    """What the provider gave, such as `access_token`. With `includeSecrets` only, and never of another workspace's
    registration."""
    key: ConnectionKey
    clientAction: ClientAction
    tags: Tags
    meta: Meta
    grantedScopes: list[str]
    """The scopes that the provider granted when the customer connected, if it grants any."""
    missingScopes: list[str]
    """The scopes that the provider was asked for, and did not grant."""
    account: Account


ConnectionRequestStatus = Literal["pending", "success", "error", "cancelled"]
"""`error` once nothing can come of it any more: its time is over."""


class _ConnectionRequestRequired(TypedDict):
    requestId: str
    """Its id, which the link has. Keep it as you would keep the link."""
    subject: str
    """What its events have as `connectionId`. It opens no link."""
    userId: str
    """The customer."""
    tenantId: str
    """The same."""
    integrationId: str
    """The integration."""
    integrationKey: str
    """Its key."""
    allowMultipleConnections: bool
    """True if the customer's other connections stay."""
    status: ConnectionRequestStatus
    """`error` once nothing can come of it any more: its time is over."""
    createdAt: str
    """When it was made."""
    expiresAt: str
    """When its time is over."""
    url: str
    """The link."""


class ConnectionRequest(_ConnectionRequestRequired, total=False):
    """A link by which a customer connects, and what became of it."""
    connectionId: str
    """The connection to reconnect."""
    name: str
    """The name for the connection."""
    tags: Tags
    meta: Meta
    authOptionKey: str
    """The option, if the request names one."""
    redirectUri: str
    """Where the customer goes with the result."""
    customState: str
    """Comes back with the result."""
    prompt: str
    """A sentence for the customer."""
    resultConnectionId: str
    """With `success`: the connection."""
    resultError: Error
    """With `error`: why."""
    lastError: Error
    """Why the last attempt failed. Another may follow while the request is `pending`."""


AttemptStatus = Literal["pending", "success", "error"]
"""`pending` while the customer, the service or the application is at it. A start that nobody goes on with becomes
`error` with `state_expired` by itself."""


class _AttemptRequired(TypedDict):
    id: str
    """Its time and its reference."""
    reference: str
    """What its customer, its application and the log call it."""
    userId: str
    """The customer."""
    tenantId: str
    """The same."""
    status: AttemptStatus
    """`pending` while the customer, the service or the application is at it. A start that nobody goes on with becomes
    `error` with `state_expired` by itself."""
    createdAt: str
    """When its start was verified."""


class Attempt(_AttemptRequired, total=False):
    """An attempt to connect: one start, and what became of it."""
    integrationId: str
    """The integration; it may not exist. Missing where the start named a connection that is not the customer's, and
    nothing else."""
    connectionId: str
    """The connection that it made, or was to reconnect."""
    connectionRequestSubject: str
    """The connection request that it belongs to, if it began by a link or named one: the request's `subject`."""
    connectionRequestId: str
    """The id of that request, which opens its link. For tokens with `requests:create`."""
    authOptionKey: str
    """The option, if one was chosen."""
    error: Error
    """Why it failed: the `errorData` of the application, or what a call that came too late would be told. With `error`
    alone."""
    endedAt: str
    """When it ended, if that is known."""


IntegrationState = Literal["READY", "SETUP_REQUIRED"]
"""`SETUP_REQUIRED` where something in the definition cannot work: it was stored before that was checked, or what it
borrows is no longer shared. The rest works."""


class Problem(TypedDict):
    """One thing in a definition that cannot work."""
    field: str
    """The setting: `authOptions[0].config.tokenUri`."""
    problem: str
    """What is wrong, as the end of a sentence that begins with the field."""


AuthType = Literal["oauth2", "oauth1", "client-credentials", "proxy"]


InputSchema = Union[dict[str, Any], bool]
"""A JSON Schema of what the customer enters. `isSensitive: true` hides a field."""


class _AuthOptionRequired(TypedDict):
    key: Key
    type: AuthType


class AuthOption(_AuthOptionRequired, total=False):
    """One way to authenticate."""
    title: str
    """What the customer reads."""
    description: str
    """What the customer reads below the title."""
    helpUri: str
    """Where the customer reads how to get what is asked for."""
    inputSchema: InputSchema
    enabled: bool
    """Whether customers can use it. Shown to who manages the workspace, as are the settings below."""
    config: Union[dict[str, Any], None]
    """The settings of the type, without the secrets among them."""
    apiClient: dict[str, Any]
    test: dict[str, Any]
    revoke: dict[str, Any]
    signed: dict[str, dict[str, Any]]
    """The JWTs that `${signed.name}` stands for, by name."""
    customerHost: bool
    """Customers run the service themselves: what they enter may be its whole host. The client secret goes to no
    address with a placeholder in its host."""
    customerHostGetsSecret: bool
    """Beside `customerHost`: the client secret goes there too. Not for what is shared."""
    baseUri: str
    """The address of its API, in the place of the integration's."""
    providerDomains: list[str]
    """Public suffixes that are the provider's own, such as `myshopify.com`."""
    afterConnect: list[dict[str, Any]]
    """The calls that complete new credentials, in their order."""
    account: Union[dict[str, Any], None]
    discovered: dict[str, Any]
    clientCertificate: Union[dict[str, Any], None]


IntegrationOAuthCallbackPath = Literal["bare", "own"]
"""Where the team's own page sends the browser on to, if there is one. Shown to who manages the workspace."""


class _IntegrationRequired(TypedDict):
    id: str
    key: Key
    name: str
    """The service's name."""
    state: IntegrationState
    """`SETUP_REQUIRED` where something in the definition cannot work: it was stored before that was checked, or what
    it borrows is no longer shared. The rest works."""
    hasMissingParameters: bool
    """Whether `state` is `SETUP_REQUIRED`."""
    authType: Union[AuthType, None]
    """The default option's type; null where no option is enabled."""
    authOptions: list[AuthOption]
    """The ways to authenticate, the default first. Who manages the workspace sees the disabled ones too."""


class Integration(_IntegrationRequired, total=False):
    """One service that customers can connect. Its secrets are never returned."""
    logoUri: str
    """An address of its logo."""
    baseUri: str
    """Where its API is; it may hold placeholders."""
    problems: list[Problem]
    """What is to be mended. Shown to who manages the workspace, where `state` is `SETUP_REQUIRED`."""
    connector: str
    """The connector that is named. Shown to who manages the workspace, as are the next five."""
    connectorVersion: str
    """The version of the connector that is in the settings. Without it nothing comes from the connector."""
    latestConnectorVersion: str
    """The connector's version now, if it is another: a PATCH with `{"connectorVersion": "latest"}` applies it."""
    given: dict[str, Any]
    """What the team gave, without the secrets, where the rest comes from the connector. A PATCH changes this."""
    parameters: dict[str, Any]
    """The team's values, those that are sealed aside."""
    parametersSchema: InputSchema
    """The values that the team can give, the clients' that the options leave open among them."""
    oAuthCallbackUri: str
    """What to register with the provider. Shown to who manages the workspace."""
    oAuthCallbackPath: IntegrationOAuthCallbackPath
    """Where the team's own page sends the browser on to, if there is one. Shown to who manages the workspace."""
    startUri: str
    """Where the team's application starts flows. Shown to who manages the workspace."""
    shared: Literal[True]
    """That other workspaces may use its registration. Shown to who manages the workspace."""
    sharedWith: list[str]
    """The keys of the workspaces that may, if not all may. Shown to who manages the workspace."""
    connection: Connection
    """A customer's own newest live connection with it, if there is one."""


Scope = Literal[
    "connect",
    "connections:read",
    "connections:secrets",
    "connections:test",
    "connections:write",
    "customers:erase",
    "customers:read",
    "customers:write",
    "integrations:read",
    "integrations:write",
    "proxy",
    "requests:create",
    "webhooks:read",
    "webhooks:write",
    "workspaces:read",
    "workspaces:write",
]


Scopes = list[Scope]
"""What the token is limited to. It is left out where the token has no limits."""


class Start(TypedDict, total=False):
    """A start's parameters. Query and body are merged; one that is given twice with different values is refused."""
    integrationKey: str
    """What to connect; or `integrationId`. With `connectionId` it may be left out."""
    integrationId: str
    """What to connect."""
    token: str
    """The customer's token, a JWT. Up to 16 KiB."""
    redirectUri: str
    """Where the result goes: one that the workspace allows, up to 2 KiB. Without one the result is posted to the
    window that opened this one."""
    connectionParameters: dict[str, Any]
    """What is known already of what the customer would have to enter; the rest is asked in a form."""
    input: dict[str, Any]
    """Another name of `connectionParameters`."""
    connectorParameters: dict[str, Any]
    """What the caller gives for the connector. Its `scopes` mean the same as `scopes` beside it."""
    scopes: Union[list[str], str]
    """The scopes to ask the provider for, as far as the option allows; in a text with spaces between them."""
    connectionId: str
    """The connection to reconnect: it keeps its id, name and time of creation."""
    tags: Tags
    meta: Meta
    connectionKey: ConnectionKey
    name: str
    """A name for the connection, up to 255 bytes."""
    authOptionKey: str
    """Which of the integration's options; the first enabled one unless given."""
    allowMultipleConnections: bool
    """Unless true, a new connection replaces the customer's live ones with this integration."""
    customState: str
    """Up to 2 KiB, returned with the result."""
    locale: str
    """The language of the pages (BCP 47); the browser's unless given, or unless the pages speak it."""
    requestId: str
    """A popup's name for the message that it waits for."""
    connectionRequestId: str
    """The `requestId` of a connection request of this customer's: its success is this start's. A start that names
    neither integration nor connection is for what the request is for."""


class _TestResultRequired(TypedDict):
    success: bool


class TestResult(_TestResultRequired, total=False):
    error: Error
    """Why not, if it did not succeed."""


class _CustomerRequired(TypedDict):
    id: str
    """The customer's id, as the token has it."""
    internalId: str
    """The same, under the name that SDKs know."""
    name: str
    """The customer's name, as `PATCH /self` set it, or as the token says; the id if there is none."""
    fields: dict[str, Any]
    """What else there is to say of the customer: what `PATCH /self` set, or what the token says."""


class Customer(_CustomerRequired, total=False):
    scopes: Scopes


class _ManagerRequired(TypedDict):
    workspaceKey: str
    """The workspace's key."""
    isAdmin: Literal[True]


class Manager(_ManagerRequired, total=False):
    """Who manages a workspace."""
    scopes: Scopes


Self = Union[Customer, Manager]
