//! The token endpoint's errors (RFC 6749 §5.2).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::demo_provider::pages;

/// The value of `error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorCode {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnauthorizedClient,
    UnsupportedGrantType,
    InvalidScope,
}

impl ErrorCode {
    fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
        }
    }
}

/// An error answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct TokenError {
    code: ErrorCode,
    description: &'static str,
}

impl TokenError {
    pub(super) fn new(code: ErrorCode, description: &'static str) -> Self {
        Self { code, description }
    }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.code.as_str(), "error_description": self.description });
        let mut response = pages::json(&body);
        *response.status_mut() = StatusCode::BAD_REQUEST;
        if self.code == ErrorCode::InvalidClient {
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            // RFC 6749 §5.2 demands the header if the client tried this scheme, RFC 9110 §15.5.2 with every 401.
            let challenge = HeaderValue::from_static(r#"Basic realm="demo-provider""#);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
