//! What a caller asks for, as a type that holds no bad value.

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value, json};

use super::parameters;
use crate::web::request_fields::Fields;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::ConnectionId;
use protocol::secret::{Secret, SecretMap};

/// A request to start a connection, read but not yet believed.
#[derive(Debug)]
pub struct StartRequest {
    /// The integration's id, or its key. Not given, it is that of the connection to update.
    pub integration: Option<String>,
    /// The key too, when both were given: it must be the same integration's.
    pub integration_key: Option<String>,
    /// What the customer entered.
    pub connection_parameters: SecretMap,
    /// What the caller gave for the connector.
    pub connector_parameters: SecretMap,
    /// The connection to update.
    pub connection_id: Option<ConnectionId>,
    /// A name for the connection.
    pub name: Option<String>,
    /// Which of the integration's options.
    pub auth_option_key: Option<String>,
    /// Whether the customer's other connections stay.
    pub allow_multiple_connections: bool,
    /// The caller's own text, returned with the result.
    pub custom_state: Option<String>,
    /// The token that says who the customer is.
    pub token: Secret,
    /// Where the result goes; not yet allowed.
    pub redirect_uri: Option<String>,
    /// The SDK's name for the message that it waits for.
    pub request_id: Option<String>,
}

impl StartRequest {
    /// Reads a start from the query and the body.
    pub fn parse(request: &Request<Bytes>) -> Result<Self> {
        Self::from_parameters(parameters::read(request)?)
    }

    /// Reads a start from its parameters by name.
    pub(crate) fn from_parameters(parameters: Map<String, Value>) -> Result<Self> {
        let mut parameters = Fields::new(parameters);
        let integration_id = parameters.text("integrationId", 128)?;
        let integration_key = parameters.text("integrationKey", 128)?;
        // The token first: without it nothing else is anybody's business.
        let token = parameters
            .text("token", 16 * 1024)?
            .ok_or_else(|| Error::new(ErrorKey::NotAuthenticated, "The token is missing.").field("token"))?;
        let connection_id = parameters.text("connectionId", 128)?.map(ConnectionId::new);
        let (integration, integration_key) = match (integration_id, integration_key) {
            (Some(id), key) => (Some(id), key),
            // An integration is found by either.
            (None, Some(key)) => (Some(key), None),
            // The SDKs reconnect by the connection's id alone.
            (None, None) if connection_id.is_some() => (None, None),
            (None, None) => {
                let message = "integrationId or integrationKey is missing.";
                return Err(Error::new(ErrorKey::ParameterMissing, message).field("integrationKey"));
            }
        };
        Ok(Self {
            integration,
            integration_key,
            connection_parameters: parameters.object("connectionParameters")?.unwrap_or_default(),
            connector_parameters: parameters.object("connectorParameters")?.unwrap_or_default(),
            connection_id,
            name: parameters.text("name", 255)?,
            auth_option_key: parameters.text("authOptionKey", 128)?,
            allow_multiple_connections: parameters.flag("allowMultipleConnections")?.unwrap_or_default(),
            custom_state: parameters.text("customState", 2048)?,
            token: Secret::new(token),
            redirect_uri: parameters.text("redirectUri", 2048)?,
            request_id: parameters.text("requestId", 255)?,
        })
    }
}

impl StartRequest {
    /// The same request as a `payload`, for the page that asks the customer first.
    #[must_use]
    pub fn to_payload(&self) -> Value {
        let (id, key) = match &self.integration_key {
            Some(key) => (self.integration.as_ref(), Some(key)),
            None => (None, self.integration.as_ref()),
        };
        let mut payload = json!({
            "integrationId": id,
            "integrationKey": key,
            "connectionParameters": self.connection_parameters,
            "connectorParameters": self.connector_parameters,
            "connectionId": self.connection_id,
            "name": self.name,
            "authOptionKey": self.auth_option_key,
            "allowMultipleConnections": self.allow_multiple_connections,
            "customState": self.custom_state,
            "token": self.token,
            "redirectUri": self.redirect_uri,
            "requestId": self.request_id,
        });
        if let Some(object) = payload.as_object_mut() {
            object.retain(|_, value| !value.is_null());
        }
        payload
    }
}

#[cfg(test)]
mod tests;
