//! A connection ends: it is disconnected, and forgets its credentials; or it is archived, and leaves the live ones.
//!
//! A refresh that is under way is waited for: what it brings would otherwise live on at the provider, known to nobody.

use protocol::deadline::Deadline;
use protocol::definition::AuthMethod;
use protocol::error::{ErrorKey, Result, reported};
use protocol::secret::SecretMap;

use super::{refresh, registration, revoke};
use crate::connection::{Connection, ConnectionSecrets, Health, connection_not_found};
use crate::deps::Deps;
use crate::store::{ConnectionEvent, Written};

/// Forgets the connection's credentials, and has the provider forget them too. One that is disconnected already keeps
/// what is said about why.
pub async fn disconnect(deps: &Deps, mut connection: Connection, deadline: Deadline) -> Result<()> {
    loop {
        if connection.archived_at.is_some() {
            return Err(connection_not_found());
        }
        let lease = refresh::leased(deps, connection, deadline).await?;
        let without = match without_credentials(deps, &lease.connection).await {
            Ok(without) => without,
            Err(error) => {
                refresh::release(deps, &lease).await;
                return Err(error);
            }
        };
        match deps.store.release_lease(&lease, &without, Some(ConnectionEvent::Disconnected)).await? {
            Written::Done => {
                revoke::revoke_given_up(deps, &lease.connection, without, deadline).await;
                return Ok(());
            }
            // The customer connected again meanwhile, which waits for nobody.
            Written::Changed(found) => connection = *found.ok_or_else(connection_not_found)?,
        }
    }
}

/// Archives the connection, and has the provider forget its credentials where that ends nothing else.
pub async fn archive(deps: &Deps, connection: Connection, deadline: Deadline) -> Result<()> {
    let id = connection.id.clone();
    let lease = match refresh::leased(deps, connection, deadline).await {
        // Another request was faster.
        Err(error) if error.key() == ErrorKey::NotFound => {
            let archived = deps.store.read_connection(&id).await?.is_some();
            return if archived { Ok(()) } else { Err(error) };
        }
        lease => lease?,
    };
    if let Err(error) = deps.store.archive_connection(&lease.connection).await {
        refresh::release(deps, &lease).await;
        return Err(error);
    }
    // The customer may have connected again just before. What cannot be read is revoked by nobody, and is archived still.
    let read = deps.store.read_connection(&lease.connection.id).await;
    if let Some(Some(archived)) = reported(read, "an archived connection was not read again") {
        revoke::revoke_given_up(deps, &archived, archived.clone(), deadline).await;
    }
    Ok(())
}

async fn without_credentials(deps: &Deps, connection: &Connection) -> Result<Connection> {
    let mut secrets = ConnectionSecrets::open(deps, connection).await?;
    secrets.credentials = SecretMap::default();
    // What the customer entered may be the credentials, or as good as them.
    if !is_oauth(deps, connection).await? {
        secrets.parameters = SecretMap::default();
    }
    let place = connection.place();
    Ok(Connection {
        sealed: secrets.seal(&deps.sealer.prepare(place.encryption_context()).await?, place)?,
        health: Health {
            disconnected: true,
            error: connection.health.error.clone().filter(|_| connection.health.disconnected),
            ..Health::default()
        },
        version: connection.version + 1,
        ..connection.clone()
    })
}

/// Whether the connection was made by OAuth; not, if its option is no longer there to tell.
async fn is_oauth(deps: &Deps, connection: &Connection) -> Result<bool> {
    match registration::of_connection(deps, connection).await {
        Ok(registration) => {
            Ok(matches!(registration.option().method, AuthMethod::OAuth2(_) | AuthMethod::OAuth1(_)))
        }
        Err(error) if matches!(error.key(), ErrorKey::NotFound | ErrorKey::ConfigurationInvalid) => Ok(false),
        Err(error) => Err(error),
    }
}
