//! Reading a connection: for a caller who may see it, and what is sealed of it.

use protocol::error::Result;
use protocol::id::ConnectionId;
use protocol::token::Caller;

use crate::connection::{Connection, ConnectionSecrets, connection_not_found};
use crate::deps::Deps;
use crate::deps::trail::About;

impl Connection {
    /// The connection with this id, for a caller who may see it; for anybody else there is none. `id` is the text that the
    /// request names: here it becomes an id.
    pub async fn visible(deps: &Deps, id: &str, caller: &Caller) -> Result<Self> {
        // What cannot be an id is not looked for.
        if !(1..=64).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(connection_not_found());
        }
        About::Connection.note(id);
        let found = deps.store.read_connection(&ConnectionId::new(id)).await?;
        found.filter(|connection| connection.is_visible_to(caller)).ok_or_else(connection_not_found)
    }

    /// The same, if it is live: nothing can be done with an archived one.
    pub async fn live(deps: &Deps, id: &str, caller: &Caller) -> Result<Self> {
        let connection = Self::visible(deps, id, caller).await?;
        if connection.archived_at.is_some() { Err(connection_not_found()) } else { Ok(connection) }
    }
}

impl ConnectionSecrets {
    /// Opens a connection's.
    pub async fn open(deps: &Deps, connection: &Connection) -> Result<Self> {
        Self::from_json(&deps.sealer.open(connection.place(), &connection.sealed).await?)
    }
}
