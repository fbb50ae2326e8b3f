//! `/integrations`: what a workspace's customers can connect.

use bytes::Bytes;
use flow::deps::trail::About;
use flow::deps::{Deps, integration_not_found};
use flow::store::IntegrationUse;
use flow::store::{ListConnections, StoredDefinition};
use flow::web::request_fields::Fields;
use http::{Request, StatusCode};
use protocol::definition::{Problems, integration_id, integration_id_of, is_id};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::WorkspaceKey;
use protocol::token::Caller;
use serde_json::{Value, json};

use super::{ATTEMPTS, being_changed, integration_check};
use crate::{Answer, auth, body};

/// GET: the workspace's integrations; with the customer's connections, for a customer.
pub(crate) async fn list(deps: &Deps, request: &Request<Bytes>) -> Result<Answer> {
    let (caller, workspace) = auth::caller(deps, request).await?;
    let stored = deps.store.list_integrations(&workspace.key).await?;
    let mut items = Vec::with_capacity(stored.len());
    for stored in &stored {
        let problems = integration_check::problems(deps, &workspace.key, stored).await?;
        items.push(summary(&workspace.key, stored, &problems)?);
    }
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
    let problems = integration_check::problems(deps, &workspace.key, &stored).await?;
    let mut answer = match caller {
        Caller::Admin { .. } => details(deps, request, &workspace.key, &stored, &problems)?,
        Caller::Customer(_) => summary(&workspace.key, &stored, &problems)?,
    };
    add_connections(deps, &caller, std::slice::from_mut(&mut answer)).await?;
    Ok((StatusCode::OK, answer))
}

/// PUT: creates the integration or replaces its definition. A client secret that is not given stays as it was; `null`
/// removes it.
pub(crate) async fn put(deps: &Deps, request: &Request<Bytes>, id_or_key: &str) -> Result<Answer> {
    let workspace = auth::admin(deps, request).await?;
    let definition = body::object(request)?;
    let id = integration_id_of(&workspace.key, id_or_key);
    for _ in 0..ATTEMPTS {
        let before = deps.store.read_integration(&workspace.key, &id).await?;
        let key = match &before {
            Some(before) => before.key.clone(),
            None if is_id(id_or_key) => return Err(integration_not_found("integrationKey")),
            None => id_or_key.to_owned(),
        };
        let stored =
            integration_check::passed(deps, &workspace.key, key, definition.clone(), before.as_ref()).await?;
        let answer = details(deps, request, &workspace.key, &stored, &Problems::default())?;
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
        let key = before.key.clone();
        let stored = integration_check::passed(deps, &workspace.key, key, definition, Some(&before)).await?;
        let answer = details(deps, request, &workspace.key, &stored, &Problems::default())?;
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
        let found =
            page.connections.iter().find(|connection| integration["id"] == connection.integration.as_str());
        if let Some(connection) = found {
            integration["connection"] = connection.to_json(None);
        }
    }
    Ok(())
}

/// What a customer may see.
fn summary(workspace: &WorkspaceKey, stored: &StoredDefinition, problems: &Problems) -> Result<Value> {
    let definition: Value = serde_json::from_str(&stored.definition).map_err(Error::internal)?;
    let options: Vec<Value> = definition["authOptions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|option| option["enabled"] != false)
        .map(|option| only(option, &["key", "type", "title", "description", "inputSchema", "helpUri"]))
        .collect();
    let mut summary = only(&definition, &["name", "logoUri", "baseUri"]);
    summary["id"] = integration_id(workspace, &stored.key).as_str().into();
    summary["key"] = stored.key.as_str().into();
    // None is stored any more; what was stored before a check was made may have some.
    summary["state"] = if problems.is_empty() { "READY" } else { "SETUP_REQUIRED" }.into();
    summary["hasMissingParameters"] = (!problems.is_empty()).into();
    summary["authType"] = options.first().map(|option| option["type"].clone()).unwrap_or_default();
    summary["authOptions"] = options.into();
    Ok(summary)
}

/// What who manages the workspace may see: the definition as it was put, and the address to register with the provider.
fn details(
    deps: &Deps,
    request: &Request<Bytes>,
    workspace: &WorkspaceKey,
    stored: &StoredDefinition,
    problems: &Problems,
) -> Result<Value> {
    let mut details = summary(workspace, stored, problems)?;
    if !problems.is_empty() {
        details["problems"] = problems.iter().map(|problem| json!(problem)).collect();
    }
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
