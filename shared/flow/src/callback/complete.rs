//! From a claimed flow to a stored connection.

use std::time::Duration;

use serde_json::{Map, Value};

use super::parameters::CallbackParameters;
use super::{AuthorizationGrant, ClaimedFlow};
use crate::clock::Timestamp;
use crate::connection::{
    Connection, ConnectionRecord, ConnectionSecrets, connection_not_found, connection_place,
};
use crate::definition::{AuthMethod, AuthOption, Integration, OAuth2};
use crate::deps::Deps;
use crate::error::{Error, ErrorKey, Result};
use crate::oauth2::token_request;
use crate::outcome::Outcome;
use crate::random::draw_id;
use crate::secret::SecretMap;
use crate::store::{Others, SaveConnection};
use crate::template::Values;
use crate::test_call;

/// All provider work ends this long after the claim; the function's own limit is 28 s, and API Gateway's 30 s.
const PROVIDER_TIME: Duration = Duration::from_secs(22);

/// The save may take until here.
const SAVE_TIME: Duration = Duration::from_secs(26);

/// Verifies the callback, exchanges the code, proves the credentials, and saves the connection with the outcome.
pub(super) async fn complete(
    deps: &Deps,
    flow: &ClaimedFlow,
    parameters: &CallbackParameters,
) -> Result<Outcome> {
    let integration = deps.definitions.integration(&flow.memory.workspace, &flow.memory.integration).await?;
    let option = integration.auth_option(Some(&flow.memory.auth_option_key))?;
    let AuthMethod::OAuth2(config) = &option.method;
    let grant = AuthorizationGrant::verify(flow, parameters, config)?;
    let mut credentials = exchange(deps, flow, grant, &integration, option, config).await?;
    for name in &config.callback_parameters {
        if let Some(value) = parameters.get(name) {
            credentials.entry(name).or_insert_with(|| Value::from(value));
        }
    }
    let secrets = ConnectionSecrets {
        parameters: flow.memory.parameters.clone(),
        connector_parameters: flow.memory.connector_parameters.clone(),
        credentials: SecretMap::new(credentials),
    };
    test_call::run(deps, &integration, option, &secrets, time_left(deps, flow)?).await?;
    save(deps, flow, &integration, &secrets).await
}

async fn exchange(
    deps: &Deps,
    flow: &ClaimedFlow,
    grant: AuthorizationGrant,
    integration: &Integration,
    option: &AuthOption,
    config: &OAuth2,
) -> Result<Map<String, Value>> {
    let option_secrets = deps.definitions.option_secrets(integration).await?;
    let values = Values {
        parameters: flow.memory.parameters.expose(),
        connector_parameters: flow.memory.connector_parameters.expose(),
        credentials: &Map::new(),
    };
    let response = token_request::exchange(
        grant,
        config,
        option_secrets.get(&option.key),
        &values,
        &*deps.provider,
        time_left(deps, flow)?,
        deps.settings.loopback,
    )
    .await?;
    Ok(response.into_fields())
}

fn time_left(deps: &Deps, flow: &ClaimedFlow) -> Result<Duration> {
    let left = (flow.claimed_at + PROVIDER_TIME).since(deps.clock.now());
    if left.is_zero() {
        return Err(Error::new(
            ErrorKey::ProviderUnreachable,
            "The service took too long. Please try again later.",
        ));
    }
    Ok(left)
}

async fn save(
    deps: &Deps,
    flow: &ClaimedFlow,
    integration: &Integration,
    secrets: &ConnectionSecrets,
) -> Result<Outcome> {
    let now = deps.clock.now();
    let before = match &flow.memory.connection_id {
        Some(id) => Some(deps.store.read_connection(id).await?.ok_or_else(connection_not_found)?),
        None => None,
    };
    let others = match (&before, flow.memory.allow_multiple_connections) {
        (Some(_), _) => Others::Untouched,
        (None, true) => Others::Kept,
        (None, false) => Others::Replaced,
    };
    let id = before.as_ref().map_or_else(|| draw_id(&*deps.random), |before| before.id.clone());
    let place = connection_place(&flow.memory.workspace, &flow.memory.customer, &id);
    let json = zeroize::Zeroizing::new(serde_json::to_vec(secrets).map_err(Error::internal)?);
    let connection = Connection {
        sealed: deps.sealer.seal(place, &json).await?,
        workspace: flow.memory.workspace.clone(),
        customer: flow.memory.customer.clone(),
        integration: integration.id.clone(),
        record: record(flow, integration, before.as_ref(), now),
        version: 1,
        archived_at: None,
        id,
    };
    let save = SaveConnection {
        connection: &connection,
        others,
        flow: &flow.id,
        owner: &flow.owner,
        deadline: flow.claimed_at + SAVE_TIME,
    };
    deps.store.save_connection(&save).await
}

/// A connection that is updated keeps its name, unless a new one was given, and the time when it was made.
fn record(
    flow: &ClaimedFlow,
    integration: &Integration,
    before: Option<&Connection>,
    now: Timestamp,
) -> ConnectionRecord {
    let kept_name = before.map_or(&integration.name, |before| &before.record.name);
    ConnectionRecord {
        name: flow.memory.name.as_ref().unwrap_or(kept_name).clone(),
        auth_option_key: flow.memory.auth_option_key.clone(),
        created_at: before.map_or(now, |before| before.record.created_at),
        updated_at: now,
    }
}
