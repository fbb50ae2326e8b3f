//! A clock that follows the runtime's paused time, and can be moved on beside it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use protocol::clock::{Clock, Timestamp};
use tokio::time::Instant;

/// The moment when every test begins: 2026-01-01T00:00:00Z.
pub const BEGINNING: Timestamp = Timestamp(1_767_225_600_000);

/// The time of a test: the time that it slept, and the time that it was moved on.
pub struct TestClock {
    started: Instant,
    moved_on: AtomicI64,
}

impl TestClock {
    /// A clock at [`BEGINNING`].
    #[must_use]
    pub fn start() -> Self {
        Self { started: Instant::now(), moved_on: AtomicI64::new(0) }
    }

    /// Moves on without waking anybody who sleeps.
    pub fn advance(&self, by: Duration) {
        self.moved_on.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl TestClock {
    /// Goes back by some of what it was moved on by, like the clock of another function.
    pub fn go_back(&self, by: Duration) {
        self.moved_on.fetch_sub(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// The moment so much later than now.
    #[must_use]
    pub fn now_plus(&self, later: Duration) -> Timestamp {
        self.now() + later
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let moved_on = Duration::from_millis(self.moved_on.load(Ordering::SeqCst).unsigned_abs());
        BEGINNING + self.started.elapsed() + moved_on
    }
}
