//! A workspace's rules for its tokens.

use std::time::Duration;

/// The longest time from now to a token's `exp`, unless the workspace says otherwise.
pub const DEFAULT_LIFETIME: Duration = Duration::from_hours(24);

/// A workspace's rules for its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// The longest time from now to `exp`.
    pub lifetime: Duration,
    /// The audience that `aud` must name (RFC 7519 §4.1.3), if the workspace has one.
    pub audience: Option<String>,
}

impl Default for TokenRules {
    fn default() -> Self {
        Self { lifetime: DEFAULT_LIFETIME, audience: None }
    }
}
