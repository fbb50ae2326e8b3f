//! The refresh token grant (RFC 6749 §6), with rotation.

use super::client::Client;
use super::issue::issue;
use super::scope;
use super::token_error::{ErrorCode, TokenError};
use super::token_response::TokenResponse;
use super::tokens::NotRotated;
use crate::demo_provider::Provider;
use crate::demo_provider::params::Params;

/// Gives a new pair of tokens for a refresh token, which is then used up.
pub(super) fn refresh(
    provider: &Provider,
    client: &Client,
    params: &Params,
) -> Result<TokenResponse, TokenError> {
    let token = params
        .get("refresh_token")
        .ok_or(TokenError::new(ErrorCode::InvalidRequest, "refresh_token is missing"))?;
    let scopes = match params.get("scope") {
        Some(scope) => Some(scope::parse(Some(scope)).ok_or(scope_exceeded())?),
        None => None,
    };
    let now = provider.config.clock.now();
    let mut store = provider.oauth2();
    let grant = store.tokens.rotate(token, &client.id, scopes.as_deref()).map_err(|why| match why {
        NotRotated::ScopeExceeded => scope_exceeded(),
        NotRotated::Dead => {
            let description = "The refresh token is unknown, used or revoked";
            TokenError::new(ErrorCode::InvalidGrant, description)
        }
    })?;
    let scopes = scopes.as_deref().unwrap_or(&grant.scopes);
    Ok(issue(provider, &mut store.tokens, &grant, scopes, now))
}

fn scope_exceeded() -> TokenError {
    TokenError::new(ErrorCode::InvalidScope, "The scope exceeds what was granted")
}
