//! The OAuth 2 authorization server: RFC 6749's grants (authorization code with PKCE, RFC 7636; refresh token; client
//! credentials), `iss` (RFC 9207), revocation (RFC 7009), metadata (RFC 8414) and `response_mode=form_post`. It fails
//! on request in each way that a client must survive (`fault`).

mod authorization_error;
mod authorization_request;
mod authorization_response;
mod authorize;
pub(crate) mod client;
mod client_authentication;
mod client_credentials;
mod code;
mod consent;
mod fault;
mod issue;
mod metadata;
mod pkce;
mod refresh;
mod revoke;
mod scope;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod token;
mod token_error;
mod token_response;
mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use protocol::clock::Timestamp;

use super::pending::PendingRequests;
use super::users::User;
use super::{Provider, cookies};
use authorization_request::AuthorizationRequest;
use code::Codes;
use scope::SCOPES;
use tokens::{Grant, Tokens};

pub(super) use consent::path as consent_path;
pub(super) use tokens::ACCESS_TOKEN_LIFETIME;

/// The authorization server's state.
#[derive(Default)]
pub(super) struct Store {
    pending: PendingRequests<AuthorizationRequest>,
    codes: Codes,
    tokens: Tokens,
    grants: u64,
}

impl Store {
    fn new_grant_id(&mut self) -> u64 {
        self.grants += 1;
        self.grants
    }

    /// Makes `token` an access token of `user`, who gave user name and password to a client that nobody registered.
    pub(super) fn log_in(&mut self, token: &str, user: &'static User, now: Timestamp) {
        let scopes = SCOPES.iter().collect();
        let grant = Grant { id: self.new_grant_id(), client_id: String::new(), user, scopes };
        self.tokens.insert_access(token, &grant, now);
    }

    /// The user whom a live access token stands for.
    pub(super) fn user_of_access_token(&self, token: &str, now: Timestamp) -> Option<&'static User> {
        self.tokens.user_of_access_token(token, now)
    }
}

/// The endpoints, at their full paths.
pub(super) fn routes() -> Router<Arc<Provider>> {
    Router::new()
        .route("/demo-provider/authorize", get(authorize::authorize))
        .route("/demo-provider/consent", get(consent::show).post(consent::decide))
        .route("/demo-provider/token", post(token::token))
        .route("/demo-provider/revoke", post(revoke::revoke))
        .route(metadata::RFC_8414_PATH, get(metadata::metadata))
        .route(metadata::APPENDED_PATH, get(metadata::metadata))
}

/// True if `request` is an authorization request that awaits its answer in this browser.
pub(super) fn is_pending(provider: &Provider, request: &str, headers: &HeaderMap) -> bool {
    let Some(browser) = cookies::browser(headers) else { return false };
    let now = provider.config.clock.now();
    provider.oauth2().pending.find(request, browser, now).is_some()
}
