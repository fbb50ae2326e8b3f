//! The schedule: its runs, and those that it has had.

use std::time::Duration;

use flow::lifecycle::refresh::{Swept, sweep};
use protocol::clock::{Clock, Timestamp};
use protocol::error::Result;

use crate::World;
use crate::permissions::{as_refresh, by_hand};

/// The time of one run.
const RUN: Duration = Duration::from_mins(4);

impl World {
    /// One run of the schedule.
    pub async fn run_schedule(&self) -> Swept {
        self.run_schedule_until(self.clock.now() + RUN).await.unwrap()
    }

    /// One run of the schedule, which ends by then.
    pub async fn run_schedule_until(&self, end: Timestamp) -> Result<Swept> {
        as_refresh(sweep(&self.deps, end)).await
    }

    /// The same, an hour after another run.
    pub async fn run_schedule_again(&self) -> Swept {
        self.schedule_ran(Duration::from_hours(1)).await;
        self.run_schedule().await
    }

    /// Notes that the schedule has run so long ago, and left nothing. A first run looks back a whole week: 1,352 requests
    /// to the database.
    pub async fn schedule_ran(&self, ago: Duration) {
        by_hand(self.deps.store.write_checkpoint(self.clock.now() - ago, None)).await.unwrap();
    }
}
