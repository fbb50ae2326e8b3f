//! The subject of a start: the integration that it names, or that of the connection to reconnect.

use std::sync::Arc;

use protocol::definition::Integration;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::ConnectionKey;

use super::verify::VerifiedStart;
use crate::connection::{Connection, connection_not_found};
use crate::context::connection_request::FIELD;
use crate::deps::{Deps, integration_not_found};
use crate::lifecycle::access::own_connection;
use crate::lifecycle::keyed::{check_integration, check_key, keyed};

/// The subject of a start.
pub(super) struct Subject {
    pub(super) integration: Arc<Integration>,
    /// The connection to reconnect, if there is one.
    pub(super) connection: Option<Connection>,
}

/// Finds the integration and the connection that the request names.
pub(super) async fn subject(deps: &Deps, start: &VerifiedStart) -> Result<Subject> {
    let named = match start.request.integration {
        Some(_) => Some(start.named_integration()?),
        None => None,
    };
    let connection = match (&start.request.connection_id, &start.request.connection_key) {
        (Some(id), key) => {
            let connection = own_connection(deps, &start.workspace.key, &start.customer.id, id).await?;
            if let Some(key) = key {
                check_key(deps, key, &connection).await?;
            }
            Some(connection)
        }
        (None, Some(key)) => with_key(deps, start, key, named.as_deref()).await?,
        (None, None) => None,
    };
    let integration = match (named, &connection) {
        (Some(named), Some(connection)) if connection.integration != named.id => {
            return Err(connection_not_found());
        }
        (Some(named), _) => named,
        (None, Some(connection)) => {
            deps.definitions.integration(&start.workspace.key, &connection.integration).await?
        }
        // Only a key that nothing has.
        (None, None) => return Err(connection_not_found().field("connectionKey")),
    };
    start.check_subject(&integration)?;
    Ok(Subject { integration, connection })
}

/// Finds the connection that has the key, if there is one.
async fn with_key(
    deps: &Deps,
    start: &VerifiedStart,
    key: &ConnectionKey,
    named: Option<&Integration>,
) -> Result<Option<Connection>> {
    let found = keyed(deps, &start.workspace.key, &start.customer.id, key).await?.connection;
    if let (Some(found), Some(named)) = (&found, named) {
        check_integration(found, &named.id)?;
    }
    Ok(found)
}

impl VerifiedStart {
    /// Refuses a start that belongs to a connection request and asks for something else.
    fn check_subject(&self, integration: &Integration) -> Result<()> {
        let Some(found) = &self.belongs_to else { return Ok(()) };
        let asked = &found.request;
        let is_it = asked.integration == integration.id && asked.connection_id == self.request.connection_id;
        if is_it {
            return Ok(());
        }
        let message = "The connection request is for another integration, or another connection.";
        Err(Error::new(ErrorKey::ParameterConflict, message).field(FIELD))
    }

    fn named_integration(&self) -> Result<Arc<Integration>> {
        let field = if self.request.integration_key.is_none() { "integrationKey" } else { "integrationId" };
        let found = self.named.as_ref().ok_or_else(|| integration_not_found(field))?;
        match &self.request.integration_key {
            Some(key) if *key != found.key => {
                let message = "integrationId and integrationKey name two different integrations.";
                Err(Error::new(ErrorKey::ParameterConflict, message).field("integrationKey"))
            }
            _ => Ok(Arc::clone(found)),
        }
    }
}
