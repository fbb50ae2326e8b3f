//! Reads a connection for a caller who may see it, and opens its secrets.

use protocol::definition::{Registration, RegistrationId};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{ConnectionId, CustomerId, WorkspaceKey};
use protocol::token::Caller;

use super::keyed::keyed;
use crate::connection::{
    Connection, ConnectionName, ConnectionSecrets, Held, connection_not_found, connection_place,
};
use crate::deps::Deps;
use protocol::record::About;

impl Connection {
    /// Returns the connection with this id or key if the caller may see it; for anybody else it does not exist. The
    /// request's text `name` becomes an id or a key here. A key is one of the customer's who calls; who manages the
    /// workspace says of which `customer`.
    ///
    /// # Errors
    ///
    /// `not_found`; `parameter_missing`, if it is not said whose the key is.
    pub async fn visible(
        deps: &Deps,
        name: &str,
        caller: &Caller,
        customer: Option<&CustomerId>,
    ) -> Result<Self> {
        let found = match ConnectionName::read(name).ok_or_else(connection_not_found)? {
            ConnectionName::Id(id) => deps.store.read_connection(&id).await?,
            ConnectionName::Key(key) => {
                let customer = match caller {
                    Caller::Customer(customer) => &customer.id,
                    Caller::Admin { .. } => customer.ok_or_else(whose_key)?,
                };
                keyed(deps, caller.workspace(), customer, &key).await?.connection
            }
        };
        if let Some(found) = &found {
            About::Connection.note(&found.id);
        }
        found.filter(|connection| connection.is_visible_to(caller)).ok_or_else(connection_not_found)
    }

    /// Returns the connection as [`Self::visible`] does, but only a live one: an archived one cannot be used.
    pub async fn live(
        deps: &Deps,
        name: &str,
        caller: &Caller,
        customer: Option<&CustomerId>,
    ) -> Result<Self> {
        let connection = Self::visible(deps, name, caller, customer).await?;
        if connection.archived_at.is_some() { Err(connection_not_found()) } else { Ok(connection) }
    }
}

/// Reads a connection that is to be connected again. It must be live, and this customer's.
pub(crate) async fn own_connection(
    deps: &Deps,
    workspace: &WorkspaceKey,
    customer: &CustomerId,
    id: &ConnectionId,
) -> Result<Connection> {
    let found = deps.store.read_connection(id).await?;
    found.filter(|found| found.is_live_of(workspace, customer)).ok_or_else(connection_not_found)
}

fn whose_key() -> Error {
    let message =
        "There is no connection with this id. A key is a customer's own: say with userId whose it is.";
    Error::new(ErrorKey::NotFound, message).field("userId")
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
