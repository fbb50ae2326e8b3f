//! Keeps credentials fresh.
//!
//! Many requests may want new credentials of one connection at once, but a provider that rotates refresh tokens issues
//! them only once. So one request takes a *lease* on the connection and asks the provider. It saves the new credentials
//! on the condition that nobody else has written any meanwhile. The others wait for it. The lease lasts longer than its
//! holder can live.

mod breaker;
mod doubt;
mod further;
mod lifetime;
mod not_renewed;
mod planned;
mod renew;
mod slots;
mod sweep;
mod unauthorized;
mod wait;

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use protocol::backoff::pause;
use protocol::clock::Timestamp;
use protocol::deadline::Deadline;
use protocol::error::{Error, ErrorKey, Result, reported};
use protocol::record;
use tokio::task::{JoinError, JoinHandle};

pub use lifetime::{Renewal, health};
pub use sweep::{Swept, run, sweep};
pub use unauthorized::{after_unauthorized, did_not_help};

use super::after_connect::complete_refreshed;
use super::registration;
use crate::connection::{Connection, ConnectionSecrets, connection_context, connection_not_found};
use crate::deps::Deps;
use crate::store::{Lease, Written};
use not_renewed::{Heard, NotRenewed, expired};
use planned::{Planned, scheduled};
use renew::renew;
use wait::{Waited, held, wait};
pub(crate) use wait::{leased, release};

/// The pause after a failed refresh: a minute after the first failure in a row, growing to six hours.
const PAUSES_AFTER_FAILURES: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(6);

/// The reason for a refresh.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// The credentials are about to end, or somebody wants new ones.
    Anyway,
    /// The API has refused them, before their end.
    Unauthorized,
}

/// The shortest time between two notes of a connection's use.
const TOUCH_EVERY: Duration = Duration::from_hours(1);

/// Returns the connection with usable credentials, refreshed first if they are about to expire. If that fails, they
/// are used until they really end: a provider may refuse early refreshes. A disconnected connection is returned
/// unchanged.
pub async fn fresh(deps: &Arc<Deps>, mut connection: Connection, deadline: Deadline) -> Result<Connection> {
    let now = deps.clock.now();
    if !connection.is_connected() {
        return Ok(connection);
    }
    if now.since(connection.last_active_at) >= TOUCH_EVERY {
        connection.last_active_at = now;
        // If this note is lost, the next user may have to wait for a refresh: that is no reason to fail.
        reported(deps.store.touch(&connection).await, "a connection's use was not noted");
    }
    if !connection.health.is_due(now) {
        return Ok(connection);
    }
    if let Some(error) = connection.health.pausing(now) {
        let error = error.clone();
        return connection.health.coming_end(now).map(|_| connection).ok_or(error);
    }
    match renewed(deps, connection.clone(), deadline).await {
        Err(error) => not_ended(deps, connection).await?.ok_or(error),
        renewed => renewed,
    }
}

/// Returns the connection as it is after a refresh that failed, if its credentials have not ended.
async fn not_ended(deps: &Deps, seen: Connection) -> Result<Option<Connection>> {
    if seen.health.coming_end(deps.clock.now()).is_none() {
        return Ok(None);
    }
    let read = deps.store.read_connection(&seen.id).await;
    // What was read before is still good if it cannot be read now.
    let Some(found) = reported(read, "a connection was not read again") else { return Ok(Some(seen)) };
    found.filter(|found| found.archived_at.is_none()).map(Some).ok_or_else(connection_not_found)
}

/// Returns the connection with other credentials than those of `seen`: new ones from the provider, or those that
/// another request has written meanwhile. The provider is asked even in the pause after a failure.
pub async fn renewed(deps: &Arc<Deps>, seen: Connection, deadline: Deadline) -> Result<Connection> {
    let answered = |found: &Connection| match &found.health.error {
        _ if found.version != seen.version => Some(Ok(found.clone())),
        Some(error) if found.health.failures != seen.health.failures => Some(Err(error.clone())),
        _ => None,
    };
    match wait(deps, seen.clone(), deadline, answered).await? {
        Waited::Leased(lease, work) => led(deps, (*lease, work), Asked::Anyway, deadline).await,
        Waited::Answered(answer) => answer,
    }
}

/// The caller may hang up at any time. A task of its own finishes the work under the lease all the same. `caller` is the
/// deadline of the caller, who may have waited for the lease: an answer comes before API Gateway gives up.
async fn led(
    deps: &Arc<Deps>,
    (lease, deadline): (Lease, Deadline),
    asked: Asked,
    caller: Deadline,
) -> Result<Connection> {
    let left = caller.answer().since(deps.clock.now());
    match tokio::time::timeout(left, in_a_task(Arc::clone(deps), lease, asked, deadline)).await {
        Ok(led) => led.map_err(broken_down)?,
        Err(_) => Err(held()),
    }
}

/// Does the work under a lease in a task of its own, so that neither its caller's end nor its own panic ends more than it.
fn in_a_task(
    deps: Arc<Deps>,
    lease: Lease,
    asked: Asked,
    deadline: Deadline,
) -> JoinHandle<Result<Connection>> {
    let work = async move {
        let leading = {
            let (deps, lease) = (Arc::clone(&deps), lease.clone());
            async move { lead(&deps, lease, asked, deadline).await }
        };
        match tokio::spawn(record::carried(leading)).await {
            Ok(led) => led,
            Err(error) => Err(ended_early(&deps, &lease, asked, broken_down(error)).await),
        }
    };
    tokio::spawn(record::carried(work))
}

/// Notes a panic as a failure, so that the connection is due later: what breaks each time is tried less and less often.
/// Nobody knows whether the provider has answered, so the lease counts as interrupted.
async fn ended_early(deps: &Deps, lease: &Lease, asked: Asked, error: Error) -> Error {
    error.report("a renewal ended early");
    let failed = failed(deps, &lease.connection, asked, (error.clone(), Heard::Nothing)).await;
    save_failure(deps, lease, &Connection { interrupted: true, ..failed }).await;
    error
}

async fn save_failure(deps: &Deps, lease: &Lease, failed: &Connection) {
    reported(deps.store.release_lease(lease, failed).await, "a failed refresh was not noted");
}

fn broken_down(error: JoinError) -> Error {
    Error::internal("a refresh broke down").caused_by(error)
}

/// Renews the credentials of a leased connection, and releases the lease.
async fn lead(deps: &Deps, lease: Lease, asked: Asked, deadline: Deadline) -> Result<Connection> {
    let attempted = attempt(deps, &lease, deadline).await;
    let attempted =
        attempted.map_err(|reason| doubt::believed(reason, &lease.connection.health, deps.clock.now()));
    let (renewed, failure) = match attempted {
        Ok(renewed) => (renewed, None),
        Err(NotRenewed::ForGood(error)) => {
            let error = if lease.connection.interrupted { interrupted() } else { error };
            (disconnected(&lease.connection, &error, deps.clock.now()), None)
        }
        Err(NotRenewed::ForNow(error, heard)) => {
            (failed(deps, &lease.connection, asked, (error.clone(), heard)).await, Some(error))
        }
    };
    let renewed = Connection { turn: lease.connection.turn + 1, ..renewed };
    let issued = failure.is_none() && !renewed.health.disconnected;
    record::step("save");
    match deps.store.release_lease(&lease, &renewed).await {
        Ok(Written::Done) => match (failure, &renewed.health.error) {
            (Some(error), _) => {
                error.report("credentials not renewed");
                Err(error)
            }
            (None, Some(error)) if renewed.health.disconnected => {
                error.report("connection disconnected: its credentials cannot be renewed");
                Ok(renewed)
            }
            (None, _) => {
                record::ends("credentials renewed");
                Ok(renewed)
            }
        },
        // Somebody has written other credentials meanwhile. Those are newer.
        Ok(Written::Changed(Some(found))) if found.archived_at.is_none() => Ok(*found),
        Ok(Written::Changed(_)) => Err(connection_not_found()),
        Err(error) => {
            error.report("renewed credentials could not be saved");
            // Try to save at least the failure. Otherwise the refresh would be tried again at once, again and again. What
            // the provider has issued is lost.
            let failed = failed(deps, &lease.connection, asked, (error.clone(), Heard::Nothing)).await;
            let interrupted = failed.interrupted || issued;
            save_failure(deps, &lease, &Connection { interrupted, ..failed }).await;
            Err(error)
        }
    }
}

/// Asks the provider once. Everything that the save needs is prepared before, since the provider may not answer a
/// second time.
async fn attempt(deps: &Deps, lease: &Lease, deadline: Deadline) -> Result<Connection, NotRenewed> {
    record::step("renew");
    let before = &lease.connection;
    let registration = registration::of_connection(deps, before).await?;
    let Connection { workspace, customer, id, .. } = before;
    let mut secrets = ConnectionSecrets::open(deps, before, &registration).await?;
    let Some(renewal) = Renewal::of(registration.option(), &secrets.held.credentials) else {
        return Err(NotRenewed::ForGood(expired()));
    };
    let key = deps.sealer.prepare(connection_context(workspace)).await?;
    let planned = Planned::noted(deps, before, registration.option(), &secrets.held.credentials).await?;
    let renewed = renew(deps, secrets.values(&registration)?, renewal, &before.health, deadline).await?;
    secrets.held.credentials = renewed.credentials;
    complete_refreshed(deps, &registration, &mut secrets, deadline).await;
    let credentials = &secrets.held.credentials;
    let mut health = health(registration.option(), credentials, deps.clock.now(), before.last_active_at);
    health.renewed = true;
    health.unhelped = before.health.unhelped;
    if let Some(failed) = renewed.failed {
        let now = deps.clock.now();
        let next =
            now + pause(before.health.failures.saturating_add(1), &PAUSES_AFTER_FAILURES, &*deps.random);
        further::noted(&mut health, &before.health, failed, now, next);
    }
    health.next_refresh_at = planned.instead_of(health.next_refresh_at);
    let sealed = secrets.seal(&key, workspace, customer, id)?;
    let renewed =
        Connection { sealed, health, version: before.version + 1, interrupted: false, ..before.clone() };
    Ok(scheduled(deps, renewed, planned.at.or(before.health.next_refresh_at)).await)
}

/// Marks the credentials as gone for good: only the customer can bring new ones.
fn disconnected(before: &Connection, error: &Error, now: Timestamp) -> Connection {
    let mut connection = Connection { version: before.version + 1, ..before.clone() };
    connection.health.disconnected = true;
    connection.health.next_refresh_at = None;
    connection.health.fail(&before.health, error, now);
    connection
}

/// Notes a failure. The next try comes after a pause that grows with every failure in a row, or when the credentials
/// really end: until then they are used, and a provider that refuses early refreshes takes one then. It stands in the
/// schedule.
async fn failed(
    deps: &Deps,
    before: &Connection,
    asked: Asked,
    (error, heard): (Error, Heard),
) -> Connection {
    let now = deps.clock.now();
    let noted = if before.health.disconnected {
        before.clone()
    } else if asked == Asked::Unauthorized && before.health.coming_end(now).is_some() {
        unauthorized::unhelped(before.clone(), now)
    } else {
        tried_later(deps, before, now, (error, heard))
    };
    scheduled(deps, noted, before.health.next_refresh_at).await
}

fn tried_later(
    deps: &Deps,
    before: &Connection,
    now: Timestamp,
    (error, heard): (Error, Heard),
) -> Connection {
    let mut connection = before.clone();
    let health = &mut connection.health;
    health.doubt = doubt::doubt(health, heard, now);
    health.fail(&before.health, &error, now);
    let pause = pause(health.failures, &PAUSES_AFTER_FAILURES, &*deps.random);
    let next = now + pause;
    health.next_refresh_at = Some(health.coming_end(now).map_or(next, |end| end.min(next)));
    connection
}

/// Returns the error for a refused token after an interrupted refresh: the provider may have replaced that token in an
/// answer that was never saved.
fn interrupted() -> Error {
    Error::new(
        ErrorKey::RefreshInterrupted,
        "A refresh was cut off after the service may have issued new credentials, and it no longer accepts the old \
         ones. Please connect again.",
    )
}
