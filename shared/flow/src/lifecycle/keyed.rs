//! The connection that has a key.

use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{ConnectionKey, CustomerId, IntegrationId, WorkspaceKey};

use crate::connection::{ConnectRequest, Connection, connection_not_found};
use crate::deps::Deps;
use crate::store::{KeyFound, key_taken};

/// A customer's key, and the live connection that has it.
#[derive(Debug, Default)]
pub struct Keyed {
    /// The key, as it was found before the connection.
    pub found: KeyFound,
    /// The connection; none if the key is anybody's.
    pub connection: Option<Connection>,
}

/// Finds the customer's live connection with this key.
pub async fn keyed(
    deps: &Deps,
    workspace: &WorkspaceKey,
    customer: &CustomerId,
    key: &ConnectionKey,
) -> Result<Keyed> {
    let found = deps.store.read_key(workspace, customer, key).await?;
    let held = match &found.holder {
        Some(holder) => deps.store.read_connection(holder).await?,
        None => None,
    };
    let connection = held.filter(|held| {
        (&held.workspace, &held.customer, held.key.as_ref()) == (workspace, customer, Some(key))
            && held.archived_at.is_none()
    });
    Ok(Keyed { found, connection })
}

/// Refuses a key for a connection that has another one, and one that another connection has. Returns the key as it was found.
pub async fn check_key(deps: &Deps, key: &ConnectionKey, of: &Connection) -> Result<KeyFound> {
    let Keyed { found, connection } = keyed(deps, &of.workspace, &of.customer, key).await?;
    let message = match (&of.key, connection) {
        (Some(own), _) if own != key => "The connection has another connectionKey.",
        (_, Some(other)) if other.id != of.id => "Another connection of the customer has this connectionKey.",
        _ => return Ok(found),
    };
    Err(Error::new(ErrorKey::ParameterConflict, message).field("connectionKey"))
}

/// Refuses a key whose connection is one with another integration.
pub fn check_integration(connection: &Connection, integration: &IntegrationId) -> Result<()> {
    if connection.integration == *integration {
        return Ok(());
    }
    let message = "The customer's connection with this connectionKey is one with another integration.";
    Err(Error::new(ErrorKey::ParameterConflict, message).field("connectionKey"))
}

/// Refuses a key that another connection of the customer has. Returns the key as it was found.
///
/// # Errors
///
/// `already_exists`, if another has it.
pub async fn check_free(deps: &Deps, of: &Connection, key: &ConnectionKey) -> Result<KeyFound> {
    let Keyed { found, connection } = keyed(deps, &of.workspace, &of.customer, key).await?;
    if connection.is_some_and(|other| other.id != of.id) { Err(key_taken()) } else { Ok(found) }
}

/// Gives a live connection this key, as [`check_free`] found it, or none.
///
/// # Errors
///
/// `already_exists`, if another connection of the customer has taken the key since.
pub async fn change_key(
    deps: &Deps,
    connection: Connection,
    key: Option<(&ConnectionKey, &KeyFound)>,
) -> Result<Connection> {
    if connection.key.as_ref() == key.map(|(key, _)| key) {
        return Ok(connection);
    }
    deps.store.change_key(connection, key).await
}

/// What a new connection takes the place of, and the key that it is to take.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// The connection that is connected again.
    pub(super) before: Option<Connection>,
    /// The key to take, as it was found.
    pub(super) key: Option<(ConnectionKey, KeyFound)>,
}

/// Finds the connection that a request connects again: the one that it names, or that has the key which it names.
pub(super) async fn place(deps: &Deps, request: &ConnectRequest) -> Result<Place> {
    let ConnectRequest { workspace, customer, integration, connection_id, connection_key, .. } = request;
    let named = match connection_id {
        Some(id) => Some(deps.store.read_connection(id).await?.ok_or_else(connection_not_found)?),
        None => None,
    };
    let Some(key) = connection_key else { return Ok(Place { before: named, key: None }) };
    let (before, found) = if let Some(named) = named {
        let found = check_key(deps, key, &named).await?;
        (Some(named), found)
    } else {
        let Keyed { found, connection } = keyed(deps, workspace, customer, key).await?;
        (connection, found)
    };
    if let Some(before) = &before {
        check_integration(before, integration)?;
    }
    let has_it = before.as_ref().is_some_and(|before| before.key.as_ref() == Some(key));
    Ok(Place { before, key: (!has_it).then(|| (key.clone(), found)) })
}
