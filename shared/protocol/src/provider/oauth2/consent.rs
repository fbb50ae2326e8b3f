//! Consent without a code: an administrator admits the client, which then gets its tokens by its own credentials (RFC
//! 6749 §4.4).

use super::authorization_request::joined;
use super::grant::check_answer;
use super::token_request::TokenEndpoint;
use super::token_response::TokenResponse;
use crate::definition::{ADMIN_CONSENT, OAuth2};
use crate::error::{Error, ErrorKey, Result};
use crate::provider::authorization_response::{AuthorizationResponse, refused_by_provider};
use crate::provider::calls::Calls;
use crate::provider::failure::CallError;
use crate::provider::maker::Maker;
use crate::secret::Secret;

/// Consent that a verified response tells of.
#[derive(Debug)]
pub struct Consent(());

impl Consent {
    /// Verifies a response, as [`super::AuthorizationGrant::verify`] does, except that there is no code.
    pub fn verify(
        response: &AuthorizationResponse,
        config: &OAuth2,
        client_secret: Option<&Secret>,
    ) -> Result<Self> {
        check_answer(response, config, client_secret)?;
        match response.get(ADMIN_CONSENT) {
            Some(given) if given.eq_ignore_ascii_case("true") => Ok(Self(())),
            Some(_) => Err(refused_by_provider("access_denied", &[])),
            None => {
                let message = "The service's answer does not say that access was granted.";
                Err(Error::new(ErrorKey::CodeMissing, message).field(ADMIN_CONSENT))
            }
        }
    }
}

/// Requests tokens with the client's own credentials. The callback's parameters are among the values.
pub async fn request_tokens(
    calls: &Calls<'_>,
    config: &OAuth2,
    maker: &Maker<'_>,
) -> Result<TokenResponse, CallError> {
    let (endpoint, scope) = maker
        .filled(|| {
            let scope = joined(&config.scopes, &config.scope_separator, &maker.values())?;
            Ok((TokenEndpoint::of_codes(config, maker, calls.loopback)?, scope))
        })
        .await?;
    endpoint.client_credentials(calls, scope, Vec::new()).await
}
