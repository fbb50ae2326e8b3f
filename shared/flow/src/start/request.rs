//! A request to start, as a type that holds no malformed value.

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value, json};

use super::parameters;
use crate::connection::{Notes, read_key};
use crate::context::connection_request::{self, ConnectionRequestId, no_request};
use crate::web::notes;
use crate::web::request_fields::Fields;
use protocol::definition::GivenScopes;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{ConnectionId, ConnectionKey};
use protocol::language::Language;
use protocol::redirect_uri::MAX_BYTES;
use protocol::secret::{Secret, SecretMap};

/// The size limit of a `customState`, in bytes.
pub const MAX_CUSTOM_STATE: usize = 2048;

/// A request to start a connection, read but not yet verified.
#[derive(Debug, Clone)]
pub struct StartRequest {
    /// What it asks for.
    pub wanted: Wanted,
    /// The token that identifies the customer.
    pub token: Secret,
    /// The connection request that it belongs to.
    pub connection_request: Option<ConnectionRequestId>,
    /// The SDK's id for the message with the result.
    pub request_id: Option<String>,
    /// The language of the pages, if one of them was asked for. Another is not spoken.
    pub language: Option<Language>,
}

/// What a start asks for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The integration's id or key. Not needed with a connection to reconnect, or with a connection request.
    pub integration: Option<String>,
    /// The integration's key, if its id was given too. Both must name the same integration.
    pub integration_key: Option<String>,
    /// The parameters that the customer entered.
    pub connection_parameters: SecretMap,
    /// The connector parameters that the caller gave.
    pub connector_parameters: SecretMap,
    /// The scopes that the provider is asked for, if the caller names any.
    pub scopes: Option<GivenScopes>,
    /// The connection to reconnect.
    pub connection_id: Option<ConnectionId>,
    /// The key for the connection. A live connection that has it is reconnected.
    pub connection_key: Option<ConnectionKey>,
    /// The name for the connection.
    pub name: Option<String>,
    /// What is noted beside it.
    pub notes: Notes,
    /// The key of the auth option.
    pub auth_option_key: Option<String>,
    /// True if the customer's other connections stay.
    pub allow_multiple_connections: bool,
    /// The caller's own text. It is returned with the result.
    pub custom_state: Option<String>,
    /// The address for the result, not yet checked against the workspace's list.
    pub redirect_uri: Option<String>,
}

impl StartRequest {
    /// Reads a start from the query and the body.
    pub fn parse(request: &Request<Bytes>) -> Result<Self> {
        Self::from_parameters(parameters::read(request)?)
    }

    /// Reads a start from its named parameters.
    pub(crate) fn from_parameters(parameters: Map<String, Value>) -> Result<Self> {
        let mut parameters = Fields::new(parameters);
        let integration_id = parameters.text("integrationId", 128)?;
        let integration_key = parameters.text("integrationKey", 128)?;
        // The token comes first: without one, a caller learns nothing about the other parameters.
        let token = parameters
            .text("token", 16 * 1024)?
            .ok_or_else(|| Error::new(ErrorKey::NotAuthenticated, "The token is missing.").field("token"))?;
        let connection_id = parameters.text("connectionId", 128)?.map(ConnectionId::new);
        let connection_key = parameters.text("connectionKey", 128)?;
        let connection_key = connection_key.map(|key| read_key(&key, "connectionKey")).transpose()?;
        let connection_request = match parameters.text(connection_request::FIELD, 128)? {
            Some(id) => Some(ConnectionRequestId::parse(&id).ok_or_else(no_request)?),
            None => None,
        };
        let (integration, integration_key) = match (integration_id, integration_key) {
            (Some(id), key) => (Some(id), key),
            // A key can stand in the place of an id.
            (None, Some(key)) => (Some(key), None),
            // The SDKs reconnect by the connection's id alone.
            (None, None)
                if connection_id.is_some() || connection_key.is_some() || connection_request.is_some() =>
            {
                (None, None)
            }
            (None, None) => {
                let message = "integrationId or integrationKey is missing.";
                return Err(Error::new(ErrorKey::ParameterMissing, message).field("integrationKey"));
            }
        };
        let wanted = Wanted {
            integration,
            integration_key,
            connection_parameters: parameters.object("connectionParameters")?.unwrap_or_default(),
            connector_parameters: parameters.object("connectorParameters")?.unwrap_or_default(),
            scopes: parameters.scopes("scopes")?,
            connection_id,
            connection_key,
            name: parameters.text("name", 255)?,
            notes: notes::read(&mut parameters)?,
            auth_option_key: parameters.text("authOptionKey", 128)?,
            allow_multiple_connections: parameters.flag("allowMultipleConnections")?.unwrap_or_default(),
            custom_state: parameters.text("customState", MAX_CUSTOM_STATE)?,
            redirect_uri: parameters.text("redirectUri", MAX_BYTES)?,
        };
        let request_id = parameters.text("requestId", 255)?;
        let language = parameters.text("locale", 64)?.and_then(|tag| Language::named(&tag));
        Ok(Self { wanted, token: Secret::new(token), connection_request, request_id, language })
    }
}

impl StartRequest {
    /// Writes the same request as a `payload`, for the record of a start that waits.
    #[must_use]
    pub fn to_payload(&self) -> Value {
        let Self { wanted, token, connection_request, request_id, language } = self;
        let (id, key) = match &wanted.integration_key {
            Some(key) => (wanted.integration.as_ref(), Some(key)),
            None => (None, wanted.integration.as_ref()),
        };
        let mut payload = json!({
            "integrationId": id,
            "integrationKey": key,
            "connectionParameters": wanted.connection_parameters,
            "connectorParameters": wanted.connector_parameters,
            "scopes": wanted.scopes.as_ref().map(GivenScopes::scopes),
            "connectionId": wanted.connection_id,
            "connectionKey": wanted.connection_key,
            "name": wanted.name,
            "tags": wanted.notes.tags,
            "meta": wanted.notes.meta,
            "authOptionKey": wanted.auth_option_key,
            "allowMultipleConnections": wanted.allow_multiple_connections,
            "customState": wanted.custom_state,
            "token": token,
            "redirectUri": wanted.redirect_uri,
            "requestId": request_id,
            "locale": language.map(Language::tag),
            "connectionRequestId": connection_request.as_ref().map(ConnectionRequestId::reveal),
        });
        if let Some(object) = payload.as_object_mut() {
            object.retain(|_, value| !value.is_null());
        }
        payload
    }
}

#[cfg(test)]
mod tests;
