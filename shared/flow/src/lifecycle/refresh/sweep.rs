//! The scheduled refresh: finds the due connections in the schedule, and renews many at once. Archived ones that are due
//! forget their secrets.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinSet;

use super::breaker::Breaker;
use super::slots::Slots;
use super::{Asked, broken_down, in_a_task};
use crate::deps::Deps;
use crate::lifecycle::forget::forget;
use crate::store::{Due, Leasing, due_hour, due_partitions, hour_begins};
use protocol::clock::Timestamp;
use protocol::deadline::{Deadline, LEASE};
use protocol::error::{Error, ErrorKey, Result};
use protocol::random::draw_id;
use protocol::record::{self, About, Invocation, Level, Measure, Record, Remark};

/// The due connections that wait in memory at most. More are read when some of them are done.
const READ_AHEAD: usize = 10_000;

/// The longest time of one refresh, from lease to save. None begins later than this before the end.
const LONGEST: Duration = LEASE;

/// The time to look back when there is no checkpoint yet.
const FIRST_LOOK: Duration = Duration::from_hours(7 * 24);

/// The time before each run that the next one looks at again. An entry may be written for a moment that is just over, and
/// before the connection that it is for; reads lag a moment, and clocks differ a little.
const LOOKED_AT_AGAIN: Duration = Duration::from_mins(10);

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
    /// The number of archived connections whose secrets were forgotten.
    pub forgotten: u32,
    /// The number of connection requests whose time is over.
    pub expired: u32,
    /// True if the time was over before everything was done.
    pub unfinished: bool,
}

/// One run of the schedule: a sweep, with a line in the log.
pub async fn run(deps: &Arc<Deps>, invocation: Invocation, end: Timestamp) -> Result<Swept> {
    let record = Record::begin(Arc::clone(&deps.clock), &*deps.random, invocation);
    let swept = record.during(sweep(deps, end)).await;
    record.during(async { said(&swept) }).await;
    record.ended();
    swept
}

fn said(swept: &Result<Swept>) {
    match swept {
        Ok(swept) => {
            let (level, message) = if swept.unfinished {
                (Level::Warn, "refresh unfinished")
            } else {
                (Level::Info, "scheduled work ended")
            };
            let counted = |count: u32| Some(count).filter(|count| *count > 0);
            record::ends(
                Remark::new(level, message)
                    .with("renewed", counted(swept.renewed))
                    .with("disconnected", counted(swept.disconnected))
                    .with("failed", counted(swept.failed))
                    .with("left", counted(swept.left))
                    .with("forgotten", counted(swept.forgotten))
                    .with("expired", counted(swept.expired)),
            );
        }
        Err(error) => error.report("scheduled work failed"),
    }
}

/// Renews all due connections, as long as `end` is not near.
pub async fn sweep(deps: &Arc<Deps>, end: Timestamp) -> Result<Swept> {
    let now = deps.clock.now();
    let checkpoint = deps.store.read_checkpoint().await?;
    let breaker = Arc::new(Breaker::new(Arc::clone(&deps.provider), Arc::clone(&deps.clock)));
    // A checkpoint that lies ahead is of a run whose clock was wrong. What it says is done may not be.
    let ahead = checkpoint.filter(|at| *at > now);
    let believed = checkpoint.filter(|_| ahead.is_none());
    let from = believed.unwrap_or(now - FIRST_LOOK);
    let (slots, tasks, swept) = (Slots::default(), JoinSet::new(), Swept::default());
    let mut work = Work { deps, breaker, end, slots, tasks, swept, from, left: None };
    let mut looked = Ok(());
    for hour in due_hour(from)..=due_hour(now) {
        looked = work.hour(hour, (from, now)).await;
        if looked.is_err() || work.swept.unfinished {
            work.leave(hour_begins(hour).max(from));
            break;
        }
    }
    // Renewals that have begun must finish, whatever happened: their providers may not issue the credentials again.
    work.rest().await;
    looked?;
    let looked_at = now - LOOKED_AT_AGAIN;
    let done = work.left.map_or(looked_at, |left| left.min(looked_at));
    if checkpoint != Some(done) {
        deps.store.write_checkpoint(done, ahead).await?;
    }
    let overdue = work.left.map_or(Duration::ZERO, |left| now.since(left));
    Measure::Overdue.add(u64::try_from(overdue.as_millis()).unwrap_or(u64::MAX));
    Ok(work.swept)
}

struct Work<'a> {
    deps: &'a Arc<Deps>,
    breaker: Arc<Breaker>,
    end: Timestamp,
    slots: Slots,
    tasks: JoinSet<Ended>,
    swept: Swept,
    /// The run looks at the entries from this moment on.
    from: Timestamp,
    /// All entries before this moment are done; without one, all that are due.
    left: Option<Timestamp>,
}

/// The end of what was begun with an entry.
struct Ended {
    outcome: SweepOutcome,
    /// The entry's time, if the next run has to look at it again.
    again: Option<Timestamp>,
}

#[derive(Clone, Copy)]
enum SweepOutcome {
    Renewed,
    Disconnected,
    Failed,
    Left,
    Forgotten,
    /// A connection request's time is over.
    Expired,
    /// The connection is not due at this time, or no longer.
    Past,
}

impl Work<'_> {
    /// Reads the due entries of an hour, and begins with them.
    async fn hour(&mut self, hour: i64, span: (Timestamp, Timestamp)) -> Result<()> {
        for partition in due_partitions(hour) {
            if self.is_late() {
                self.swept.unfinished = true;
            }
            if self.swept.unfinished {
                break;
            }
            self.partition(&partition, span).await?;
        }
        Ok(())
    }

    /// True if a refresh that begins now may not finish in time.
    fn is_late(&self) -> bool {
        self.deps.clock.now() + LONGEST >= self.end
    }

    /// Reads the due entries of a partition, and begins with them.
    async fn partition(&mut self, partition: &str, span: (Timestamp, Timestamp)) -> Result<()> {
        let mut after = None;
        loop {
            let page = self.deps.store.due(partition, span, after).await?;
            for due in page.due {
                self.slots.wait(due);
            }
            self.begin(true);
            while self.slots.waiting() > READ_AHEAD && self.one_ends().await {
                self.begin(true);
            }
            if self.is_late() {
                self.swept.unfinished = true;
                return Ok(());
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Leaves the entries from this moment on to the next run.
    fn leave(&mut self, from: Timestamp) {
        self.left = Some(self.left.map_or(from, |left| left.min(from)));
    }

    /// Begins as many of the renewals that wait as there are slots for.
    fn begin(&mut self, is_reading: bool) {
        while !self.is_late()
            && let Some(due) = self.slots.next(is_reading)
        {
            let group = due.group.clone();
            let record = Record::begin_beside(Arc::clone(&self.deps.clock), &*self.deps.random);
            let renewal = renew_due(Arc::clone(self.deps), Arc::clone(&self.breaker), due);
            let renewal = async move {
                let ended = record.during(renewal).await;
                // There are many entries of the past.
                if matches!(ended.outcome, SweepOutcome::Past) {
                    record.dismissed();
                } else {
                    record.ended();
                }
                ended
            };
            self.slots.taken(self.tasks.spawn(renewal).id(), group);
        }
    }

    /// Waits for the end of a renewal. Returns false if none is under way.
    async fn one_ends(&mut self) -> bool {
        let (id, Ended { outcome, again }) = match self.tasks.join_next_with_id().await {
            Some(Ok(ended)) => ended,
            // It is not known when its entry was. It is found again after its lease.
            Some(Err(broken)) => {
                (broken.id(), Ended { outcome: SweepOutcome::Failed, again: Some(self.from) })
            }
            None => return false,
        };
        self.slots.freed(id);
        self.swept.count(outcome);
        if let Some(at) = again {
            self.leave(at);
        }
        true
    }

    /// Renews what waits, as long as there is time, and waits for what has begun.
    async fn rest(&mut self) {
        loop {
            self.begin(false);
            if !self.one_ends().await {
                if let Some(first) = self.slots.first_waiting() {
                    self.swept.unfinished = true;
                    self.leave(first);
                }
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
            SweepOutcome::Forgotten => &mut self.forgotten,
            SweepOutcome::Expired => &mut self.expired,
            SweepOutcome::Past => return,
        } += 1;
    }
}

/// Renews the connection of an entry, or forgets its secrets if it is archived. If it is due at the same time then, the
/// next run looks at it again.
async fn renew_due(deps: Arc<Deps>, breaker: Arc<Breaker>, due: Due) -> Ended {
    let request = due.connection_request();
    if request.is_none() {
        About::Connection.note(&due.id);
    }
    let ended = |outcome, is_done: bool| Ended { outcome, again: (!is_done).then_some(due.at) };
    let renewed = async {
        if let Some(request) = &request {
            let is_told = deps.store.tell_expired(request).await?;
            if is_told {
                record::ends("connection request expired");
            }
            return Ok(ended(if is_told { SweepOutcome::Expired } else { SweepOutcome::Past }, true));
        }
        let read = deps.store.read_connection(&due.id).await?;
        let Some(connection) = read.filter(|read| due.is_of(read)) else {
            return Ok(ended(SweepOutcome::Past, true));
        };
        About::Workspace.note(&connection.workspace);
        About::Customer.note(&connection.customer);
        About::IntegrationId.note(&connection.integration);
        let now = deps.clock.now();
        let calling = deps.calling(breaker.of(&connection.workspace));
        if connection.archived_at.is_some() {
            return Ok(match forget(&calling, connection, Deadline::began(now)).await? {
                None => {
                    record::ends("credentials forgotten");
                    ended(SweepOutcome::Forgotten, true)
                }
                Some(restored) => ended(SweepOutcome::Past, !due.is_of(&restored)),
            });
        }
        let holder = draw_id(&*deps.random);
        let Leasing::Taken(lease) = deps.store.lease(&connection, &holder, now + LEASE).await? else {
            record::ends("left to another");
            return Ok(ended(SweepOutcome::Left, false));
        };
        let led = in_a_task(calling, *lease, Asked::Anyway, Deadline::began(now)).await;
        Ok(match led.map_err(broken_down).flatten() {
            Ok(now) if now.health.disconnected => ended(SweepOutcome::Disconnected, true),
            Ok(now) => ended(SweepOutcome::Renewed, !due.is_of(&now)),
            Err(_) => {
                let now = deps.store.read_connection(&due.id).await?;
                ended(SweepOutcome::Failed, now.is_none_or(|now| !due.is_of(&now)))
            }
        })
    };
    renewed.await.unwrap_or_else(|error: Error| {
        error.report("a connection that is due was not taken");
        // A record that cannot be read stays as it is.
        ended(SweepOutcome::Failed, error.key() != ErrorKey::StorageUnavailable)
    })
}
