//! The reasons why a request is refused (RFC 5849 §3.2).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The reason. Clients get it in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignatureError {
    Malformed,
    Missing,
    Repeated,
    Version,
    Method,
    Client,
    Token,
    Signature,
    Timestamp,
    NonceUsed,
    Callback,
    Verifier,
    /// The user asked the demo provider to refuse.
    AsTold,
}

impl SignatureError {
    /// "400 (Bad Request)" for parameters that are unsupported, missing or repeated, "401 (Unauthorized)" for the
    /// rest.
    fn status(self) -> StatusCode {
        match self {
            Self::Malformed | Self::Missing | Self::Repeated | Self::Version | Self::Method => {
                StatusCode::BAD_REQUEST
            }
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Malformed => "The Authorization header cannot be read",
            Self::Missing => "A protocol parameter is missing",
            Self::Repeated => "A protocol parameter is given more than once",
            Self::Version => "The version is not 1.0",
            Self::Method => "The signature method is not supported",
            Self::Client => "The client is unknown",
            Self::Token => "The token is unknown, expired or used",
            Self::Signature => "The signature is wrong",
            Self::Timestamp => "The timestamp is more than five minutes off",
            Self::NonceUsed => "The nonce was used before",
            Self::Callback => "The callback is not one that this client has registered",
            Self::Verifier => "The verifier is wrong",
            Self::AsTold => "The demo provider was told to fail so",
        }
    }
}

impl IntoResponse for SignatureError {
    fn into_response(self) -> Response {
        let challenge = HeaderValue::from_static(r#"OAuth realm="demo-provider""#);
        let headers = [
            (header::WWW_AUTHENTICATE, challenge),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (self.status(), headers, self.words()).into_response()
    }
}
