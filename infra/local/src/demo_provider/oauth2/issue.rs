//! New tokens for a grant.

use protocol::clock::Timestamp;

use super::scope::Scope;
use super::token_response::TokenResponse;
use super::tokens::{Grant, Tokens};
use crate::demo_provider::Provider;

/// Makes an access token for these scopes, and a refresh token for the whole grant.
pub(super) fn issue(
    provider: &Provider,
    tokens: &mut Tokens,
    grant: &Grant,
    scopes: &[&Scope],
    now: Timestamp,
) -> TokenResponse {
    let response = TokenResponse::new(provider.draw_secret(), Some(provider.draw_secret()), scopes);
    tokens.insert_access(&response.access_token, grant, now);
    if let Some(refresh_token) = &response.refresh_token {
        tokens.insert_refresh(refresh_token, grant);
    }
    response
}
