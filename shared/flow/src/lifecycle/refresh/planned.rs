//! The next refresh's entry in the schedule.
//!
//! What a provider gives only once is saved as soon as it is there, with nothing in between. So the entry for the refresh
//! after this one is written before the provider is asked, for new credentials that last as long as the old ones. Where
//! they do not, another entry follows.

use std::time::Duration;

use crate::connection::Connection;
use crate::deps::Deps;
use protocol::clock::Timestamp;
use protocol::definition::AuthOption;
use protocol::error::{Result, reported};
use protocol::secret::SecretMap;

use super::lifetime;

/// A refresh may come this much earlier than it has to. It is longer than the provider's answer takes.
const EARLIER: Duration = Duration::from_mins(1);

/// The time limit for writing an entry before the provider is asked.
const PATIENCE: Duration = Duration::from_secs(8);

/// The time limit for writing an entry while new credentials wait to be saved.
const BRIEF: Duration = Duration::from_secs(1);

/// The refresh after this one, as it stands in the schedule.
pub(super) struct Planned {
    /// The time of its entry, if there is one.
    pub(super) at: Option<Timestamp>,
}

impl Planned {
    /// Writes the entry for the refresh after this one, if new credentials will last as long as the old ones.
    pub(super) async fn noted(
        deps: &Deps,
        before: &Connection,
        option: &AuthOption,
        credentials: &SecretMap,
    ) -> Result<Self> {
        let now = deps.clock.now();
        let at = lifetime::planned(option, credentials, now, before.last_active_at);
        deps.store.schedule(before, at, now + PATIENCE).await?;
        Ok(Self { at })
    }

    /// Returns the time of the next refresh: the planned one, if that is the time that the new credentials need or a
    /// little earlier.
    pub(super) fn instead_of(&self, needed: Option<Timestamp>) -> Option<Timestamp> {
        let fits = |at: &Timestamp| needed.is_some_and(|needed| *at <= needed && needed <= *at + EARLIER);
        self.at.filter(fits).or(needed)
    }
}

/// Returns the connection with its next refresh in the schedule. `there` is the time of an entry that stands there
/// already. If none can be written for another time, that one stays: a refresh at the wrong time does less harm than new
/// credentials that are not saved.
pub(super) async fn scheduled(
    deps: &Deps,
    mut connection: Connection,
    there: Option<Timestamp>,
) -> Connection {
    let next = connection.health.next_refresh_at;
    if next != there {
        let noted = deps.store.schedule(&connection, next, deps.clock.now() + BRIEF).await;
        if reported(noted, "the next refresh was not noted").is_none() {
            connection.health.next_refresh_at = there;
        }
    }
    connection
}
