//! A connection is disconnected: it stays, and forgets its credentials.

use std::convert::Infallible;

use crate::connection::{Connection, ConnectionSecrets, Health, connection_not_found, connection_place};
use crate::definition::AuthType;
use crate::deps::Deps;
use crate::error::Result;
use crate::refresh::{self, Waited};
use crate::revoke;
use crate::secret::SecretMap;
use crate::store::{ConnectionEvent, Written};

/// Forgets the connection's credentials, and has the provider forget them too. A refresh that is under way is waited for,
/// or what it brings would be forgotten by nobody. One that is disconnected already keeps what is said about why.
pub async fn disconnect(deps: &Deps, mut connection: Connection) -> Result<()> {
    loop {
        if connection.archived_at.is_some() {
            return Err(connection_not_found());
        }
        let lease = match refresh::wait(deps, connection, |_| None::<Infallible>).await? {
            Waited::Leased(lease, _) => lease,
            Waited::Answered(never) => match never {},
        };
        let without = without_credentials(deps, &lease.connection).await?;
        match deps.store.end_lease(&lease, &without, Some(ConnectionEvent::Disconnected)).await? {
            Written::Done => {
                revoke::revoke_ended(deps, &lease.connection, without).await;
                return Ok(());
            }
            // The customer connected again meanwhile, which waits for nobody.
            Written::Changed(found) => connection = *found.ok_or_else(connection_not_found)?,
        }
    }
}

async fn without_credentials(deps: &Deps, connection: &Connection) -> Result<Connection> {
    let integration = deps.definitions.integration(&connection.workspace, &connection.integration).await;
    let option = integration.ok().and_then(|integration| {
        let key = &connection.record.auth_option_key;
        let option = integration.auth_options.iter().find(|option| option.key == *key);
        option.map(|option| option.method.auth_type())
    });
    let mut secrets = ConnectionSecrets::open(deps, connection).await?;
    secrets.credentials = SecretMap::default();
    // What the customer entered is the credentials, or as good as them.
    if !matches!(option, Some(AuthType::OAuth2 | AuthType::OAuth1)) {
        secrets.parameters = SecretMap::default();
    }
    let place = connection_place(&connection.workspace, &connection.customer, &connection.id);
    Ok(Connection {
        sealed: secrets.seal(&deps.sealer.prepare(place).await?, place)?,
        health: Health {
            disconnected: true,
            error: connection.health.error.clone().filter(|_| connection.health.disconnected),
            ..Health::default()
        },
        version: connection.version + 1,
        ..connection.clone()
    })
}
