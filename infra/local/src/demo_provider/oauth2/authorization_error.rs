//! The authorization endpoint's errors (RFC 6749 §4.1.2.1).

/// The value of `error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorCode {
    InvalidRequest,
    UnauthorizedClient,
    AccessDenied,
    UnsupportedResponseType,
    InvalidScope,
    ServerError,
    TemporarilyUnavailable,
}

impl ErrorCode {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }
}

/// An error that goes back to the client.
#[derive(Debug, Clone, Copy)]
pub(super) struct AuthorizationError {
    pub(super) code: ErrorCode,
    pub(super) description: &'static str,
}

impl AuthorizationError {
    pub(super) fn new(code: ErrorCode, description: &'static str) -> Self {
        Self { code, description }
    }
}
