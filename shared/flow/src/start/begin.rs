//! A flow begins: two secrets are drawn, the flow is stored, and the browser goes to the provider.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use serde_json::Map;

use super::VerifiedStart;
use crate::browser::{BrowserSecret, FLOW_LIFETIME_SECONDS, State};
use crate::connection::{Connection, ConnectionSecrets, connection_not_found, connection_place};
use crate::definition::{AuthMethod, AuthOption, Integration};
use crate::deps::Deps;
use crate::error::{Error, Result};
use crate::memory::FlowMemory;
use crate::oauth2::authorization_request::authorization_request;
use crate::respond;
use crate::secret::SecretMap;
use crate::store::NewFlow;
use crate::template::Values;

/// Begins the flow of a verified start.
pub(super) async fn begin(
    deps: &Deps,
    start: &VerifiedStart,
    integration: &Integration,
) -> Result<Response<Bytes>> {
    let reconnected = match &start.request.connection_id {
        Some(id) => Some(own_connection(deps, start, integration, id).await?),
        None => None,
    };
    let chosen = start.request.auth_option_key.as_deref();
    let before = reconnected.as_ref().map(|connection| connection.record.auth_option_key.as_str());
    let option = integration.auth_option(chosen.or(before))?;
    let parameters = parameters(deps, start, reconnected.as_ref()).await?;
    if let Some(schema) = &option.input_schema {
        crate::input::check_input(schema, parameters.expose())?;
    }
    authorize(deps, start, integration, option, parameters).await
}

/// The connection to update: the customer's own, of this integration, and live.
async fn own_connection(
    deps: &Deps,
    start: &VerifiedStart,
    integration: &Integration,
    id: &str,
) -> Result<Connection> {
    let found = deps.store.read_connection(id).await?;
    found
        .filter(|connection| {
            connection.workspace == start.workspace.key
                && connection.customer == start.customer.id
                && connection.integration == integration.id
                && connection.archived_at.is_none()
        })
        .ok_or_else(connection_not_found)
}

/// What the customer entered; when reconnecting without anything new, what they entered before.
async fn parameters(
    deps: &Deps,
    start: &VerifiedStart,
    reconnected: Option<&Connection>,
) -> Result<SecretMap> {
    let given = &start.request.connection_parameters;
    match reconnected {
        Some(connection) if given.is_empty() => {
            let place = connection_place(&connection.workspace, &connection.customer, &connection.id);
            let opened = deps.sealer.open(place, &connection.sealed).await?;
            let secrets: ConnectionSecrets = serde_json::from_slice(&opened)
                .map_err(|_| Error::internal("a connection's secrets cannot be read"))?;
            Ok(secrets.parameters)
        }
        _ => Ok(given.clone()),
    }
}

/// Stores the flow and sends the browser to the authorization endpoint.
async fn authorize(
    deps: &Deps,
    start: &VerifiedStart,
    integration: &Integration,
    option: &AuthOption,
    parameters: SecretMap,
) -> Result<Response<Bytes>> {
    let state = State::draw(&*deps.random);
    let secret = BrowserSecret::draw(&*deps.random);
    let flow = state.flow_id();
    let callback_path = integration.callback_path();
    let callback_uri = match &integration.o_auth_callback_uri {
        Some(uri) => uri.clone(),
        None => format!("{}{callback_path}", start.address.url),
    };
    let AuthMethod::OAuth2(config) = &option.method;
    let values = Values {
        parameters: parameters.expose(),
        connector_parameters: start.request.connector_parameters.expose(),
        credentials: &Map::new(),
    };
    let location = authorization_request(
        config,
        &values,
        &state,
        &secret.code_verifier(&flow)?,
        &callback_uri,
        deps.settings.loopback,
    )?;
    let memory = FlowMemory {
        workspace: start.workspace.key.clone(),
        customer: start.customer.id.clone(),
        integration: integration.id.clone(),
        auth_option_key: option.key.clone(),
        callback_uri,
        parameters,
        connector_parameters: start.request.connector_parameters.clone(),
        connection_id: start.request.connection_id.clone(),
        name: start.request.name.clone(),
        allow_multiple_connections: start.request.allow_multiple_connections,
        target: start.target.clone(),
    };
    deps.store
        .begin_flow(NewFlow {
            id: &flow,
            binding: secret.binding(),
            callback_path: &callback_path,
            kept_parameters: config.callback_parameters.clone(),
            memory: memory.seal(&flow, &secret, &*deps.random)?,
            expires_at: deps.clock.now() + Duration::from_secs(FLOW_LIFETIME_SECONDS.into()),
        })
        .await?;
    tracing::info!(
        flow = flow.as_str(),
        workspace = memory.workspace,
        integration = integration.key,
        "flow begun"
    );
    Ok(respond::see_other(location.as_str(), &[secret.set_cookie(&flow)]))
}
