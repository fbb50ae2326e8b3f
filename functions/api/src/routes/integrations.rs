//! `/integrations`: what a workspace's customers can connect.

use bytes::Bytes;
use flow::deps::trail::About;
use flow::deps::{Deps, integration_not_found, integration_place};
use flow::store::IntegrationUse;
use flow::store::{ListConnections, StoredDefinition};
use flow::web::request_fields::Fields;
use http::{Request, StatusCode};
use protocol::definition::{
    self, Integration, IntegrationDefinition, OptionSecrets, integration_id, integration_id_of, is_id,
};
use protocol::error::{Error, ErrorKey, Result};
use protocol::token::Caller;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{ATTEMPTS, being_changed};
use crate::{Answer, auth, body};

/// GET: the workspace's integrations; with the customer's connections, for a customer.
pub(crate) async fn list(deps: &Deps, request: &Request<Bytes>) -> Result<Answer> {
    let (caller, workspace) = auth::caller(deps, request).await?;
    let stored = deps.store.list_integrations(&workspace.key).await?;
    let mut items =
        stored.iter().map(|stored| summary(&workspace.key, stored)).collect::<Result<Vec<Value>>>()?;
    add_connections(deps, &caller, &mut items).await?;
    Ok((StatusCode::OK, json!({ "items": items })))
}

/// GET: one integration; with its settings for who manages the workspace, with the connection for a customer. Its
/// secrets are never returned.
pub(crate) async fn show(deps: &Deps, request: &Request<Bytes>, id_or_key: &str) -> Result<Answer> {
    let (caller, workspace) = auth::caller(deps, request).await?;
    let id = integration_id_of(&workspace.key, id_or_key);
    let stored = deps
        .store
        .read_integration(&workspace.key, &id)
        .await?
        .ok_or_else(|| integration_not_found("integrationKey"))?;
    let mut answer = match caller {
        Caller::Admin { .. } => details(deps, request, &workspace.key, &stored)?,
        Caller::Customer(_) => summary(&workspace.key, &stored)?,
    };
    add_connections(deps, &caller, std::slice::from_mut(&mut answer)).await?;
    Ok((StatusCode::OK, answer))
}

/// PUT: creates the integration or replaces its definition. A client secret that is not given stays as it was; `null`
/// removes it.
pub(crate) async fn put(deps: &Deps, request: &Request<Bytes>, id_or_key: &str) -> Result<Answer> {
    let workspace = auth::admin(deps, request).await?;
    let definition: IntegrationDefinition = definition::read(&body::object(request)?, "")?;
    let id = integration_id_of(&workspace.key, id_or_key);
    for _ in 0..ATTEMPTS {
        let before = deps.store.read_integration(&workspace.key, &id).await?;
        let key = match &before {
            Some(before) => before.key.clone(),
            None if is_id(id_or_key) => return Err(integration_not_found("integrationKey")),
            None => id_or_key.to_owned(),
        };
        let stored = checked(deps, &workspace.key, key, definition.clone(), before.as_ref()).await?;
        let answer = details(deps, request, &workspace.key, &stored)?;
        if deps.store.put_integration(&workspace.key, &id, before.as_ref(), stored).await? {
            deps.definitions.forget(&workspace.key);
            return Ok((if before.is_some() { StatusCode::OK } else { StatusCode::CREATED }, answer));
        }
    }
    Err(being_changed())
}

/// PATCH: changes the definition by a merge patch (RFC 7396): an object's fields one by one, `null` removes, anything
/// else takes the place of what was there; `authOptions` too, as a whole. Secrets are kept as by PUT.
pub(crate) async fn patch(deps: &Deps, request: &Request<Bytes>, id_or_key: &str) -> Result<Answer> {
    let workspace = auth::admin(deps, request).await?;
    let patch = body::object(request)?;
    let id = integration_id_of(&workspace.key, id_or_key);
    for _ in 0..ATTEMPTS {
        let before = deps
            .store
            .read_integration(&workspace.key, &id)
            .await?
            .ok_or_else(|| integration_not_found("integrationKey"))?;
        let mut definition: Value = serde_json::from_str(&before.definition).map_err(Error::internal)?;
        merge(&mut definition, &patch);
        let definition = definition::read(&definition, "")?;
        let stored = checked(deps, &workspace.key, before.key.clone(), definition, Some(&before)).await?;
        let answer = details(deps, request, &workspace.key, &stored)?;
        if deps.store.put_integration(&workspace.key, &id, Some(&before), stored).await? {
            deps.definitions.forget(&workspace.key);
            return Ok((StatusCode::OK, answer));
        }
    }
    Err(being_changed())
}

/// DELETE: takes the definition away. Connections stay, and work again once it is defined again under the same key.
pub(crate) async fn delete(deps: &Deps, request: &Request<Bytes>, id_or_key: &str) -> Result<Answer> {
    let workspace = auth::admin(deps, request).await?;
    let force = Fields::of_query(request.uri().query().unwrap_or_default()).flag("force")?;
    let id = integration_id_of(&workspace.key, id_or_key);
    deps.store
        .read_integration(&workspace.key, &id)
        .await?
        .ok_or_else(|| integration_not_found("integrationKey"))?;
    if force != Some(true) {
        match deps.store.integration_use(&workspace.key, &id).await? {
            IntegrationUse::Unused => {}
            IntegrationUse::InUse => return Err(in_use("Customers have connections with this integration.")),
            IntegrationUse::TooManyToTell => {
                return Err(in_use(
                    "There are too many connections to see whether some are with this integration.",
                ));
            }
        }
    }
    deps.store.delete_integration(&workspace.key, &id).await?;
    deps.definitions.forget(&workspace.key);
    About::Integration.note(&id);
    tracing::info!("integration deleted");
    Ok((StatusCode::NO_CONTENT, Value::Null))
}

fn in_use(why: &str) -> Error {
    let message = format!("{why} With force=true it is deleted all the same.");
    Error::new(ErrorKey::IntegrationInUse, message).field("force")
}

/// RFC 7396 §2.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(target) = target.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// What of a customer's connections is live, beside the integration that it is with: by one Query.
async fn add_connections(deps: &Deps, caller: &Caller, integrations: &mut [Value]) -> Result<()> {
    let Caller::Customer(customer) = caller else { return Ok(()) };
    let mine = ListConnections::of(&customer.workspace, &customer.id);
    let page = deps.store.list_connections(&mine).await?;
    for integration in integrations {
        // The newest comes first.
        let found = page.connections.iter().find(|connection| integration["id"] == connection.integration);
        if let Some(connection) = found {
            integration["connection"] = connection.to_json(None);
        }
    }
    Ok(())
}

/// A definition to store. Everything is checked before anything is written.
async fn checked(
    deps: &Deps,
    workspace: &str,
    key: String,
    mut definition: IntegrationDefinition,
    before: Option<&StoredDefinition>,
) -> Result<StoredDefinition> {
    let given = definition.take_secrets()?;
    let json = serde_json::to_string(&definition).map_err(Error::internal)?;
    let sealed_before = before.and_then(|before| before.sealed.clone());
    let integration = Integration::new(workspace, &key, definition, sealed_before)?;
    integration.check_input_schemas()?;
    let secrets = deps.definitions.option_secrets(&integration).await?.updated(given);
    Ok(StoredDefinition { key, definition: json, sealed: sealed(deps, &integration, &secrets).await? })
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
    // What is required is checked when it is defined.
    summary["state"] = "READY".into();
    summary["hasMissingParameters"] = false.into();
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
