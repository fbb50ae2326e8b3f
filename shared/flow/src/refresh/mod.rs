//! Credentials that stay fresh.
//!
//! Many may want new credentials of a connection at once, and a provider that rotates refresh tokens gives them out once.
//! So one of them takes a *lease* on the connection, asks the provider, and saves what it got on the condition that
//! nobody wrote other credentials meanwhile; the others wait for it. The lease is longer than its holder may live.

mod lifetime;
mod renew;
mod sweep;
mod wait;

use std::sync::Arc;
use std::time::Duration;

pub use lifetime::{Renewal, health};
pub use sweep::{Swept, sweep};

use crate::app::App;
use crate::clock::Timestamp;
use crate::connection::{Connection, ConnectionSecrets, connection_not_found};
use crate::deps::Deps;
use crate::error::{Error, ErrorKey, Result};
use crate::oauth2::token_request::expired;
use crate::random::draw;
use crate::store::{ConnectionEvent, Lease, Written};
use renew::{Refused, renew};
use wait::{Waited, wait};
pub(crate) use wait::{leased, release};

/// Longer than the holder's last deadline: provider work ends after 22 s, and then it saves.
const LEASE: Duration = Duration::from_secs(45);

/// A connection's use is noted this often at most.
const TOUCH_EVERY: Duration = Duration::from_hours(1);

/// The connection with credentials that can be used: refreshed first, if they have ended. One that is disconnected stays
/// as it is. `since` is when the request came.
pub async fn fresh(deps: &Arc<Deps>, mut connection: Connection, since: Timestamp) -> Result<Connection> {
    let now = deps.clock.now();
    if !connection.is_connected() {
        return Ok(connection);
    }
    if now.since(connection.last_active_at) >= TOUCH_EVERY {
        connection.last_active_at = now;
        // A note that is lost costs a refresh that somebody waits for.
        let _ = deps.store.touch(&connection).await;
    }
    match connection.health.expires_at {
        Some(end) if end <= now => renewed(deps, connection, since).await,
        _ => Ok(connection),
    }
}

/// The connection with other credentials than `seen` has: those that this request gets, or those that another one got
/// or wrote meanwhile. `since` is when the request came.
pub async fn renewed(deps: &Arc<Deps>, seen: Connection, since: Timestamp) -> Result<Connection> {
    let answered = |found: &Connection| match &found.health.error {
        _ if found.version != seen.version => Some(Ok(found.clone())),
        Some(error) if found.health.failures != seen.health.failures => Some(Err(error.clone())),
        _ => None,
    };
    match wait(deps, seen.clone(), since, answered).await? {
        Waited::Leased(lease, since) => led(deps, *lease, since).await,
        Waited::Answered(answer) => answer,
    }
}

/// The caller may go, the work may not: in a task of its own, what was leased is finished.
async fn led(deps: &Arc<Deps>, lease: Lease, since: Timestamp) -> Result<Connection> {
    let deps = Arc::clone(deps);
    tokio::spawn(async move { lead(&deps, lease, since).await })
        .await
        .map_err(|error| Error::internal(format_args!("a refresh broke down: {error}")))?
}

/// Renews the credentials of a leased connection, and ends the lease.
async fn lead(deps: &Deps, lease: Lease, since: Timestamp) -> Result<Connection> {
    let (renewed, refusal) = match attempt(deps, &lease, since).await {
        Ok(renewed) => (renewed, None),
        Err(Refused::ForGood(error)) => {
            let error = if lease.interrupted { interrupted() } else { error };
            (disconnected(&lease.connection, error), None)
        }
        Err(Refused::ForNow(error)) => (failed(deps, &lease.connection, error.clone()), Some(error)),
    };
    let id = lease.connection.id.as_str();
    let key = renewed.health.error.as_ref().map(|error| error.key().facts().key);
    let ended = renewed.health.disconnected && !lease.connection.health.disconnected;
    let event = ended.then_some(ConnectionEvent::Disconnected);
    match deps.store.end_lease(&lease, &renewed, event).await {
        Ok(Written::Done) => match refusal {
            None if renewed.health.disconnected => {
                tracing::warn!(
                    connection = id,
                    key,
                    "connection disconnected: its credentials cannot be renewed"
                );
                Ok(renewed)
            }
            None => {
                tracing::info!(connection = id, "credentials renewed");
                Ok(renewed)
            }
            Some(error) => {
                tracing::warn!(connection = id, key, "credentials not renewed");
                Err(error)
            }
        },
        // Somebody wrote other credentials meanwhile: theirs are newer.
        Ok(Written::Changed(Some(found))) if found.archived_at.is_none() => Ok(*found),
        Ok(Written::Changed(_)) => Err(connection_not_found()),
        Err(error) => {
            tracing::error!(connection = id, "renewed credentials could not be saved");
            // If the database takes anything of it, then that it failed: or it would be tried again at once, and for ever.
            let failed = failed(deps, &lease.connection, error.clone());
            let _ = deps.store.end_lease(&lease, &failed, None).await;
            Err(error)
        }
    }
}

/// What the save needs is in hand before the provider is asked, since what it answers it may answer only once.
async fn attempt(deps: &Deps, lease: &Lease, since: Timestamp) -> Result<Connection, Refused> {
    let before = &lease.connection;
    let app = App::of_connection(deps, before).await?;
    let place = before.place();
    let mut secrets = ConnectionSecrets::open(deps, before).await?;
    let Some(renewal) = Renewal::of(app.option(), &secrets.credentials) else {
        return Err(Refused::ForGood(expired()));
    };
    let key = deps.sealer.prepare(place).await?;
    let credentials = renew(deps, &app, renewal, &secrets, since).await?;
    let health = health(app.option(), &credentials, deps.clock.now(), before.last_active_at);
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
    let [jitter] = draw::<1>(&*deps.random);
    health.next_refresh_at = Some(deps.clock.now() + lifetime::backoff(health.failures, jitter));
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
