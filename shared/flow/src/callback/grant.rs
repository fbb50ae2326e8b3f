//! The authorization grant: what only a verified callback gives.

use super::ClaimedFlow;
use super::parameters::CallbackParameters;
use crate::definition::OAuth2;
use crate::error::{Error, ErrorKey, Result};
use crate::oauth1::AuthorizedToken;
use crate::secret::Secret;

/// The right to exchange a code, once. The browser's binding and the callback's path were checked when the flow was
/// claimed; issuer, provider's error and code are checked here, in this order (RFC 9207 §2.4).
#[derive(Debug)]
pub struct AuthorizationGrant {
    /// The authorization code.
    pub(crate) code: Secret,
    /// The code verifier that belongs to the flow.
    pub(crate) code_verifier: Secret,
    /// The callback address, as it was in the authorization request.
    pub(crate) redirect_uri: String,
}

impl AuthorizationGrant {
    pub(super) fn verify(
        flow: &ClaimedFlow,
        parameters: &CallbackParameters,
        config: &OAuth2,
    ) -> Result<Self> {
        verify_issuer(parameters.get("iss"), config)?;
        if let Some(error) = parameters.get("error") {
            return Err(provider_error(error));
        }
        let code = parameters.get("code").ok_or_else(|| {
            Error::new(ErrorKey::CodeMissing, "The service's answer contains no authorization code.")
                .field("code")
        })?;
        Ok(Self {
            code: Secret::from(code),
            code_verifier: flow.secret.code_verifier(&flow.id)?,
            redirect_uri: flow.memory.callback_uri.clone(),
        })
    }
}

impl AuthorizedToken {
    /// Verifies an OAuth 1.0 callback (RFC 5849 §2.2): the temporary credentials must be the flow's own.
    pub(super) fn verify(flow: &ClaimedFlow, parameters: &CallbackParameters) -> Result<Self> {
        // Not in the RFC, but how providers say no.
        let problem = parameters.get("oauth_problem");
        if parameters.get("denied").is_some() || matches!(problem, Some("permission_denied" | "user_refused"))
        {
            return Err(provider_error("access_denied"));
        }
        if parameters.get("error").or(problem).is_some() {
            return Err(provider_error(parameters.get("error").unwrap_or_default()));
        }
        let Some(temporary) = flow.memory.temporary_credentials.clone() else {
            return Err(Error::internal("an OAuth 1.0 flow remembers no temporary credentials"));
        };
        if parameters.get("oauth_token") != Some(temporary.token.as_str()) {
            let message = "The service's answer belongs to another sign-in.";
            return Err(Error::new(ErrorKey::AuthorizationError, message).field("oauth_token"));
        }
        let verifier = parameters.get("oauth_verifier").ok_or_else(|| {
            Error::new(ErrorKey::CodeMissing, "The service's answer contains no verifier.")
                .field("oauth_verifier")
        })?;
        Ok(Self { temporary, verifier: Secret::from(verifier) })
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

/// The error codes of RFC 6749 §4.1.2.1. Others, and the provider's description, are not repeated: they come from
/// outside and may hold anything.
fn provider_error(code: &str) -> Error {
    const KNOWN: &[&str] = &[
        "invalid_request",
        "unauthorized_client",
        "unsupported_response_type",
        "invalid_scope",
        "server_error",
        "temporarily_unavailable",
    ];
    if code == "access_denied" {
        return Error::new(ErrorKey::AuthorizationDenied, "The access was not granted.")
            .with("providerError", "access_denied");
    }
    let error = Error::new(ErrorKey::AuthorizationError, "The service could not complete the sign-in.");
    match KNOWN.iter().find(|known| **known == code) {
        Some(known) => error.with("providerError", *known),
        None => error,
    }
}
