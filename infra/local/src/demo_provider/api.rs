//! The provider's own API, protected by bearer tokens (RFC 6750).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{Provider, pages};

/// `GET /demo-provider/api/me`: the user who granted the access.
pub(super) async fn me(State(provider): State<Arc<Provider>>, headers: HeaderMap) -> Response {
    let Some(token) = bearer_token(&headers) else {
        // Without credentials the challenge carries no error code (RFC 6750 §3.1).
        return unauthorized(r#"Bearer realm="demo-provider""#);
    };
    let now = provider.config.clock.now();
    let user = provider.oauth2().user_of_access_token(token, now);
    match user {
        Some(user) => pages::json(user),
        None => unauthorized(
            r#"Bearer realm="demo-provider", error="invalid_token", error_description="The access token is unknown, expired or revoked""#,
        ),
    }
}

fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}

fn unauthorized(challenge: &'static str) -> Response {
    let mut response = pages::json(&json!({ "message": "Sign in first" }));
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response.into_response()
}
