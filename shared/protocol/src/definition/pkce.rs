//! Proof Key for Code Exchange (RFC 7636).

use serde::{Deserialize, Serialize};

/// The code challenge of PKCE (RFC 7636 §4.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Pkce {
    /// The SHA-256 of the code verifier.
    #[default]
    S256,
    /// The code verifier itself, for providers that know only that.
    #[serde(rename = "plain")]
    Plain,
    /// None, for providers that refuse it.
    #[serde(rename = "off")]
    Off,
}

impl Pkce {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn is_s256(&self) -> bool {
        *self == Self::S256
    }
}
