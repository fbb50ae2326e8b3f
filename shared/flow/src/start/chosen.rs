//! A start with its option chosen: the schema of its parameters, the entered parameters, and the request to connect.

use protocol::definition::{AuthMethod, AuthOption, Integration, Registration};
use protocol::error::Result;
use protocol::secret::SecretMap;
use serde_json::Value;

use super::verify::VerifiedStart;
use crate::connection::{ConnectRequest, Connection, ConnectionSecrets};
use crate::deps::Deps;

/// A start with its option chosen.
pub(super) struct Chosen<'a> {
    pub(super) start: &'a VerifiedStart,
    pub(super) integration: &'a Integration,
    pub(super) option: &'a AuthOption,
    /// The registration in use: this option's own, or that of a shared integration.
    pub(super) registration: Registration,
}

/// The parameters of a connection, from the customer and from the caller.
pub(super) struct Entered {
    pub(super) parameters: SecretMap,
    pub(super) connector_parameters: SecretMap,
}

impl Chosen<'_> {
    /// Returns the schema of the parameters: the option's own, or that of its registration's option.
    pub(super) fn schema(&self) -> Option<&Value> {
        self.option.input_schema.as_ref().or(self.registration.option().input_schema.as_ref())
    }

    /// Collects the parameters: from the form, or from the caller, or for a reconnection from before. Credentials that
    /// the customer enters are never taken from before, since the reconnection is to replace them.
    pub(super) async fn entered(&self, deps: &Deps, reconnected: Option<&Connection>) -> Result<Entered> {
        let mut entered = Entered {
            parameters: self.start.request.connection_parameters.clone(),
            connector_parameters: self.start.request.connector_parameters.clone(),
        };
        if let Some(connection) = reconnected
            && (entered.parameters.is_empty() || entered.connector_parameters.is_empty())
        {
            let before = ConnectionSecrets::open(deps, connection).await?;
            let is_typed = matches!(self.registration.option().method, AuthMethod::ClientCredentials(_));
            if entered.parameters.is_empty() && !is_typed {
                entered.parameters = before.parameters;
            }
            if entered.connector_parameters.is_empty() {
                entered.connector_parameters = before.connector_parameters;
            }
        }
        if let (Some(submission), Some(schema)) = (&self.start.submission, self.schema()) {
            let mut parameters = entered.parameters.expose().clone();
            parameters.extend(submission.input(schema));
            entered.parameters = SecretMap::new(parameters);
        }
        Ok(entered)
    }

    pub(super) fn request(&self, entered: Entered) -> ConnectRequest {
        let asked = &self.start.request;
        ConnectRequest {
            workspace: self.start.workspace.key.clone(),
            customer: self.start.customer.id.clone(),
            integration: self.integration.id.clone(),
            auth_option_key: self.option.key.clone(),
            borrowed: self.registration.borrowed(),
            parameters: entered.parameters,
            connector_parameters: entered.connector_parameters,
            connection_id: asked.connection_id.clone(),
            name: asked.name.clone(),
            allow_multiple_connections: asked.allow_multiple_connections,
        }
    }
}
