//! Disconnects a connection, which deletes its credentials; or archives it, which takes it out of the live ones.
//!
//! Both wait for a refresh that is under way. Its new credentials would otherwise stay valid at the provider, known to
//! nobody.

use protocol::deadline::Deadline;
use protocol::error::{ErrorKey, Result, reported};
use protocol::secret::SecretMap;

use super::forget::forget;
use super::revoke::{self, Lived};
use super::{refresh, registration};
use crate::connection::{Connection, ConnectionSecrets, connection_context, connection_not_found};
use crate::deps::Deps;
use crate::store::{Lease, Written};

/// Deletes the connection's credentials, here and at the provider. A connection that is disconnected already keeps its
/// error. Of an archived one, nobody hears by an event.
pub async fn disconnect(deps: &Deps, mut connection: Connection, deadline: Deadline) -> Result<()> {
    loop {
        let Some(live) = forget(deps, connection, deadline).await? else { return Ok(()) };
        let lease = match leased(deps, live, deadline).await? {
            Leased::Live(lease) => lease,
            Leased::Archived(archived) => {
                connection = *archived;
                continue;
            }
        };
        let without = match without_credentials(deps, &lease.connection).await {
            Ok(without) => without,
            Err(error) => {
                refresh::release(deps, &lease).await;
                return Err(error);
            }
        };
        match deps.store.disconnect_leased(&lease, &without).await? {
            Written::Done => {
                revoke::revoke_given_up(deps, &lease.connection, Lived::UntilNow, without, deadline).await;
                return Ok(());
            }
            // The customer reconnected meanwhile. A reconnection waits for no lease.
            Written::Changed(found) => connection = *found.ok_or_else(connection_not_found)?,
        }
    }
}

/// Archives the connection. The provider revokes its credentials, where that revokes no other connection's.
pub async fn archive(deps: &Deps, connection: Connection, deadline: Deadline) -> Result<()> {
    let id = connection.id.clone();
    if !take_out(deps, connection, deadline).await? {
        return Ok(());
    }
    // The customer may have reconnected just before, so the credentials are read again. If that fails they are not
    // revoked, but the connection is archived all the same.
    let read = deps.store.read_connection(&id).await;
    if let Some(Some(archived)) = reported(read, "an archived connection was not read again") {
        revoke::revoke_given_up(deps, &archived, Lived::UntilNow, archived.clone(), deadline).await;
    }
    Ok(())
}

/// Takes the connection out of the live ones. Returns false if another request has done so first.
pub(super) async fn take_out(deps: &Deps, connection: Connection, deadline: Deadline) -> Result<bool> {
    let workspace = deps.definitions.workspace(&connection.workspace).await?;
    let Leased::Live(lease) = leased(deps, connection, deadline).await? else { return Ok(false) };
    let days = workspace.archived_credentials_days;
    if let Err(error) = deps.store.archive_connection(&lease.connection, days).await {
        refresh::release(deps, &lease).await;
        return Err(error);
    }
    Ok(true)
}

/// A connection once no refresh is under way.
enum Leased {
    Live(Box<Lease>),
    /// Another request has archived it first.
    Archived(Box<Connection>),
}

async fn leased(deps: &Deps, connection: Connection, deadline: Deadline) -> Result<Leased> {
    let id = connection.id.clone();
    match refresh::leased(deps, connection, deadline).await {
        Ok(lease) => Ok(Leased::Live(lease)),
        Err(error) if error.key() == ErrorKey::NotFound => {
            let found = deps.store.read_connection(&id).await?.filter(|found| found.archived_at.is_some());
            found.map(|archived| Leased::Archived(Box::new(archived))).ok_or(error)
        }
        Err(error) => Err(error),
    }
}

async fn without_credentials(deps: &Deps, connection: &Connection) -> Result<Connection> {
    let mut secrets = ConnectionSecrets::open_unused(deps, connection).await?;
    secrets.held.credentials = SecretMap::default();
    // Without a page of the provider's, the customer's parameters may be the credentials, or as good as them.
    if !has_page(deps, connection).await? {
        secrets.held.parameters = SecretMap::default();
    }
    let Connection { workspace, customer, id, .. } = connection;
    let key = deps.sealer.prepare(connection_context(workspace)).await?;
    Ok(Connection {
        sealed: secrets.seal(&key, workspace, customer, id)?,
        health: connection.health.without_credentials(),
        version: connection.version + 1,
        turn: connection.turn + 1,
        ..connection.clone()
    })
}

/// True if a page of the provider's gave the credentials; false also if the connection's option no longer exists.
async fn has_page(deps: &Deps, connection: &Connection) -> Result<bool> {
    match registration::of_connection(deps, connection).await {
        Ok(registration) => Ok(!registration.option().method.needs_no_page()),
        Err(error) if matches!(error.key(), ErrorKey::NotFound | ErrorKey::ConfigurationInvalid) => Ok(false),
        Err(error) => Err(error),
    }
}
