//! Reads a connection for a caller who may see it, and opens its secrets.

use protocol::definition::{Registration, RegistrationId};
use protocol::error::{Error, Result};
use protocol::id::ConnectionId;
use protocol::token::Caller;

use crate::connection::{Connection, ConnectionSecrets, Held, connection_not_found, connection_place};
use crate::deps::Deps;
use protocol::record::About;

impl Connection {
    /// Returns the connection with this id if the caller may see it; for anybody else it does not exist. The request's
    /// text `id` becomes an id here.
    pub async fn visible(deps: &Deps, id: &str, caller: &Caller) -> Result<Self> {
        // A text that cannot be an id is not looked up.
        if !(1..=64).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(connection_not_found());
        }
        let found = deps.store.read_connection(&ConnectionId::new(id)).await?;
        if found.is_some() {
            About::Connection.note(id);
        }
        found.filter(|connection| connection.is_visible_to(caller)).ok_or_else(connection_not_found)
    }

    /// Returns the connection as [`Self::visible`] does, but only a live one: an archived one cannot be used.
    pub async fn live(deps: &Deps, id: &str, caller: &Caller) -> Result<Self> {
        let connection = Self::visible(deps, id, caller).await?;
        if connection.archived_at.is_some() { Err(connection_not_found()) } else { Ok(connection) }
    }
}

impl ConnectionSecrets {
    /// Opens the secrets of a connection for the registration that will use them. For any other than the one that they
    /// belong to, they do not open.
    pub async fn open(deps: &Deps, connection: &Connection, registration: &Registration) -> Result<Self> {
        Self::open_for(deps, connection, registration.id()).await
    }

    /// Opens the secrets of a connection to change what is stored, even if the registration that they belong to is no
    /// longer defined.
    pub async fn open_unused(deps: &Deps, connection: &Connection) -> Result<Self> {
        Self::open_for(deps, connection, connection.registration_id()).await
    }

    async fn open_for(deps: &Deps, connection: &Connection, registration: RegistrationId) -> Result<Self> {
        // A value of an older version is not bound to its registration: the connection's record says which it is.
        if registration != connection.registration_id() {
            return Err(Error::internal("a connection's secrets do not open for another registration"));
        }
        let Connection { workspace, customer, id, sealed, .. } = connection;
        // They were forgotten.
        if sealed.is_empty() {
            return Ok(Self::nothing(registration));
        }
        let place = connection_place(workspace, customer, id, &registration);
        let json = deps.sealer.open(place, sealed).await?;
        Self::from_json(registration, &json)
    }

    /// Seals the secrets of a connection anew, if they are not under the present wrapping key. Returns nothing if they may
    /// stay as they are.
    pub async fn reseal(deps: &Deps, connection: &Connection) -> Result<Option<Vec<u8>>> {
        let Connection { workspace, customer, id, sealed, .. } = connection;
        // They were forgotten.
        if sealed.is_empty() {
            return Ok(None);
        }
        let registration = connection.registration_id();
        deps.sealer.reseal(connection_place(workspace, customer, id, &registration), sealed).await
    }

    /// Opens the secrets of a connection to show them. Those of a borrowed registration are shown to nobody.
    pub async fn open_to_show(deps: &Deps, connection: &Connection) -> Result<Option<Held>> {
        if connection.registration_id().is_borrowed() {
            return Ok(None);
        }
        Ok(Some(Self::open_unused(deps, connection).await?.held))
    }
}
