//! The authorization grant, which only a verified authorization response gives.

use super::callback_hmac;
use crate::definition::{NonceRule, OAuth2};
use crate::error::{Error, ErrorKey, Result};
use crate::provider::authorization_response::{AuthorizationResponse, refused_by_provider};
use crate::secret::Secret;

/// The right to exchange a code, once.
#[derive(Debug)]
pub struct AuthorizationGrant {
    /// The authorization code.
    pub(super) code: Secret,
    /// The code verifier that belongs to the flow.
    pub(super) code_verifier: Secret,
    /// The `redirect_uri` of the authorization request.
    pub(super) redirect_uri: String,
    /// What is asked of the ID token.
    pub(super) nonce_rule: NonceRule,
}

/// The flow's memory of its authorization request. Only the browser that sent it holds what the code verifier is made
/// of.
pub struct Sent {
    /// The code verifier.
    pub code_verifier: Secret,
    /// The `redirect_uri`.
    pub redirect_uri: String,
}

impl AuthorizationGrant {
    /// Verifies a response to this request: issuer, provider's error, signature and code, in this order (RFC 9207 §2.4).
    /// The browser's binding and the callback's path were checked before, when the flow was claimed.
    pub fn verify(
        response: &AuthorizationResponse,
        sent: Sent,
        config: &OAuth2,
        client_secret: Option<&Secret>,
    ) -> Result<Self> {
        check_answer(response, config, client_secret)?;
        let name = config.callback_names.code();
        let code = response.get(name).ok_or_else(|| {
            Error::new(ErrorKey::CodeMissing, "The service's answer contains no authorization code.")
                .field(name)
        })?;
        let Sent { code_verifier, redirect_uri } = sent;
        Ok(Self { code: Secret::from(code), code_verifier, redirect_uri, nonce_rule: config.nonce_rule() })
    }
}

/// Verifies what every response has to be: whole, of the issuer that was asked, no error, and signed if the provider
/// signs.
pub(super) fn check_answer(
    response: &AuthorizationResponse,
    config: &OAuth2,
    client_secret: Option<&Secret>,
) -> Result<()> {
    for name in config.callback().own_names() {
        response.check_once(name)?;
    }
    verify_issuer(response.get("iss"), config)?;
    if let Some(error) = response.get("error") {
        return Err(refused_by_provider(error, &config.denials));
    }
    match &config.callback_hmac {
        Some(settings) => callback_hmac::verify(response, settings, client_secret),
        None => Ok(()),
    }
}

fn verify_issuer(iss: Option<&str>, config: &OAuth2) -> Result<()> {
    let fits = match (iss, &config.issuer) {
        (Some(iss), Some(issuer)) => iss == issuer,
        (Some(_), None) => true,
        (None, _) => !config.authorization_response_iss_parameter_supported,
    };
    if fits {
        Ok(())
    } else {
        let message = "The answer did not come from the service that was asked.";
        Err(Error::new(ErrorKey::IssuerMismatch, message).field("iss"))
    }
}
