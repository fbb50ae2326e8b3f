//! Reads a connection for a caller who may see it, and opens its secrets.

use protocol::error::Result;
use protocol::id::ConnectionId;
use protocol::token::Caller;

use crate::connection::{Connection, ConnectionSecrets, connection_not_found};
use crate::deps::Deps;
use crate::deps::trail::About;

impl Connection {
    /// Returns the connection with this id if the caller may see it; for anybody else it does not exist. The request's
    /// text `id` becomes an id here.
    pub async fn visible(deps: &Deps, id: &str, caller: &Caller) -> Result<Self> {
        // A text that cannot be an id is not looked up.
        if !(1..=64).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(connection_not_found());
        }
        About::Connection.note(id);
        let found = deps.store.read_connection(&ConnectionId::new(id)).await?;
        found.filter(|connection| connection.is_visible_to(caller)).ok_or_else(connection_not_found)
    }

    /// Returns the connection as [`Self::visible`] does, but only a live one: an archived one cannot be used.
    pub async fn live(deps: &Deps, id: &str, caller: &Caller) -> Result<Self> {
        let connection = Self::visible(deps, id, caller).await?;
        if connection.archived_at.is_some() { Err(connection_not_found()) } else { Ok(connection) }
    }
}

impl ConnectionSecrets {
    /// Opens the secrets of a connection.
    pub async fn open(deps: &Deps, connection: &Connection) -> Result<Self> {
        Self::from_json(&deps.sealer.open(connection.place(), &connection.sealed).await?)
    }
}
