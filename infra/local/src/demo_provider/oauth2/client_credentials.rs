//! The client credentials grant (RFC 6749 §4.4).

use super::client::Client;
use super::scope;
use super::token_error::{ErrorCode, TokenError};
use super::token_response::TokenResponse;
use super::tokens::Grant;
use crate::demo_provider::Provider;
use crate::demo_provider::params::Params;
use crate::demo_provider::users::MACHINE;

/// Gives an access token, and no refresh token: the client can ask again at any time (§4.4.3). `audience`, if given,
/// must be this API's address.
pub(super) fn grant(
    provider: &Provider,
    client: &Client,
    params: &Params,
) -> Result<TokenResponse, TokenError> {
    if params.get("audience").is_some_and(|audience| audience != provider.audience()) {
        let description = "The audience is not this API's address";
        return Err(TokenError::new(ErrorCode::InvalidRequest, description));
    }
    let scopes = scope::parse(params.get("scope"))
        .ok_or(TokenError::new(ErrorCode::InvalidScope, "The scope names something unknown"))?;
    let response = TokenResponse::new(provider.draw_secret(), None, &scopes);
    let mut store = provider.oauth2();
    let grant = Grant { id: store.new_grant_id(), client_id: client.id.clone(), user: &MACHINE, scopes };
    store.tokens.insert_access(&response.access_token, &grant, provider.config.clock.now());
    Ok(response)
}
