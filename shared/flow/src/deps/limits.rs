//! The limit of one workspace's requests in a minute, so that it cannot use up what all share.
//!
//! The functions share one count for each workspace and minute, in the flows table. A write for each request would cost
//! more than most requests do. So a sandbox (a function's process) does not count a workspace's first few requests of a
//! minute at all, and then takes several out of the count at once: at first as many as it did not count, then each time
//! twice as many, up to [`MOST_AT_ONCE`], and fewer as the minute's end comes into sight. What it has taken is never
//! much more than what it has used, so hardly any are lost in sandboxes that need them no more. Once there are none
//! left, it remembers so until the minute is over.
//!
//! So in a minute of the clock, a workspace makes at most its limit, and in each sandbox [`uncounted`] requests more.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::store::{Store, Taken};
use protocol::clock::Clock;
use protocol::definition::Workspace;
use protocol::error::{Error, Result};
use protocol::id::WorkspaceKey;
use protocol::record::{self, Level, Remark};

const SECONDS: i64 = 60;

/// The most requests of a minute that a sandbox does not count.
const MOST_UNCOUNTED: u32 = 5;

/// The most requests that a sandbox takes at once.
const MOST_AT_ONCE: u32 = 20;

/// A sandbox takes no more at once than this part of what is left for all.
const PART_OF_WHAT_IS_LEFT: u32 = 20;

/// The longest time that a request waits for the count.
const PATIENCE: Duration = Duration::from_secs(1);

/// The limits of all workspaces, as one sandbox knows them.
pub struct Limits {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    of_each: Option<NonZeroU32>,
    minute: Mutex<Minute>,
    /// Held by the request that takes from the count. Those beside it wait, and share what it brings.
    taking: tokio::sync::Mutex<()>,
}

/// One minute of the clock, and the workspaces that have made requests in it. So it grows no further than a sandbox can
/// work in a minute.
#[derive(Default)]
struct Minute {
    number: i64,
    budgets: HashMap<WorkspaceKey, Budget>,
}

/// The requests that one workspace may still make here without asking.
#[derive(Debug, Clone, Copy)]
struct Budget {
    granted: u32,
    /// The number to take next; zero once there are none left.
    next: u32,
}

/// The next step of a request.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Go,
    Take(u32),
    Stop,
}

impl Limits {
    /// The limits over `store`. `of_each` is that of a workspace without one of its own.
    #[must_use]
    pub fn new(store: Arc<Store>, clock: Arc<dyn Clock>, of_each: Option<NonZeroU32>) -> Self {
        Self { store, clock, of_each, minute: Mutex::default(), taking: tokio::sync::Mutex::default() }
    }

    /// Counts a request of the workspace. Call it once it is known that the request is the workspace's.
    ///
    /// # Errors
    ///
    /// `rate_limit_exceeded` for the rest of the minute. If the database cannot count, the request goes on: a limit must
    /// not add to an outage.
    pub async fn admit(&self, workspace: &Workspace) -> Result<()> {
        let Some(limit) = workspace.requests_per_minute.or(self.of_each) else { return Ok(()) };
        let now = self.clock.now().seconds();
        let minute = now.div_euclid(SECONDS);
        let is_admitted = match self.spend(&workspace.key, minute, limit) {
            Step::Go => true,
            Step::Stop => false,
            // Boxed, because most requests take nothing. Otherwise its space would be part of every request's future.
            Step::Take(_) => {
                let taking = Box::pin(self.take(&workspace.key, minute, limit));
                match tokio::time::timeout(PATIENCE, taking).await {
                    Ok(Ok(is_admitted)) => is_admitted,
                    Ok(Err(error)) => {
                        error.note("a request was not counted");
                        true
                    }
                    Err(_) => {
                        record::notes(Remark::new(Level::Warn, "a request was not counted in time"));
                        true
                    }
                }
            }
        };
        let seconds = SECONDS - now.rem_euclid(SECONDS);
        if is_admitted { Ok(()) } else { Err(Error::rate_limit_exceeded(seconds.unsigned_abs())) }
    }

    fn spend(&self, workspace: &WorkspaceKey, minute: i64, limit: NonZeroU32) -> Step {
        self.lock(minute).budget(workspace, limit.get()).spend()
    }

    /// Takes requests out of the shared count, one of them for the request at hand. Returns whether it has one.
    async fn take(&self, workspace: &WorkspaceKey, minute: i64, limit: NonZeroU32) -> Result<bool> {
        let _alone = self.taking.lock().await;
        let wanted = match self.spend(workspace, minute, limit) {
            Step::Go => return Ok(true),
            Step::Stop => return Ok(false),
            Step::Take(wanted) => wanted,
        };
        let taken = self.store.take_requests(workspace, minute, wanted, limit.get()).await?;
        let mut now = self.lock(minute);
        // The minute may be over by now.
        if now.number == minute {
            now.budget(workspace, limit.get()).add(wanted, taken);
        }
        Ok(taken.is_some())
    }

    /// The minute with this number. What was known of another one is forgotten.
    fn lock(&self, number: i64) -> MutexGuard<'_, Minute> {
        // A panic under the lock leaves the map whole, because entries are changed in one step.
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        if minute.number < number {
            *minute = Minute { number, budgets: HashMap::new() };
        }
        minute
    }
}

impl Minute {
    fn budget(&mut self, workspace: &WorkspaceKey, limit: u32) -> &mut Budget {
        self.budgets.entry(workspace.clone()).or_insert_with(|| Budget::new(limit))
    }
}

/// The requests of a minute that a sandbox does not count: 5, or one in a hundred of a limit below 500.
#[must_use]
pub fn uncounted(limit: u32) -> u32 {
    (limit / 100).min(MOST_UNCOUNTED)
}

impl Budget {
    fn new(limit: u32) -> Self {
        let uncounted = uncounted(limit);
        Self { granted: uncounted, next: uncounted.max(1) }
    }

    fn spend(&mut self) -> Step {
        match (self.granted.checked_sub(1), self.next) {
            (Some(granted), _) => {
                self.granted = granted;
                Step::Go
            }
            (None, 0) => Step::Stop,
            (None, next) => Step::Take(next),
        }
    }

    fn add(&mut self, wanted: u32, taken: Option<Taken>) {
        match taken {
            Some(Taken { granted, left }) => {
                self.granted += granted.saturating_sub(1);
                self.next = (wanted * 2).min(MOST_AT_ONCE).min(left / PART_OF_WHAT_IS_LEFT).max(1);
            }
            None => self.next = 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one sandbox takes, alone, until there is nothing left: the writes, and the requests that it may make.
    fn alone(limit: u32) -> (usize, u32) {
        let mut budget = Budget::new(limit);
        let (mut counted, mut writes, mut admitted) = (0, 0, 0);
        loop {
            match budget.spend() {
                Step::Go => admitted += 1,
                Step::Stop => return (writes, admitted),
                Step::Take(wanted) => {
                    writes += 1;
                    let granted = wanted.min(limit - counted);
                    counted += granted;
                    let taken = (granted > 0).then(|| Taken { granted, left: limit - counted });
                    admitted += u32::from(taken.is_some());
                    budget.add(wanted, taken);
                }
            }
        }
    }

    #[test]
    fn a_sandbox_makes_its_limit_and_what_it_does_not_count() {
        for limit in [1, 2, 3, 19, 20, 99, 100, 499, 500, 600, 1_000, 10_000] {
            let (writes, admitted) = alone(limit);
            assert_eq!(admitted, limit + uncounted(limit), "{limit}");
            assert!(writes <= 1 + limit as usize, "{limit}: {writes}");
        }
        assert_eq!([1, 99, 100, 499, 500, 600, 10_000].map(uncounted), [0, 0, 1, 4, 5, 5, 5]);
    }

    /// Or many sandboxes that serve a few requests each would use a workspace's minute up without serving it.
    #[test]
    fn a_sandbox_has_never_taken_much_more_than_it_has_used() {
        let mut budget = Budget::new(1_000_000);
        let (mut taken, mut used) = (0, 0);
        for _ in 0..1_000 {
            if let Step::Take(wanted) = budget.spend() {
                taken += wanted;
                budget.add(wanted, Some(Taken { granted: wanted, left: 1_000_000 }));
            }
            used += 1;
            assert!(taken <= 2 * used && taken < used + MOST_AT_ONCE, "{taken} {used}");
        }
    }

    #[test]
    fn what_is_added_when_none_are_left_changes_nothing() {
        let mut budget = Budget::new(1);
        assert_eq!(budget.spend(), Step::Take(1));
        budget.add(1, Some(Taken { granted: 1, left: 0 }));
        assert_eq!(budget.spend(), Step::Take(1));
        budget.add(1, None);
        assert_eq!((budget.spend(), budget.spend()), (Step::Stop, Step::Stop));
    }
}
