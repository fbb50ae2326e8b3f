//! The OAuth 1.0 server (RFC 5849): temporary credentials, the user's authorization, token credentials, and the
//! signature check of every request. The checks are this provider's own and share nothing with the service that they
//! test. The server fails on request in each way that a client must survive (`fault`).

mod access_token;
mod authorization_header;
mod authorize;
mod base_string;
pub(crate) mod client;
mod consent;
mod credentials;
mod error;
mod fault;
mod nonces;
mod request_token;
mod signature;
mod signed_request;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::pending::PendingRequests;
use super::users::User;
use super::{Provider, cookies};
use consent::AuthorizationRequest;
use credentials::Credentials;
use nonces::Nonces;

pub(super) use consent::path as consent_path;
pub(super) use signed_request::is_signed;

/// The server's state.
#[derive(Default)]
pub(super) struct Store {
    pending: PendingRequests<AuthorizationRequest>,
    credentials: Credentials,
    nonces: Nonces,
}

/// The endpoints, at their full paths.
pub(super) fn routes() -> Router<Arc<Provider>> {
    Router::new()
        .route("/demo-provider/oauth1/request-token", post(request_token::request_token))
        .route("/demo-provider/oauth1/authorize", get(authorize::authorize))
        .route(consent::PATH, get(consent::show).post(consent::decide))
        .route("/demo-provider/oauth1/access-token", post(access_token::access_token))
}

/// True if `request` is a request for authorization that awaits its answer in this browser.
pub(super) fn is_pending(provider: &Provider, request: &str, headers: &HeaderMap) -> bool {
    let Some(browser) = cookies::browser(headers) else { return false };
    let now = provider.config.clock.now();
    provider.oauth1().pending.find(request, browser, now).is_some()
}

/// The user whom a signed request to the API stands for, or else the answer to it.
pub(super) fn user_of(provider: &Provider, head: &Parts) -> Result<&'static User, Box<Response>> {
    signed_request::of_token(provider, head).map_err(|error| Box::new(error.into_response()))
}
