//! A connection is disconnected: it stays, and forgets its credentials.

use crate::connection::{Connection, ConnectionSecrets, Health, connection_not_found, connection_place};
use crate::definition::AuthType;
use crate::deps::Deps;
use crate::error::{Error, ErrorKey, Result};
use crate::revoke;
use crate::secret::SecretMap;
use crate::store::{ConnectionEvent, Written};

/// Others may write the credentials meanwhile, a refresh above all; they do so once, not for ever.
const ATTEMPTS: usize = 5;

/// Forgets the connection's credentials, and has the provider forget them too. One that is disconnected already keeps
/// what is said about why.
pub async fn disconnect(deps: &Deps, mut connection: Connection) -> Result<()> {
    for _ in 0..ATTEMPTS {
        if connection.archived_at.is_some() {
            return Err(connection_not_found());
        }
        let without = without_credentials(deps, &connection).await?;
        match deps.store.write_credentials(&connection, &without, Some(ConnectionEvent::Disconnected)).await?
        {
            Written::Done => {
                revoke::revoke_ended(deps, &connection, without).await;
                return Ok(());
            }
            Written::Changed(found) => connection = *found.ok_or_else(connection_not_found)?,
        }
    }
    Err(Error::new(ErrorKey::LockTimeout, "The connection is being changed. Please try again."))
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
