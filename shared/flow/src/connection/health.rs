//! The state of a connection's credentials: their expiry, their next refresh, and their last error.

use serde::{Deserialize, Serialize};

use std::time::Duration;

use protocol::clock::Timestamp;
use protocol::error::Error;

/// Somebody who needs credentials after a failed refresh waits no longer than this before the provider is asked again,
/// however far away the next scheduled refresh is.
const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// The state of a connection's credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// The time from which the credentials are refreshed before they are used, shortly before they end. None if they
    /// last until they are revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The seconds from then to their real end. What was stored before this was noted ends at `expires_at`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub margin: u32,
    /// The seconds from their issue to their real end. None if that was not noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub life: Option<u32>,
    /// The time of the next scheduled refresh. Somebody who needs new credentials sooner does not wait for it, unless
    /// it is the pause after a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_refresh_at: Option<Timestamp>,
    /// True if they come from a refresh, and nobody has given them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub renewed: bool,
    /// The number of refreshes that have failed in a row.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// The time of the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// The time of the last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Timestamp>,
    /// The refusals in a row of which nobody knows whether they are for good, if there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// The last refresh that a 401 of the API asked for and that did not help, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unhelped: Option<Unhelped>,
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
        self.ends_at().filter(|end| *end > now)
    }

    /// True if the credentials are younger than `new`, or than a quarter of their life if that is shorter.
    #[must_use]
    pub fn is_new(&self, now: Timestamp, new: Duration) -> bool {
        let Some((end, life)) = self.ends_at().zip(self.life) else { return false };
        let life = Duration::from_secs(life.into());
        end + new.min(life / 4) > now + life
    }

    /// The state once the credentials are deleted. Those that were gone before keep the reason.
    #[must_use]
    pub fn without_credentials(&self) -> Self {
        Self {
            disconnected: true,
            error: self.error.clone().filter(|_| self.disconnected),
            ..Self::default()
        }
    }

    /// True if the provider has revoked the credentials.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.revocation.as_ref().is_some_and(|revocation| revocation.error.is_none())
    }

    fn ends_at(&self) -> Option<Timestamp> {
        self.expires_at.map(|at| at + Duration::from_secs(self.margin.into()))
    }

    /// Notes a refresh that failed, after those that `before` knows of. The status of the provider's answer is shown with
    /// the error: whoever owns the connection may know it.
    pub fn fail(&mut self, before: &Self, error: &Error, now: Timestamp) {
        // What was stored before the first failure was noted has the last one.
        let since = before.failing_since.or(before.failed_at).filter(|_| before.failures > 0);
        self.failing_since = Some(since.unwrap_or(now));
        self.failures = before.failures.saturating_add(1);
        self.failed_at = Some(now);
        let told = error.referenced();
        self.error = Some(match error.cause().and_then(|cause| cause.status) {
            Some(status) => told.with("status", status),
            None => told,
        });
    }

    /// The error as callers see it: after a failure with the time of the first one in a row, and their number.
    #[must_use]
    pub fn told(&self) -> Option<Error> {
        let error = self.error.clone()?;
        Some(match self.failing_since {
            Some(since) => error.with("since", since.to_rfc3339()).with("tries", self.failures),
            None => error,
        })
    }

    /// The error of the last refresh, while it is too soon to ask the provider again.
    #[must_use]
    pub fn pausing(&self, now: Timestamp) -> Option<&Error> {
        let next = self.next_refresh_at.filter(|_| self.failures > 0)?;
        let until = self.failed_at.map_or(next, |failed_at| next.min(failed_at + LONGEST_PAUSE));
        self.error.as_ref().filter(|_| now < until)
    }
}

/// Refusals in a row of which nobody knows whether they are for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Doubt {
    /// The time of the first one.
    pub since: Timestamp,
    /// Their number.
    pub times: u32,
}

/// Refreshes in a row that a 401 of the API asked for, and that did not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unhelped {
    /// The time of the last one.
    pub at: Timestamp,
    /// Their number.
    pub times: u32,
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
