//! How a connection's credentials are: how long they last, when they are refreshed, and what is wrong with them.

use serde::{Deserialize, Serialize};

use protocol::clock::Timestamp;
use protocol::error::Error;

/// How a connection's credentials are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// When the credentials end; not given where they last until they are revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When they are refreshed unless somebody needs them sooner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_refresh_at: Option<Timestamp>,
    /// How many refreshes have failed since the last that did not.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// Whether the credentials are gone for good: only the customer can bring new ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disconnected: bool,
    /// Why they are gone, or why the last refresh failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    /// What came of asking the provider to forget them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<Revocation>,
}

/// What came of asking a provider to forget credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revocation {
    /// When it was asked.
    pub at: Timestamp,
    /// Why it did not, if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
