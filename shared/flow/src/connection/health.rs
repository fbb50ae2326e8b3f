//! The state of a connection's credentials: their expiry, their next refresh, and their last error.

use serde::{Deserialize, Serialize};

use protocol::clock::Timestamp;
use protocol::error::Error;

/// The state of a connection's credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// The time from which the credentials are refreshed before they are used, shortly before they end. None if they
    /// last until they are revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The time at which they really end. What was stored before this was known ends at `expires_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// The time of the next scheduled refresh. Somebody who needs new credentials sooner does not wait for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_refresh_at: Option<Timestamp>,
    /// The number of refreshes that have failed in a row.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// True if the credentials are gone for good: only the customer can bring new ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disconnected: bool,
    /// The reason why they are gone, or why the last refresh failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    /// The result of their revocation at the provider, if it was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<Revocation>,
}

impl Health {
    /// True if the credentials are to be refreshed before they are used.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// The time at which the credentials really end, if that is still to come.
    #[must_use]
    pub fn coming_end(&self, now: Timestamp) -> Option<Timestamp> {
        self.ends_at.or(self.expires_at).filter(|end| *end > now)
    }
}

/// The result of one revocation at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revocation {
    /// The time of the request.
    pub at: Timestamp,
    /// The reason for a failure; none after a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
