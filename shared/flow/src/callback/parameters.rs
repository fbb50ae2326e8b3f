//! The authorization response's parameters (RFC 6749 §4.1.2).

use url::form_urlencoded;

use crate::error::{Error, ErrorKey, Result};

/// The parameters that mean something to us. None may come twice (RFC 6749 §3.1).
pub(super) const KNOWN: &[&str] = &["code", "error", "error_description", "iss", "state"];

/// The most that one value may weigh, in bytes.
const MAX_VALUE: usize = 8 * 1024;

/// A callback's parameters, each known one at most once.
pub(super) struct CallbackParameters(Vec<(String, String)>);

impl CallbackParameters {
    /// Reads a query or a form.
    pub(super) fn parse(encoded: &str) -> Result<Self> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(encoded.as_bytes()).into_owned().collect();
        for name in KNOWN {
            if pairs.iter().filter(|(given, _)| given == name).count() > 1 {
                let message = format!("The service's answer contains {name} twice.");
                return Err(Error::new(ErrorKey::ParameterConflict, message).field(*name));
            }
        }
        if let Some((name, _)) = pairs.iter().find(|(_, value)| value.len() > MAX_VALUE) {
            let name: String = name.chars().take(64).collect();
            return Err(
                Error::new(ErrorKey::RequestMalformed, "A parameter is longer than 8 KiB.").field(name)
            );
        }
        Ok(Self(pairs))
    }

    /// A parameter's value; an empty one is as good as none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(given, value)| given == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}
