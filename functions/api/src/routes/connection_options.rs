//! `/connection-options` and `/integrations/{idOrKey}/connector-spec`: what a customer can choose, for whoever draws the
//! choice.

use std::sync::Arc;

use bytes::Bytes;
use flow::connection::Connection;
use flow::deps::Deps;
use flow::lifecycle::registration;
use flow::web::request_fields::Fields;
use http::{Request, StatusCode};
use protocol::definition::{AuthOption, Integration, Workspace, integration_id_of};
use protocol::error::{Error, ErrorKey, Result};
use protocol::token::Caller;
use serde_json::{Map, Value, json};

use super::connection_changes::MAX_ID;
use crate::{Answer, auth, body};

/// POST `{integrationId | integrationKey | connectionId}`: the integration's enabled options, the default first.
pub(crate) async fn list(deps: &Deps, request: &Request<Bytes>) -> Result<Answer> {
    let (caller, workspace) = auth::caller(deps, request).await?;
    let integration = asked(deps, &caller, &workspace, body::fields(request)?).await?;
    let mut options = Vec::new();
    for option in integration.enabled_options() {
        options.push(representation(option, schema(deps, &integration, option).await?));
    }
    Ok((StatusCode::OK, options.into()))
}

/// GET: the integration as a connector's specification.
pub(crate) async fn spec(deps: &Deps, request: &Request<Bytes>, id_or_key: &str) -> Result<Answer> {
    let (_, workspace) = auth::caller(deps, request).await?;
    let id = integration_id_of(&workspace.key, id_or_key);
    let integration = deps.definitions.integration(&workspace.key, &id).await?;
    let mut options = Map::new();
    for option in integration.enabled_options() {
        let schema = schema(deps, &integration, option).await?;
        options.insert(option.key.clone(), representation(option, schema));
    }
    let default = integration.auth_option(None)?;
    let mut spec = json!({
        "key": integration.key,
        "name": integration.name,
        "auth": {
            "type": default.method.auth_type().as_str(),
            "ui": { "schema": schema(deps, &integration, default).await? },
            "options": options,
        },
    });
    if let Some(logo_uri) = &integration.logo_uri {
        spec["logoUri"] = logo_uri.as_str().into();
    }
    Ok((StatusCode::OK, spec))
}

/// A gateway that cannot stream says so at once: the SDKs then wait for the popup's message.
pub(crate) fn no_events() -> Error {
    Error::new(ErrorKey::NotSupported, "Events are not streamed here; the popup posts its result.")
}

async fn asked(
    deps: &Deps,
    caller: &Caller,
    workspace: &Workspace,
    mut body: Fields,
) -> Result<Arc<Integration>> {
    let (id, key) = (body.text("integrationId", MAX_ID)?, body.text("integrationKey", MAX_ID)?);
    let connection = body.text("connectionId", MAX_ID)?;
    if let Some(id_or_key) = id.or(key) {
        let id = integration_id_of(&workspace.key, &id_or_key);
        return deps.definitions.integration(&workspace.key, &id).await;
    }
    let Some(id) = connection else {
        let message = "integrationId, integrationKey or connectionId is missing.";
        return Err(Error::new(ErrorKey::ParameterMissing, message).field("integrationId"));
    };
    let connection = Connection::visible(deps, &id, caller).await?;
    deps.definitions.integration(&workspace.key, &connection.integration).await
}

/// What the customer is asked for: by the option, or by the shared one that does its work.
async fn schema(deps: &Deps, integration: &Arc<Integration>, option: &AuthOption) -> Result<Option<Value>> {
    match &option.input_schema {
        Some(schema) => Ok(Some(schema.clone())),
        None => Ok(registration::of_option(deps, integration, option).await?.option().input_schema.clone()),
    }
}

fn representation(option: &AuthOption, schema: Option<Value>) -> Value {
    let given = [("schema", schema.clone()), ("helpUri", option.help_uri.clone().map(Value::from))];
    let ui: Map<String, Value> =
        given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let mut representation = json!({
        "key": option.key,
        "type": option.method.auth_type().as_str(),
        "title": option.title.as_deref().unwrap_or(&option.key),
        "ui": ui,
    });
    if let Some(description) = &option.description {
        representation["description"] = description.as_str().into();
    }
    if let Some(schema) = schema {
        representation["inputSchema"] = schema;
    }
    representation
}
