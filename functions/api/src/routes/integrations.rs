//! `/integrations`: what a workspace's customers can connect.

use bytes::Bytes;
use flow::definition::{
    self, Integration, IntegrationDefinition, OptionSecrets, integration_id, integration_id_of,
    integration_place, is_id,
};
use flow::deps::Deps;
use flow::error::{Error, ErrorKey, Result};
use flow::store::StoredDefinition;
use flow::token::Caller;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{Answer, auth, body};

/// GET: the workspace's integrations.
pub(crate) async fn list(deps: &Deps, request: &Request<Bytes>) -> Result<Answer> {
    let (_, workspace) = auth::caller(deps, request).await?;
    let stored = deps.store.list_integrations(&workspace.key).await?;
    let items =
        stored.iter().map(|stored| summary(&workspace.key, stored)).collect::<Result<Vec<Value>>>()?;
    Ok((StatusCode::OK, json!({ "items": items })))
}

/// GET: one integration; with its settings for who manages the workspace. Its secrets are never returned.
pub(crate) async fn show(deps: &Deps, request: &Request<Bytes>, id_or_key: &str) -> Result<Answer> {
    let (caller, workspace) = auth::caller(deps, request).await?;
    let id = integration_id_of(&workspace.key, id_or_key);
    let stored = deps.store.read_integration(&workspace.key, &id).await?.ok_or_else(not_found)?;
    let answer = match caller {
        Caller::Admin { .. } => details(deps, request, &workspace.key, &stored)?,
        Caller::Customer(_) => summary(&workspace.key, &stored)?,
    };
    Ok((StatusCode::OK, answer))
}

/// PUT: creates the integration or replaces its definition. A client secret that is not given stays as it was; `null`
/// removes it.
pub(crate) async fn put(deps: &Deps, request: &Request<Bytes>, id_or_key: &str) -> Result<Answer> {
    let workspace = auth::admin(deps, request).await?;
    let mut definition: IntegrationDefinition = definition::read(&body::object(request)?, "")?;
    let given = definition.take_secrets()?;
    let json = serde_json::to_string(&definition).map_err(Error::internal)?;
    let id = integration_id_of(&workspace.key, id_or_key);
    let before = deps.store.read_integration(&workspace.key, &id).await?;
    let key = match &before {
        Some(before) => before.key.clone(),
        None if is_id(id_or_key) => return Err(not_found()),
        None => id_or_key.to_owned(),
    };
    let sealed_before = before.as_ref().and_then(|before| before.sealed.clone());
    // Checks everything before anything is written.
    let integration = Integration::new(&workspace.key, &key, definition, sealed_before)?;
    integration.check_input_schemas()?;
    let secrets = deps.definitions.option_secrets(&integration).await?.updated(given);
    let stored =
        StoredDefinition { key, definition: json, sealed: sealed(deps, &integration, &secrets).await? };
    let answer = details(deps, request, &workspace.key, &stored)?;
    deps.store.put_integration(&workspace.key, &id, stored).await?;
    deps.definitions.forget(&workspace.key);
    Ok((if before.is_some() { StatusCode::OK } else { StatusCode::CREATED }, answer))
}

async fn sealed(deps: &Deps, integration: &Integration, secrets: &OptionSecrets) -> Result<Option<Vec<u8>>> {
    if secrets.is_empty() {
        return Ok(None);
    }
    let plain = Zeroizing::new(serde_json::to_vec(secrets).map_err(Error::internal)?);
    let place = integration_place(&integration.workspace, &integration.id);
    deps.sealer.seal(place, &plain).await.map(Some)
}

/// What a customer may see.
fn summary(workspace: &str, stored: &StoredDefinition) -> Result<Value> {
    let definition: Value = serde_json::from_str(&stored.definition).map_err(Error::internal)?;
    let options: Vec<Value> = definition["authOptions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|option| option["enabled"] != false)
        .map(|option| only(option, &["key", "type", "title", "description", "inputSchema", "helpUri"]))
        .collect();
    let mut summary = only(&definition, &["name", "logoUri", "baseUri"]);
    summary["id"] = integration_id(workspace, &stored.key).into();
    summary["key"] = stored.key.as_str().into();
    summary["state"] = "READY".into();
    summary["authType"] = options.first().map(|option| option["type"].clone()).unwrap_or_default();
    summary["authOptions"] = options.into();
    Ok(summary)
}

/// What who manages the workspace may see: the definition as it was put, and the address to register with the provider.
fn details(
    deps: &Deps,
    request: &Request<Bytes>,
    workspace: &str,
    stored: &StoredDefinition,
) -> Result<Value> {
    let mut details = summary(workspace, stored)?;
    let definition: Value = serde_json::from_str(&stored.definition).map_err(Error::internal)?;
    details["authOptions"] = definition["authOptions"].clone();
    details["oAuthCallbackUri"] = match &definition["oAuthCallbackUri"] {
        Value::Null => {
            let id = integration_id(workspace, &stored.key);
            format!("{}/oauth-callback/{id}", deps.own_address(request)?.url).into()
        }
        own => own.clone(),
    };
    Ok(details)
}

fn only(object: &Value, names: &[&str]) -> Value {
    let kept = names.iter().filter_map(|name| Some(((*name).to_owned(), object.get(*name)?.clone())));
    Value::Object(kept.collect())
}

fn not_found() -> Error {
    Error::new(ErrorKey::NotFound, "There is no such integration.").field("integrationKey")
}
