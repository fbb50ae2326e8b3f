//! The provider's own API, protected by bearer tokens (RFC 6750), OAuth 1.0 signatures (RFC 5849) and API keys.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::users::{self, User};
use super::{Provider, oauth1, pages};

const API_KEY: &str = "x-api-key";

/// RFC 6750 §3.
const INVALID_TOKEN: &str = r#"Bearer realm="demo-provider", error="invalid_token", error_description="The access token is unknown, expired or revoked""#;

/// `GET /demo-provider/api/me`: the user who granted the access.
pub(super) async fn me(State(provider): State<Arc<Provider>>, head: Parts) -> Response {
    match caller(&provider, &head) {
        Ok(user) => pages::json(user),
        Err(refusal) => *refusal,
    }
}

/// `GET /demo-provider/api/companies/{company}`: the company, for whoever keeps its books.
pub(super) async fn company(
    State(provider): State<Arc<Provider>>,
    Path(company): Path<String>,
    head: Parts,
) -> Response {
    match caller(&provider, &head) {
        Ok(user) if user.company == company => {
            pages::json(&json!({ "company": company, "keptBy": user.name }))
        }
        Ok(_) => answer(StatusCode::NOT_FOUND, "You keep no books of a company by this name"),
        Err(refusal) => *refusal,
    }
}

/// `GET /demo-provider/api/sites`: the sites that the user works on.
pub(super) async fn sites(State(provider): State<Arc<Provider>>, head: Parts) -> Response {
    match caller(&provider, &head) {
        Ok(user) => {
            let sites = user.sites.iter().map(|(id, name)| json!({ "id": id, "name": name }));
            pages::json(&json!({ "sites": sites.collect::<Vec<_>>() }))
        }
        Err(refusal) => *refusal,
    }
}

/// `GET /demo-provider/api/sites/{site}`: the site, for whoever works on it.
pub(super) async fn site(
    State(provider): State<Arc<Provider>>,
    Path(site): Path<String>,
    head: Parts,
) -> Response {
    match caller(&provider, &head) {
        Ok(user) => match user.sites.iter().find(|(id, _)| *id == site) {
            Some((id, name)) => pages::json(&json!({ "id": id, "name": name })),
            None => answer(StatusCode::NOT_FOUND, "You work on no site by this name"),
        },
        Err(refusal) => *refusal,
    }
}

/// The user who sends the request, or else the answer to it.
fn caller(provider: &Provider, head: &Parts) -> Result<&'static User, Box<Response>> {
    let headers = &head.headers;
    if oauth1::is_signed(headers) {
        return oauth1::user_of(provider, head);
    }
    let challenge = r#"Bearer realm="demo-provider""#;
    let refused = |challenge| Box::new(unauthorized(challenge));
    if let Some(key) = headers.get(API_KEY) {
        return key.to_str().ok().and_then(users::of_api_key).ok_or_else(|| refused(challenge));
    }
    // Without credentials the challenge carries no error code (RFC 6750 §3.1).
    let token = bearer_token(headers).ok_or_else(|| refused(challenge))?;
    let now = provider.config.clock.now();
    let user = provider.oauth2().user_of_access_token(token, now);
    user.ok_or_else(|| refused(INVALID_TOKEN))
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
