//! The scheduled refresh: finds the due connections by their index, and renews many at once.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinSet;

use super::breaker::Breaker;
use super::slots::Slots;
use super::{Asked, broken_down, in_a_task};
use crate::deps::Deps;
use crate::deps::trail::{self, About};
use crate::store::{Due, Leased, due_hour, due_partitions};
use protocol::clock::Timestamp;
use protocol::deadline::{Deadline, LEASE};
use protocol::error::Result;
use protocol::random::draw_id;
use tracing::Instrument as _;

/// The due connections that wait in memory at most. More are read when some of them are done.
const READ_AHEAD: usize = 10_000;

/// The longest time of one refresh, from lease to save. None begins later than this before the end.
const LONGEST: Duration = LEASE;

/// The first hour to look at when there is no checkpoint yet, in hours before this one.
const FIRST_LOOK: i64 = 7 * 24;

/// The result of one sweep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// The number of connections with new credentials.
    pub renewed: u32,
    /// The number of connections that were disconnected.
    pub disconnected: u32,
    /// The number of failed refreshes. They are tried again later.
    pub failed: u32,
    /// The number of connections that somebody else was renewing, or had renewed.
    pub left: u32,
    /// True if the time was over before everything was done.
    pub unfinished: bool,
}

/// Renews all due connections, as long as `end` is not near.
pub async fn sweep(deps: &Arc<Deps>, end: Timestamp) -> Result<Swept> {
    let now = deps.clock.now();
    let this_hour = due_hour(now);
    let checkpoint = deps.store.read_checkpoint().await?;
    let breaker = Arc::new(Breaker::new(Arc::clone(&deps.provider), Arc::clone(&deps.clock)));
    let (slots, tasks, swept) = (Slots::default(), JoinSet::new(), Swept::default());
    let mut work = Work { deps, breaker, end, slots, tasks, swept };
    // Nothing is added to an hour that is over. Clocks differ a little, so the previous hour is still read too.
    let last_hour = this_hour - 1;
    // A checkpoint that lies ahead is of a run whose clock was wrong. What it says is done may not be.
    let ahead = checkpoint.filter(|hour| *hour > this_hour);
    let believed = checkpoint.filter(|_| ahead.is_none());
    let first = believed.unwrap_or(last_hour - FIRST_LOOK).min(last_hour);
    let mut first_left = first;
    let mut looked = Ok(());
    for hour in first..=this_hour {
        match work.hour(hour, now).await {
            Ok(true) if hour < last_hour && first_left == hour => first_left = hour + 1,
            Ok(_) => {}
            // Renewals that have begun must finish: their providers may not issue the credentials again.
            Err(error) => {
                looked = Err(error);
                break;
            }
        }
        if work.swept.unfinished {
            break;
        }
    }
    work.rest().await;
    looked?;
    if checkpoint != Some(first_left) {
        deps.store.write_checkpoint(first_left, ahead).await?;
    }
    if work.swept.unfinished {
        tracing::warn!("refresh unfinished");
    }
    Ok(work.swept)
}

struct Work<'a> {
    deps: &'a Arc<Deps>,
    breaker: Arc<Breaker>,
    end: Timestamp,
    slots: Slots,
    tasks: JoinSet<SweepOutcome>,
    swept: Swept,
}

#[derive(Clone, Copy)]
enum SweepOutcome {
    Renewed,
    Disconnected,
    Failed,
    Left,
}

impl Work<'_> {
    /// Reads the due connections of an hour, and begins with them. Returns true if there were none.
    async fn hour(&mut self, hour: i64, now: Timestamp) -> Result<bool> {
        let mut empty = true;
        for partition in due_partitions(hour) {
            if self.is_late() {
                self.swept.unfinished = true;
                return Ok(false);
            }
            empty &= self.partition(&partition, now).await?;
        }
        Ok(empty)
    }

    /// True if a refresh that begins now may not finish in time.
    fn is_late(&self) -> bool {
        self.deps.clock.now() + LONGEST >= self.end
    }

    /// Reads the due connections of a partition, and begins with them. Returns true if there were none.
    async fn partition(&mut self, partition: &str, now: Timestamp) -> Result<bool> {
        let mut after = None;
        let mut empty = true;
        loop {
            let page = self.deps.store.due(partition, now, after).await?;
            for due in page.due {
                empty = false;
                self.slots.wait(due);
            }
            self.begin(true);
            while self.slots.waiting() > READ_AHEAD && self.one_ends().await {
                self.begin(true);
            }
            if self.is_late() {
                self.swept.unfinished = true;
                return Ok(false);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(empty),
            }
        }
    }
}

impl Work<'_> {
    /// Begins as many of the renewals that wait as there are slots for.
    fn begin(&mut self, is_reading: bool) {
        while !self.is_late()
            && let Some(due) = self.slots.next(is_reading)
        {
            let group = due.group();
            let renewal = renew_due(Arc::clone(self.deps), Arc::clone(&self.breaker), due);
            self.slots.taken(self.tasks.spawn(renewal.instrument(trail::span())).id(), group);
        }
    }

    /// Waits for the end of a renewal. Returns false if none is under way.
    async fn one_ends(&mut self) -> bool {
        let (id, outcome) = match self.tasks.join_next_with_id().await {
            Some(Ok(ended)) => ended,
            Some(Err(broken)) => (broken.id(), SweepOutcome::Failed),
            None => return false,
        };
        self.slots.freed(id);
        self.swept.count(outcome);
        true
    }

    /// Renews what waits, as long as there is time, and waits for what has begun.
    async fn rest(&mut self) {
        loop {
            self.begin(false);
            if !self.one_ends().await {
                self.swept.unfinished |= self.slots.waiting() > 0;
                return;
            }
        }
    }
}

impl Swept {
    fn count(&mut self, outcome: SweepOutcome) {
        *match outcome {
            SweepOutcome::Renewed => &mut self.renewed,
            SweepOutcome::Disconnected => &mut self.disconnected,
            SweepOutcome::Failed => &mut self.failed,
            SweepOutcome::Left => &mut self.left,
        } += 1;
    }
}

async fn renew_due(deps: Arc<Deps>, breaker: Arc<Breaker>, due: Due) -> SweepOutcome {
    About::Connection.note(&due.id);
    let holder = draw_id(&*deps.random);
    let now = deps.clock.now();
    let lease = match deps.store.lease(Leased::Due(&due), &holder, now + LEASE).await {
        Ok(Some(lease)) => lease,
        Ok(None) => return SweepOutcome::Left,
        Err(error) => {
            error.report("a connection that is due was not taken");
            return SweepOutcome::Failed;
        }
    };
    About::Workspace.note(&lease.connection.workspace);
    About::Customer.note(&lease.connection.customer);
    About::Integration.note(&lease.connection.integration);
    let deps = deps.calling(breaker.of(&lease.connection.workspace));
    match in_a_task(deps, lease, Asked::Anyway, Deadline::began(now)).await {
        Ok(Ok(connection)) if connection.health.disconnected => SweepOutcome::Disconnected,
        Ok(Ok(_)) => SweepOutcome::Renewed,
        Ok(Err(_)) => SweepOutcome::Failed,
        Err(error) => {
            broken_down(error).report("a renewal ended early");
            SweepOutcome::Failed
        }
    }
}
