//! The schedule of a deployment that has been there for a while.

use std::time::Duration;

use protocol::clock::Clock;

use crate::World;

impl World {
    /// Notes that the schedule has run so long ago, and left nothing. A first run looks back a whole week: 1,352 requests
    /// to the database.
    pub async fn schedule_ran(&self, ago: Duration) {
        self.deps.store.write_checkpoint(self.clock.now() - ago, None).await.unwrap();
    }
}
