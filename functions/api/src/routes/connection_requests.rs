//! `/connection-requests`: links by which customers connect.

use std::time::Duration;

use bytes::Bytes;
use flow::connection::Notes;
use flow::connection_request::{self, Asked, Found, visible};
use flow::context::connection_request::{
    LONGEST_LIFETIME, MAX_PROMPT, RequestState, SHORTEST_LIFETIME, USUAL_LIFETIME, event_subject,
};
use flow::deps::OwnAddress;
use flow::start::MAX_CUSTOM_STATE;
use flow::web::notes;
use flow::web::request_fields::Fields;
use http::{Response, StatusCode};
use protocol::error::{Error, Result};
use protocol::id::{ConnectionId, CustomerId, IntegrationId};
use protocol::record;
use protocol::redirect_uri::MAX_BYTES;
use protocol::secret::SecretMap;
use protocol::token::Caller;
use serde::Serialize;

use super::Call;
use super::connection_changes::{MAX_ID, MAX_NAME};
use super::new_connection::{customer, integration};
use crate::{answer, body};

/// A connection request, as callers see it. What its connector parameters are, it does not say.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionRequest<'a> {
    request_id: String,
    /// What its events say in place of a connection's id.
    subject: String,
    user_id: &'a CustomerId,
    tenant_id: &'a CustomerId,
    integration_id: &'a IntegrationId,
    integration_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_id: Option<&'a ConnectionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(flatten)]
    notes: &'a Notes,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_option_key: Option<&'a str>,
    allow_multiple_connections: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_state: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<&'a str>,
    status: &'static str,
    /// The connection that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    result_connection_id: Option<&'a ConnectionId>,
    /// Why nothing can be made of it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    result_error: Option<Error>,
    /// Why the last attempt failed, while others may follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<&'a Error>,
    created_at: String,
    expires_at: String,
    url: String,
}

/// POST: makes a connection request.
pub(crate) async fn create(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, request, .. } = call;
    let address = deps.own_address(request)?;
    let mut fields = body::fields(request)?;
    let found = connection_request::create(deps, asked(&mut fields, caller)?).await?;
    record::ends("connection request made");
    answer::json(StatusCode::CREATED, &ConnectionRequest::of(&found, &address))
}

/// GET: how a connection request stands.
pub(crate) async fn show(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, request, id, .. } = call;
    let address = deps.own_address(request)?;
    let found = visible(deps, id, &caller).await?;
    answer::ok(&ConnectionRequest::of(&found, &address))
}

/// DELETE: cancels a connection request. One that has ended stays as it is.
pub(crate) async fn cancel(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, id, .. } = call;
    connection_request::cancel(deps, id, &caller).await?;
    record::ends("connection request cancelled");
    Ok(answer::no_content())
}

fn asked(fields: &mut Fields, caller: Caller) -> Result<Asked> {
    let workspace = caller.workspace().clone();
    let customer_name = match &caller {
        Caller::Customer(customer) => customer.name.clone(),
        Caller::Admin { .. } => None,
    };
    Ok(Asked {
        customer_name,
        customer: customer(fields, caller)?,
        integration: integration(fields, &workspace)?,
        workspace,
        connection_id: fields.text("connectionId", MAX_ID)?.map(ConnectionId::new),
        connection_key: None,
        name: fields.text("name", MAX_NAME)?,
        notes: notes::read(fields)?,
        auth_option_key: fields.text("authOptionKey", MAX_ID)?,
        allow_multiple_connections: fields.flag("allowMultipleConnections")?.unwrap_or_default(),
        connection_parameters: SecretMap::default(),
        connector_parameters: fields.object("connectorParameters")?.unwrap_or_default(),
        redirect_uri: fields.text("redirectUri", MAX_BYTES)?,
        custom_state: fields.text("customState", MAX_CUSTOM_STATE)?,
        prompt: fields.text("prompt", MAX_PROMPT)?,
        asked_at: None,
        lifetime: lifetime(fields)?,
    })
}

fn lifetime(fields: &mut Fields) -> Result<Duration> {
    let Some(seconds) = fields.whole_number("expiresIn")? else { return Ok(USUAL_LIFETIME) };
    let lifetime = Duration::from_secs(seconds);
    if (SHORTEST_LIFETIME..=LONGEST_LIFETIME).contains(&lifetime) {
        return Ok(lifetime);
    }
    let (least, most) = (SHORTEST_LIFETIME.as_secs(), LONGEST_LIFETIME.as_secs());
    Err(Error::malformed("expiresIn", &format!("must be a number of seconds from {least} to {most}")))
}

impl<'a> ConnectionRequest<'a> {
    fn of(found: &'a Found, address: &OwnAddress) -> Self {
        let request = &found.request;
        let (status, connected) = match &found.state {
            RequestState::Pending => ("pending", None),
            RequestState::Connected(id) => ("success", Some(id)),
            RequestState::Cancelled => ("cancelled", None),
            RequestState::Expired => ("error", None),
        };
        Self {
            request_id: found.id.reveal(),
            subject: event_subject(&found.id.key()),
            user_id: &request.customer,
            tenant_id: &request.customer,
            integration_id: &request.integration,
            integration_key: &request.integration_key,
            connection_id: request.connection_id.as_ref(),
            name: request.name.as_deref(),
            notes: &request.notes,
            auth_option_key: request.auth_option_key.as_deref(),
            allow_multiple_connections: request.allow_multiple_connections,
            redirect_uri: request.redirect_uri.as_deref(),
            custom_state: request.custom_state.as_deref(),
            prompt: request.prompt.as_deref(),
            status,
            result_connection_id: connected,
            result_error: found.state.check().err().filter(|_| status == "error"),
            last_error: found.last_error.as_ref(),
            created_at: request.created_at.to_rfc3339(),
            expires_at: found.expires_at.to_rfc3339(),
            url: found.url(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use flow::context::connection_request::{self as context, ConnectionRequestId};
    use protocol::clock::Timestamp;
    use protocol::id::WorkspaceKey;
    use protocol::redirect_uri::WebOrigin;

    use super::*;
    use crate::routes::described::{component, error, json_of};

    fn found(state: RequestState) -> Found {
        let text = || Some("text".to_owned());
        let request = context::ConnectionRequest {
            workspace: WorkspaceKey::new("acme"),
            customer: CustomerId::new("user-1"),
            customer_name: text(),
            integration: IntegrationId::new("0123456789abcdef0123456789abcdef"),
            integration_key: "crm".to_owned(),
            connection_id: Some(ConnectionId::new("0123456789abcdef01234567")),
            connection_key: None,
            name: text(),
            notes: Notes {
                tags: Some(vec!["beta".to_owned()]),
                meta: Some(serde_json::Map::from_iter([("team".to_owned(), 7.into())])),
            },
            auth_option_key: text(),
            allow_multiple_connections: true,
            connection_parameters: SecretMap::default(),
            connector_parameters: SecretMap::default(),
            redirect_uri: text(),
            custom_state: text(),
            prompt: text(),
            created_at: Timestamp(1_767_225_600_123),
        };
        let id = ConnectionRequestId::parse(&"A".repeat(43)).unwrap();
        let expires_at = Timestamp(1_767_225_660_000);
        Found { id, request, expires_at, state, last_error: Some(error()), sealed_id: Vec::new() }
    }

    #[test]
    fn connection_requests() {
        let origin = WebOrigin::parse("https://connect.example.com").unwrap();
        let address = OwnAddress { url: origin.to_string(), origin };
        let connected = RequestState::Connected(ConnectionId::new("0123456789abcdef01234567"));
        let mut least = found(RequestState::Pending);
        least.last_error = None;
        least.request = context::ConnectionRequest {
            connection_id: None,
            name: None,
            notes: Notes::default(),
            auth_option_key: None,
            redirect_uri: None,
            custom_state: None,
            prompt: None,
            ..least.request
        };
        let all = [found(connected), found(RequestState::Cancelled), found(RequestState::Expired), least];
        let shown = all.each_ref().map(|found| json_of(&ConnectionRequest::of(found, &address)));
        let states = shown.each_ref().map(|shown| shown["status"].clone());
        assert_eq!(states, ["success", "cancelled", "error", "pending"]);
        component("ConnectionRequest", &shown);
    }
}
