//! Credentials that stay fresh.
//!
//! Many may want new credentials of a connection at once, and a provider that rotates refresh tokens gives them out once.
//! So one of them takes a *lease* on the connection, asks the provider, and saves what it got on the condition that
//! nobody wrote other credentials meanwhile; the others wait for it. The lease is longer than its holder may live.

mod lifetime;
mod renew;
mod sweep;
mod wait;

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use protocol::backoff::pause;
use protocol::deadline::Deadline;
use protocol::error::{Error, ErrorKey, Result, reported};
use tracing::Instrument as _;

pub use lifetime::{Renewal, health};
pub use sweep::{Swept, sweep};

use super::registration;
use crate::connection::{Connection, ConnectionSecrets, connection_not_found};
use crate::deps::Deps;
use crate::store::{ConnectionEvent, Lease, Predecessor, Written};
use renew::{NotRenewed, expired, renew};
use wait::{Waited, wait};
pub(crate) use wait::{leased, release};

/// How long after a failure a refresh is tried again: a minute after the first in a row, six hours at last.
const PAUSES_AFTER_FAILURES: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(6);

/// A connection's use is noted this often at most.
const TOUCH_EVERY: Duration = Duration::from_hours(1);

/// The connection with credentials that can be used: refreshed first, if they have ended. One that is disconnected stays
/// as it is.
pub async fn fresh(deps: &Arc<Deps>, mut connection: Connection, deadline: Deadline) -> Result<Connection> {
    let now = deps.clock.now();
    if !connection.is_connected() {
        return Ok(connection);
    }
    if now.since(connection.last_active_at) >= TOUCH_EVERY {
        connection.last_active_at = now;
        // A note that is lost costs a refresh that somebody waits for.
        reported(deps.store.touch(&connection).await, "a connection's use was not noted");
    }
    match connection.health.expires_at {
        Some(end) if end <= now => renewed(deps, connection, deadline).await,
        _ => Ok(connection),
    }
}

/// The connection with other credentials than `seen` has: those that this request gets, or those that another one got
/// or wrote meanwhile.
pub async fn renewed(deps: &Arc<Deps>, seen: Connection, deadline: Deadline) -> Result<Connection> {
    let answered = |found: &Connection| match &found.health.error {
        _ if found.version != seen.version => Some(Ok(found.clone())),
        Some(error) if found.health.failures != seen.health.failures => Some(Err(error.clone())),
        _ => None,
    };
    match wait(deps, seen.clone(), deadline, answered).await? {
        Waited::Leased(lease, deadline) => led(deps, *lease, deadline).await,
        Waited::Answered(answer) => answer,
    }
}

/// The caller may go, the work may not: in a task of its own, what was leased is finished.
async fn led(deps: &Arc<Deps>, lease: Lease, deadline: Deadline) -> Result<Connection> {
    let deps = Arc::clone(deps);
    let work = async move { lead(&deps, lease, deadline).await };
    tokio::spawn(work.in_current_span())
        .await
        .map_err(|error| Error::internal("a refresh broke down").caused_by(error))?
}

/// Renews the credentials of a leased connection, and ends the lease.
async fn lead(deps: &Deps, lease: Lease, deadline: Deadline) -> Result<Connection> {
    let (renewed, failure) = match attempt(deps, &lease, deadline).await {
        Ok(renewed) => (renewed, None),
        Err(NotRenewed::ForGood(error)) => {
            let error = match lease.predecessor {
                Predecessor::Interrupted => interrupted(),
                Predecessor::Released => error,
            };
            (disconnected(&lease.connection, error), None)
        }
        Err(NotRenewed::ForNow(error)) => (failed(deps, &lease.connection, error.clone()), Some(error)),
    };
    let newly_disconnected = renewed.health.disconnected && !lease.connection.health.disconnected;
    let event = newly_disconnected.then_some(ConnectionEvent::Disconnected);
    match deps.store.release_lease(&lease, &renewed, event).await {
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
                tracing::info!("credentials renewed");
                Ok(renewed)
            }
        },
        // Somebody wrote other credentials meanwhile: theirs are newer.
        Ok(Written::Changed(Some(found))) if found.archived_at.is_none() => Ok(*found),
        Ok(Written::Changed(_)) => Err(connection_not_found()),
        Err(error) => {
            error.report("renewed credentials could not be saved");
            // If the database takes anything of it, then that it failed: or it would be tried again at once, and for ever.
            let failed = failed(deps, &lease.connection, error.clone());
            reported(deps.store.release_lease(&lease, &failed, None).await, "a failed refresh was not noted");
            Err(error)
        }
    }
}

/// What the save needs is in hand before the provider is asked, since what it answers it may answer only once.
async fn attempt(deps: &Deps, lease: &Lease, deadline: Deadline) -> Result<Connection, NotRenewed> {
    let before = &lease.connection;
    let registration = registration::of_connection(deps, before).await?;
    let place = before.place();
    let mut secrets = ConnectionSecrets::open(deps, before).await?;
    let Some(renewal) = Renewal::of(registration.option(), &secrets.credentials) else {
        return Err(NotRenewed::ForGood(expired()));
    };
    let key = deps.sealer.prepare(place.encryption_context()).await?;
    let credentials = renew(deps, &registration, renewal, &secrets, deadline).await?;
    let health = health(registration.option(), &credentials, deps.clock.now(), before.last_active_at);
    secrets.credentials = credentials;
    let sealed = secrets.seal(&key, place)?;
    Ok(Connection { sealed, health, version: before.version + 1, ..before.clone() })
}

/// The credentials are of no use any more; only the customer can bring new ones.
fn disconnected(before: &Connection, error: Error) -> Connection {
    let mut connection = Connection { version: before.version + 1, ..before.clone() };
    connection.health.disconnected = true;
    connection.health.next_refresh_at = None;
    connection.health.error = Some(error);
    connection
}

/// It may work later: after a pause that grows from failure to failure.
fn failed(deps: &Deps, before: &Connection, error: Error) -> Connection {
    let mut connection = before.clone();
    let health = &mut connection.health;
    if health.disconnected {
        return connection;
    }
    health.failures = health.failures.saturating_add(1);
    health.error = Some(error);
    let pause = pause(health.failures, &PAUSES_AFTER_FAILURES, &*deps.random);
    health.next_refresh_at = Some(deps.clock.now() + pause);
    connection
}

/// The provider refused a token that it may have replaced: for a refresh whose answer was never saved.
fn interrupted() -> Error {
    Error::new(
        ErrorKey::RefreshInterrupted,
        "A refresh was cut off after the service may have issued new credentials, and it no longer accepts the old \
         ones. Please connect again.",
    )
}
