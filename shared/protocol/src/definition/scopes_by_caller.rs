//! The scopes that a start may ask for in the place of the option's own.

use serde::{Deserialize, Serialize};

/// The scopes that a start may ask for in the place of the option's own. A start comes through the customer's browser.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ScopesByCaller {
    /// Some of `scopes` and `allowedScopes`.
    #[default]
    Subset,
    /// Any at all.
    Any,
    /// None but the option's own.
    None,
}

impl ScopesByCaller {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
