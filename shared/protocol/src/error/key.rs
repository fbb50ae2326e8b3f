//! The table of errors. Each has a stable key, the contract's type, the HTTP status, and the place where it is shown.

use http::StatusCode;

/// The contract's `type` of an error, which shows who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorType {
    /// The caller's request cannot be served as it is.
    BadRequest,
    /// The connection, or the customer's consent to it, has a problem.
    Connection,
    /// The workspace's or the integration's definition has a problem.
    Configuration,
    /// A service that Linkspan depends on failed; the same request may work later.
    DependencyError,
    /// Two requests wanted the same thing at once.
    Concurrency,
    /// A fault of Linkspan's own.
    Internal,
}

impl ErrorType {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Connection => "connection",
            Self::Configuration => "configuration",
            Self::DependencyError => "dependency_error",
            Self::Concurrency => "concurrency",
            Self::Internal => "internal",
        }
    }
}

/// The place where an error of the popup flow is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// On Linkspan's own page (or as a JSON body), because no verified redirect target is known.
    OwnPage,
    /// At the caller's `redirectUri`, as `error` and `errorData`.
    RedirectUri,
    /// As the body of a REST response only.
    Rest,
}

/// The row of the table for one key.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// The stable name on the wire.
    pub key: &'static str,
    /// The contract's `type`.
    pub error_type: ErrorType,
    /// The status of a page or a REST response.
    pub status: StatusCode,
    /// The place where the popup flow shows it.
    pub shown: Shown,
}

macro_rules! error_keys {
    ($($(#[$doc:meta])* $variant:ident = $key:literal, $type:ident, $status:ident, $shown:ident;)+) => {
        /// The stable name of an error.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorKey { $($(#[$doc])* $variant,)+ }

        impl ErrorKey {
            /// Every key, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The row of the table for this key.
            #[must_use]
            pub const fn facts(self) -> Facts {
                match self {
                    $(Self::$variant => Facts {
                        key: $key,
                        error_type: ErrorType::$type,
                        status: StatusCode::$status,
                        shown: Shown::$shown,
                    },)+
                }
            }

            /// The key of this name.
            #[must_use]
            pub fn named(key: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.facts().key == key)
            }
        }
    };
}

impl ErrorKey {
    /// True if the link of a connection request leads to nothing any more.
    #[must_use]
    pub const fn ends_a_link(self) -> bool {
        matches!(
            self,
            Self::ConnectionRequestUsed | Self::ConnectionRequestCancelled | Self::ConnectionRequestExpired
        )
    }
}

error_keys! {
    /// The request cannot be read: not JSON, not an object, a wrong type.
    RequestMalformed = "request_malformed", BadRequest, BAD_REQUEST, OwnPage;
    /// The request is larger than 64 KiB (a definition: 256 KiB, through the proxy: 4 MiB).
    RequestTooLarge = "request_too_large", BadRequest, PAYLOAD_TOO_LARGE, OwnPage;
    /// The endpoint does not read the body's content type.
    MediaTypeUnsupported = "media_type_unsupported", BadRequest, UNSUPPORTED_MEDIA_TYPE, OwnPage;
    /// The path exists, but not for this method.
    MethodNotAllowed = "method_not_allowed", BadRequest, METHOD_NOT_ALLOWED, OwnPage;
    /// The path exists, but this deployment, or this connection, does not support the operation.
    NotSupported = "not_supported", BadRequest, NOT_IMPLEMENTED, Rest;
    /// A required parameter is missing.
    ParameterMissing = "parameter_missing", BadRequest, BAD_REQUEST, OwnPage;
    /// A parameter was given twice with different values.
    ParameterConflict = "parameter_conflict", BadRequest, BAD_REQUEST, OwnPage;
    /// The token is missing, expired, or not signed by the workspace it names.
    NotAuthenticated = "not_authenticated", BadRequest, UNAUTHORIZED, OwnPage;
    /// The token is valid, but does not allow this request.
    AccessDenied = "access_denied", BadRequest, FORBIDDEN, OwnPage;
    /// The token is limited to scopes, and the request needs another one (RFC 6750 §3.1 `insufficient_scope`).
    InsufficientScope = "insufficient_scope", BadRequest, FORBIDDEN, OwnPage;
    /// The thing does not exist, or belongs to somebody else.
    NotFound = "not_found", BadRequest, NOT_FOUND, RedirectUri;
    /// A thing with this name exists already.
    AlreadyExists = "already_exists", BadRequest, CONFLICT, Rest;
    /// Customers have live connections with the integration.
    IntegrationInUse = "integration_in_use", BadRequest, CONFLICT, Rest;
    /// The workspace still has integrations, webhook endpoints, or connections, archived ones too.
    WorkspaceNotEmpty = "workspace_not_empty", BadRequest, CONFLICT, Rest;
    /// The customer was erased after this was begun.
    CustomerErased = "customer_erased", BadRequest, CONFLICT, RedirectUri;
    /// The connection request has its connection already.
    ConnectionRequestUsed = "connection_request_used", BadRequest, CONFLICT, RedirectUri;
    /// The connection request was cancelled.
    ConnectionRequestCancelled = "connection_request_cancelled", BadRequest, GONE, RedirectUri;
    /// The time of the connection request is over.
    ConnectionRequestExpired = "connection_request_expired", BadRequest, GONE, RedirectUri;
    /// The workspace does not allow this redirect target.
    RedirectUriNotAllowed = "redirect_uri_not_allowed", BadRequest, BAD_REQUEST, OwnPage;
    /// Another web site started the flow, and the workspace does not list it.
    OriginNotAllowed = "origin_not_allowed", BadRequest, FORBIDDEN, OwnPage;
    /// The customer's input does not fit the option's schema.
    InputInvalid = "input_invalid", BadRequest, BAD_REQUEST, RedirectUri;
    /// The start asks for a scope that the option does not let it choose.
    ScopeNotAllowed = "scope_not_allowed", BadRequest, BAD_REQUEST, RedirectUri;
    /// The integration or workspace is not completely or not correctly defined.
    ConfigurationInvalid = "configuration_invalid", Configuration, BAD_REQUEST, RedirectUri;
    /// The callback carries no `state`.
    StateMissing = "state_missing", BadRequest, BAD_REQUEST, OwnPage;
    /// No flow belongs to this `state`.
    StateUnknown = "state_unknown", BadRequest, BAD_REQUEST, OwnPage;
    /// The flow is older than 15 minutes.
    StateExpired = "state_expired", BadRequest, BAD_REQUEST, OwnPage;
    /// The flow was started in another browser.
    BrowserMismatch = "browser_mismatch", BadRequest, FORBIDDEN, OwnPage;
    /// The callback arrived at another integration's address.
    IntegrationMismatch = "integration_mismatch", BadRequest, BAD_REQUEST, OwnPage;
    /// The callback names another issuer than the integration's (RFC 9207).
    IssuerMismatch = "issuer_mismatch", Connection, BAD_REQUEST, RedirectUri;
    /// The callback's signature is missing or wrong.
    CallbackSignatureInvalid = "callback_signature_invalid", Connection, BAD_REQUEST, RedirectUri;
    /// The customer, or the provider on their behalf, denied access (RFC 6749 §4.1.2.1 `access_denied`).
    AuthorizationDenied = "authorization_denied", Connection, FORBIDDEN, RedirectUri;
    /// The provider answered the authorization request with another error.
    AuthorizationError = "authorization_error", Connection, BAD_REQUEST, RedirectUri;
    /// The callback carries neither a code nor an error.
    CodeMissing = "code_missing", Connection, BAD_REQUEST, RedirectUri;
    /// The provider did not confirm the callback address (RFC 5849 §2.1).
    CallbackUnconfirmed = "callback_unconfirmed", Connection, BAD_REQUEST, RedirectUri;
    /// The provider refused the token request (RFC 6749 §5.2).
    TokenRejected = "token_rejected", Connection, BAD_REQUEST, RedirectUri;
    /// The provider refused Linkspan's client authentication (RFC 6749 §5.2 `invalid_client`).
    ClientRejected = "client_rejected", Configuration, BAD_REQUEST, RedirectUri;
    /// The provider refused the request by a status alone: it does not let the client in.
    ProviderRefused = "provider_refused", Configuration, BAD_GATEWAY, RedirectUri;
    /// The answer is no token response (RFC 6749 §5.1).
    TokenResponseInvalid = "token_response_invalid", Connection, BAD_GATEWAY, RedirectUri;
    /// The provider could not be reached, or answered with a fault of its own.
    ProviderUnreachable = "provider_unreachable", DependencyError, BAD_GATEWAY, RedirectUri;
    /// The provider's response is larger than can be passed on.
    ResponseTooLarge = "response_too_large", DependencyError, BAD_GATEWAY, Rest;
    /// The test call with the new credentials was refused.
    CredentialsRejected = "credentials_rejected", Connection, BAD_REQUEST, RedirectUri;
    /// The flow stopped half-way; starting it again is safe.
    FlowInterrupted = "flow_interrupted", Internal, INTERNAL_SERVER_ERROR, RedirectUri;
    /// The credentials have expired or were refused, and nothing can renew them.
    AccessTokenExpired = "access_token_expired", Connection, BAD_REQUEST, Rest;
    /// The connection was disconnected, and has no credentials any more.
    ConnectionDisconnected = "connection_disconnected", Connection, BAD_REQUEST, Rest;
    /// A refresh stopped after the provider may have rotated the token.
    RefreshInterrupted = "refresh_interrupted", Connection, BAD_REQUEST, Rest;
    /// The provider issued no refresh token, so the connection ends with its access token.
    RefreshTokenMissing = "refresh_token_missing", Configuration, BAD_REQUEST, Rest;
    /// The customer has to act, but cannot be asked.
    InteractionRequired = "interaction_required", Connection, BAD_REQUEST, RedirectUri;
    /// Another request held the connection for too long.
    LockTimeout = "lock_timeout", Concurrency, SERVICE_UNAVAILABLE, RedirectUri;
    /// The connection has another version than the one that the caller has read.
    PreconditionFailed = "precondition_failed", Concurrency, PRECONDITION_FAILED, Rest;
    /// The change would overwrite what the caller may not have read.
    PreconditionRequired = "precondition_required", Concurrency, PRECONDITION_REQUIRED, Rest;
    /// The database did not answer.
    StorageUnavailable = "storage_unavailable", DependencyError, SERVICE_UNAVAILABLE, RedirectUri;
    /// The key service, which opens and seals stored data, did not answer or refused; or the root workspace's secret could
    /// not be read.
    KeyUnavailable = "key_unavailable", DependencyError, SERVICE_UNAVAILABLE, RedirectUri;
    /// The workspace has made more requests in this minute than it may.
    RateLimitExceeded = "rate_limit_exceeded", BadRequest, TOO_MANY_REQUESTS, RedirectUri;
    /// A fault of Linkspan's own; the log has the details.
    Internal = "internal", Internal, INTERNAL_SERVER_ERROR, RedirectUri;
}
