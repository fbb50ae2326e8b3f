//! The authorization response (RFC 6749 §4.1.2): what the provider sends back through the browser.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::definition::OWN_CALLBACK_PARAMETERS;
use crate::error::{Error, ErrorKey, Result};

/// The longest value of a parameter, in bytes.
const MAX_VALUE: usize = 8 * 1024;

/// The response's parameters, each known one at most once.
#[derive(Serialize, Deserialize)]
pub struct AuthorizationResponse(Vec<(String, String)>);

/// Leaves out the parameters: the code is among them.
impl fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl AuthorizationResponse {
    /// Reads a query or a form.
    pub fn parse(encoded: &str) -> Result<Self> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(encoded.as_bytes()).into_owned().collect();
        let response = Self(pairs);
        for name in OWN_CALLBACK_PARAMETERS {
            response.check_once(name)?;
        }
        if let Some((name, _)) = response.0.iter().find(|(_, value)| value.len() > MAX_VALUE) {
            let name: String = name.chars().take(64).collect();
            return Err(
                Error::new(ErrorKey::RequestMalformed, "A parameter is longer than 8 KiB.").field(name)
            );
        }
        Ok(response)
    }

    /// Refuses an answer that has a parameter twice (RFC 6749 §3.1).
    pub(super) fn check_once(&self, name: &str) -> Result<()> {
        if self.0.iter().filter(|(given, _)| given == name).count() > 1 {
            let message = format!("The service's answer contains {name} twice.");
            return Err(Error::new(ErrorKey::ParameterConflict, message).field(name));
        }
        Ok(())
    }

    /// The response with nothing but its error, and who it comes from (RFC 9207); `None` if it has no error.
    #[must_use]
    pub fn error_alone(&self) -> Option<Self> {
        self.get("error")?;
        let is_kept = |name: &str| matches!(name, "error" | "iss");
        Some(Self(self.0.iter().filter(|(name, _)| is_kept(name)).cloned().collect()))
    }

    /// All parameters, in their order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// True if it has no parameters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A parameter's value. An empty one counts as missing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(given, value)| given == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

/// The error for a provider's error code. `denials` are the codes that mean a denial besides `access_denied`. Only
/// these, and the codes of RFC 6749 §4.1.2.1, are repeated: other codes, and the provider's description, come from
/// outside and may hold anything.
#[must_use]
pub fn refused_by_provider(code: &str, denials: &[String]) -> Error {
    const REGISTERED: &[&str] = &[
        "invalid_request",
        "unauthorized_client",
        "unsupported_response_type",
        "invalid_scope",
        "server_error",
        "temporarily_unavailable",
    ];
    if code == "access_denied" || denials.iter().any(|denial| denial == code) {
        return Error::new(ErrorKey::AuthorizationDenied, "The access was not granted.")
            .with("providerError", code);
    }
    let error = Error::new(ErrorKey::AuthorizationError, "The service could not complete the sign-in.");
    match REGISTERED.iter().find(|registered| **registered == code) {
        Some(registered) => error.with("providerError", *registered),
        None => error,
    }
}
