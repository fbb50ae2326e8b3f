//! Time limits: one table for every limit that depends on another.
//!
//! ```text
//!  0 s  the work begins
//!  2 s  a request for the result no longer waits for it: the browser asks again
//! 22 s  the last call to a provider stops
//! 25 s  a caller stops waiting for another caller's refresh
//! 26 s  the last try to save stops
//! 27 s  a waiting program gets its answer, even if a revocation or a refresh is still at work
//! 28 s  Lambda stops initiate, callback and finish
//! 30 s  API Gateway gives up
//! 35 s  a claim on a flow is dead: its work has stopped before, at 26 s
//! 45 s  a lease on a connection lapses: its holder has saved, or never will
//! 60 s  Lambda stops api, so that a save outlives API Gateway's patience
//! ```
//!
//! A test compares the functions' own limits with the deployment's template.

use std::time::Duration;

use crate::clock::{Clock, Timestamp};

/// Requests for a result wait for a callback until this long after its claim. Later ones are answered at once, and the
/// browser asks again: otherwise a provider that is slow would hold a second function while it holds the first.
pub const RESULT_WAIT: Duration = Duration::from_secs(2);

/// Every call to a provider stops this long after the work began. The save follows.
pub const PROVIDER: Duration = Duration::from_secs(22);

/// A request waits this long, from its arrival, for another request's refresh of the same connection.
pub const LEASE_WAIT: Duration = Duration::from_secs(25);

/// A save is tried until this moment: the database may be asked again, the provider may not.
pub const SAVE: Duration = Duration::from_secs(26);

/// A caller who waits for a revocation or a refresh gets an answer at this moment, before API Gateway gives up.
pub const ANSWER: Duration = Duration::from_secs(27);

/// The limit of the functions that a browser waits for: `Timeout` of initiate, callback and finish.
pub const BROWSER_FUNCTION: Duration = Duration::from_secs(28);

/// API Gateway answers 503 to a caller who waits longer. The limit cannot be set higher.
pub const GATEWAY: Duration = Duration::from_secs(30);

/// A claim is dead after this time: its function's limit is over, even if the clocks of two functions differ a
/// little.
pub const CLAIM: Duration = Duration::from_secs(35);

/// A lease lasts longer than its holder works, including the save.
pub const LEASE: Duration = Duration::from_secs(45);

/// The limit of the functions whose work goes on when nobody waits: `Timeout` of api.
pub const API_FUNCTION: Duration = Duration::from_mins(1);

/// The time for recording a failure: between the last call to a provider and the function's limit.
pub const FAILURE_RECORD: Duration = Duration::from_secs(4);

/// The time that one revocation may take.
pub const ONE_REVOCATION: Duration = Duration::from_secs(10);

/// The time that revocations may take while a customer waits in the browser for a new connection.
pub const REVOCATION_WHILE_CONNECTING: Duration = Duration::from_secs(2);

/// The deadlines of one piece of work. Each is counted from the moment when the work began.
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

    /// The deadline of work that began at this moment.
    #[must_use]
    pub fn began(began: Timestamp) -> Self {
        Self { began }
    }

    /// The deadline of a part of the work that leaves this much time for the rest.
    #[must_use]
    pub fn leaving(self, rest: Duration) -> Self {
        Self { began: self.began - rest }
    }

    /// The moment when a browser stops waiting.
    #[must_use]
    pub fn browser(self) -> Timestamp {
        self.began + BROWSER_FUNCTION
    }

    /// The moment when calls to the provider stop.
    #[must_use]
    pub fn provider(self) -> Timestamp {
        self.began + PROVIDER
    }

    /// The moment when waiting for another caller's lease stops.
    #[must_use]
    pub fn lease_wait(self) -> Timestamp {
        self.began + LEASE_WAIT
    }

    /// The moment when the last try to save stops.
    #[must_use]
    pub fn save(self) -> Timestamp {
        self.began + SAVE
    }

    /// The moment when a waiting program gets its answer, whatever is still at work.
    #[must_use]
    pub fn answer(self) -> Timestamp {
        self.began + ANSWER
    }

    /// The time that a revocation may still take at `now`.
    #[must_use]
    pub fn revocation(self, now: Timestamp) -> Duration {
        self.answer().since(now).min(ONE_REVOCATION)
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
            ANSWER,
            BROWSER_FUNCTION,
            GATEWAY,
            CLAIM,
            LEASE,
            API_FUNCTION,
        ];
        assert!(order.is_sorted_by(|earlier, later| earlier < later), "{order:?}");
        assert!(PROVIDER + FAILURE_RECORD < BROWSER_FUNCTION);
        // A lease is taken at the latest when waiting for it stops. Its holder then works no longer than until its
        // save.
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
