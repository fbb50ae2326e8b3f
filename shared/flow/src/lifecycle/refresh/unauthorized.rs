//! A refresh that a 401 of the API asks for.
//!
//! A 401 may mean that the credentials have ended before their time, or that this customer may not see this path. Only
//! the next answer shows which it was. So such a refresh follows no other one closely, and while they do not help, each
//! comes later than the one before. If one fails, that says nothing about credentials that work elsewhere.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use super::wait::{Waited, wait};
use super::{Asked, led};
use crate::connection::{Connection, Health, Unhelped};
use crate::deps::Deps;
use protocol::clock::Timestamp;
use protocol::deadline::Deadline;
use protocol::error::reported;

/// Credentials are not to blame in their first minute, or in their first quarter if that is shorter.
const NEW: Duration = Duration::from_mins(1);

/// The pause after a refresh that did not help: each is twice the one before.
const PAUSES: RangeInclusive<Duration> = Duration::from_mins(2)..=Duration::from_hours(6);

/// A refresh that did not help is forgotten after this time.
const FORGOTTEN: Duration = Duration::from_hours(24);

/// Returns the connection with other credentials than those of `seen`, which the API has refused. Returns nothing if
/// there are none, or if a refresh would come too soon.
pub async fn after_unauthorized(
    deps: &Arc<Deps>,
    seen: Connection,
    deadline: Deadline,
) -> Option<Connection> {
    // The customer may have brought other credentials while the call waited. A reconnection takes no lease, and makes the
    // API refuse the old token.
    let found = deps.store.read_connection(&seen.id).await.ok()??;
    if found.version != seen.version {
        return found.usable().ok();
    }
    if !may_help(&found.health, deps.clock.now()) {
        return None;
    }
    let answered = |found: &Connection| {
        if found.version != seen.version {
            return Some(Some(found.clone()));
        }
        let is_as_it_was =
            (found.health.failures, found.health.unhelped) == (seen.health.failures, seen.health.unhelped);
        (!is_as_it_was).then_some(None)
    };
    let found = match wait(deps, found, deadline, answered).await.ok()? {
        Waited::Leased(lease, work) => led(deps, (*lease, work), Asked::Unauthorized, deadline).await.ok(),
        Waited::Answered(found) => found,
    };
    found?.usable().ok()
}

/// Notes that the API has refused these new credentials too. If this note is lost, the next refresh comes a little
/// sooner.
pub async fn did_not_help(deps: &Deps, renewed: Connection) {
    let noted = unhelped(renewed, deps.clock.now());
    reported(deps.store.write_health(&noted).await, "a refresh that did not help was not noted");
}

/// Returns the connection with one more refresh that did not help.
pub(super) fn unhelped(mut connection: Connection, now: Timestamp) -> Connection {
    let times = recent(&connection.health, now).map_or(0, |before| before.times);
    connection.health.unhelped = Some(Unhelped { at: now, times: times.saturating_add(1) });
    connection
}

fn may_help(health: &Health, now: Timestamp) -> bool {
    let is_paused = recent(health, now).is_some_and(|before| now < before.at + pause(before.times));
    !health.is_new(now, NEW) && !is_paused && health.pausing(now).is_none()
}

fn recent(health: &Health, now: Timestamp) -> Option<Unhelped> {
    health.unhelped.filter(|before| now.since(before.at) < FORGOTTEN)
}

fn pause(times: u32) -> Duration {
    let doublings = 1_u32.checked_shl(times.saturating_sub(1)).unwrap_or(u32::MAX);
    PAUSES.start().saturating_mul(doublings).min(*PAUSES.end())
}
