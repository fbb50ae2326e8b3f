//! How long work may take: one table for every limit that depends on another.
//!
//! ```text
//!  0 s  the work begins
//! 18 s  the result's page stops waiting, and the browser asks again
//! 22 s  the last call to a provider ends
//! 25 s  a caller stops waiting for somebody else's refresh
//! 26 s  the last try to save ends
//! 27 s  a program that waits is answered, whatever a revocation does
//! 28 s  Lambda ends initiate, callback and finish
//! 30 s  API Gateway gives up
//! 35 s  a claim on a flow is dead: its function ended long ago
//! 45 s  a lease on a connection ends: whoever held it has saved, or never will
//! 60 s  Lambda ends api, so that a save outlives API Gateway's patience
//! ```
//!
//! A test holds the functions' own limits against the deployment's template.

use std::time::Duration;

use crate::clock::{Clock, Timestamp};

/// One request for a result waits this long for a callback that is at work; then the browser asks again.
pub const RESULT_WAIT: Duration = Duration::from_secs(18);

/// Every call to a provider ends this long after the work began. What follows is the save.
pub const PROVIDER: Duration = Duration::from_secs(22);

/// A request waits this long, from when it came, for somebody else's refresh of the same connection.
pub const LEASE_WAIT: Duration = Duration::from_secs(25);

/// A save is tried until then: the database may be asked again, the provider may not.
pub const SAVE: Duration = Duration::from_secs(26);

/// A caller who waits for a revocation is answered then, before API Gateway gives up.
pub const REVOCATION: Duration = Duration::from_secs(27);

/// The limit of the functions that a browser waits for: `Timeout` of initiate, callback and finish.
pub const BROWSER_FUNCTION: Duration = Duration::from_secs(28);

/// API Gateway answers 503 to whoever waits longer. It cannot be set higher.
pub const GATEWAY: Duration = Duration::from_secs(30);

/// A claim is dead after this: its function's limit is over, and the clocks of two functions differ a little.
pub const CLAIM: Duration = Duration::from_secs(35);

/// A lease lasts longer than its holder works, save and all.
pub const LEASE: Duration = Duration::from_secs(45);

/// The limit of the functions whose work goes on when nobody waits: `Timeout` of api.
pub const API_FUNCTION: Duration = Duration::from_mins(1);

/// How long the record of a failure may take: between the last call to a provider and the function's end.
pub const FAILURE_RECORD: Duration = Duration::from_secs(4);

/// How long one revocation may take.
pub const ONE_REVOCATION: Duration = Duration::from_secs(10);

/// How long revocations may take while a customer waits in the browser for a new connection.
pub const REVOCATION_WHILE_CONNECTING: Duration = Duration::from_secs(2);

/// When one piece of work is over, step by step. Each moment is counted from when the work began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    began: Timestamp,
}

impl Deadline {
    /// The deadline of work that begins now.
    #[must_use]
    pub fn starting(clock: &dyn Clock) -> Self {
        Self::began(clock.now())
    }

    /// The deadline of work that began then.
    #[must_use]
    pub fn began(began: Timestamp) -> Self {
        Self { began }
    }

    /// When a browser would no longer wait.
    #[must_use]
    pub fn browser(self) -> Timestamp {
        self.began + BROWSER_FUNCTION
    }

    /// When calls to the provider end.
    #[must_use]
    pub fn provider(self) -> Timestamp {
        self.began + PROVIDER
    }

    /// When waiting for somebody else's lease ends.
    #[must_use]
    pub fn lease_wait(self) -> Timestamp {
        self.began + LEASE_WAIT
    }

    /// When the last try to save ends.
    #[must_use]
    pub fn save(self) -> Timestamp {
        self.began + SAVE
    }

    /// How long a revocation may still take, `now`.
    #[must_use]
    pub fn revocation(self, now: Timestamp) -> Duration {
        (self.began + REVOCATION).since(now).min(ONE_REVOCATION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_leaves_room_for_what_follows() {
        let order = [
            RESULT_WAIT,
            PROVIDER,
            LEASE_WAIT,
            SAVE,
            REVOCATION,
            BROWSER_FUNCTION,
            GATEWAY,
            CLAIM,
            LEASE,
            API_FUNCTION,
        ];
        assert!(order.is_sorted_by(|earlier, later| earlier < later), "{order:?}");
        assert!(PROVIDER + FAILURE_RECORD < BROWSER_FUNCTION);
        // A lease is taken at the latest when waiting for it ends, and its holder then works for as long as the lease.
        assert!(SAVE < LEASE);
        assert!(LEASE_WAIT + SAVE < API_FUNCTION);
    }

    #[test]
    fn a_revocation_gets_what_is_left() {
        let deadline = Deadline::began(Timestamp(0));
        assert_eq!(deadline.revocation(Timestamp(0)), ONE_REVOCATION);
        assert_eq!(deadline.revocation(Timestamp(25_000)), Duration::from_secs(2));
        assert_eq!(deadline.revocation(Timestamp(40_000)), Duration::ZERO);
    }
}
