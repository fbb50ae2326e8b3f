//! The provider's own API, protected by bearer tokens (RFC 6750) and API keys.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::users::{self, User};
use super::{Provider, pages};

const API_KEY: &str = "x-api-key";

/// `GET /demo-provider/api/me`: the user who granted the access.
pub(super) async fn me(State(provider): State<Arc<Provider>>, headers: HeaderMap) -> Response {
    match caller(&provider, &headers) {
        Ok(user) => pages::json(user),
        Err(challenge) => unauthorized(challenge),
    }
}

/// `GET /demo-provider/api/companies/{company}`: the company, for whoever keeps its books.
pub(super) async fn company(
    State(provider): State<Arc<Provider>>,
    Path(company): Path<String>,
    headers: HeaderMap,
) -> Response {
    match caller(&provider, &headers) {
        Ok(user) if user.company == company => {
            pages::json(&json!({ "company": company, "keptBy": user.name }))
        }
        Ok(_) => answer(StatusCode::NOT_FOUND, "You keep no books of a company by this name"),
        Err(challenge) => unauthorized(challenge),
    }
}

/// Whom the request comes from; otherwise the challenge to answer with.
fn caller(provider: &Provider, headers: &HeaderMap) -> Result<&'static User, &'static str> {
    if let Some(key) = headers.get(API_KEY) {
        let user = key.to_str().ok().and_then(users::of_api_key);
        return user.ok_or(r#"Bearer realm="demo-provider""#);
    }
    // Without credentials the challenge carries no error code (RFC 6750 §3.1).
    let token = bearer_token(headers).ok_or(r#"Bearer realm="demo-provider""#)?;
    let now = provider.config.clock.now();
    provider.oauth2().user_of_access_token(token, now).ok_or(
        r#"Bearer realm="demo-provider", error="invalid_token", error_description="The access token is unknown, expired or revoked""#,
    )
}

fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}

fn unauthorized(challenge: &'static str) -> Response {
    let mut response = answer(StatusCode::UNAUTHORIZED, "Sign in first");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

fn answer(status: StatusCode, message: &str) -> Response {
    let mut response = pages::json(&json!({ "message": message }));
    *response.status_mut() = status;
    response
}
