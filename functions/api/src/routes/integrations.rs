//! `/integrations`: what a workspace's customers can connect.

use bytes::Bytes;
use flow::deps::{Deps, integration_not_found};
use flow::store::{IntegrationUse, ListConnections};
use http::{Response, StatusCode};
use protocol::definition::{Integration, integration_id_of, is_id};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::WorkspaceKey;
use protocol::record::{self, About};
use protocol::token::{Caller, Scope};
use serde_json::Value;

use super::Call;
use super::discovery::Subject;
use super::expansion::Whole;
use super::integration_check::{self, Checked};
use super::integration_representation::{Integrations, Representation, details, given, summary};
use super::until_written::until_written;
use crate::{answer, body};

/// GET: the workspace's integrations; with the customer's connections, for a customer.
pub(crate) async fn list(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, .. } = call;
    let workspace = caller.workspace();
    let stored = deps.store.list_integrations(workspace).await?;
    let mut items = Vec::with_capacity(stored.len());
    for stored in stored {
        let Checked { integration, problems, .. } =
            integration_check::stored(deps, workspace, stored).await?;
        items.push(summary(&integration, &problems));
    }
    add_connections(deps, &caller, &mut items).await?;
    answer::ok(&Integrations { items })
}

/// GET: one integration; with its settings for who manages the workspace, with the connection for a customer. Its
/// secrets are never returned.
pub(crate) async fn show(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, request, id: id_or_key, .. } = call;
    let workspace = caller.workspace();
    let id = integration_id_of(workspace, id_or_key);
    let stored = deps
        .store
        .read_integration(workspace, &id)
        .await?
        .ok_or_else(|| integration_not_found("integrationKey"))?;
    let checked = integration_check::stored(deps, workspace, stored).await?;
    let mut integration = match caller {
        Caller::Admin { .. } => details(deps, request, &checked)?,
        Caller::Customer(_) => summary(&checked.integration, &checked.problems),
    };
    add_connections(deps, &caller, std::slice::from_mut(&mut integration)).await?;
    answer::ok(&integration)
}

/// PUT: creates the integration or replaces its definition; what it leaves out comes from the connector that it names. A
/// client secret that is not given stays as it was; `null` removes it.
pub(crate) async fn put(call: Call<'_>, workspace: WorkspaceKey) -> Result<Response<Bytes>> {
    let Call { deps, request, id: id_or_key, deadline } = call;
    let own_address = deps.own_address(request)?.url;
    let whole = Whole::of(body::object(request)?)?;
    let id = integration_id_of(&workspace, id_or_key);
    until_written(|| async {
        let before = deps.store.read_integration(&workspace, &id).await?;
        let key = match &before {
            Some(before) => before.key.clone(),
            None if is_id(id_or_key) => return Err(integration_not_found("integrationKey")),
            None => id_or_key.to_owned(),
        };
        let subject = Subject { workspace: &workspace, key: &key, own_address: &own_address, deadline };
        let checked = integration_check::passed(deps, subject, whole.clone(), before.as_ref()).await?;
        let integration = details(deps, request, &checked)?;
        note_owner(deps, &checked.integration).await?;
        if !deps.store.put_integration(&workspace, &id, before.as_ref(), checked.stored).await? {
            return Ok(None);
        }
        deps.definitions.forget(&workspace);
        let (status, done) = match before {
            Some(_) => (StatusCode::OK, "integration changed"),
            None => (StatusCode::CREATED, "integration created"),
        };
        About::Integration.note(&key);
        record::ends(done);
        answer::json(status, &integration).map(Some)
    })
    .await
}

/// PATCH: changes the definition by a merge patch (RFC 7396): an object's fields one by one, `null` removes, anything
/// else takes the place of what was there; `authOptions` too, as a whole. Secrets are kept as by PUT. It changes what the
/// team gave, and lays that over the connector again.
pub(crate) async fn patch(call: Call<'_>, workspace: WorkspaceKey) -> Result<Response<Bytes>> {
    let Call { deps, request, id: id_or_key, deadline } = call;
    let own_address = deps.own_address(request)?.url;
    let patch = Value::Object(body::object(request)?);
    let id = integration_id_of(&workspace, id_or_key);
    until_written(|| async {
        let before = deps
            .store
            .read_integration(&workspace, &id)
            .await?
            .ok_or_else(|| integration_not_found("integrationKey"))?;
        let definition = serde_json::from_str(&before.definition).map_err(Error::internal)?;
        let whole = Whole::patched(definition, given(&before)?, &patch)?;
        let key = &before.key;
        let subject = Subject { workspace: &workspace, key, own_address: &own_address, deadline };
        let checked = integration_check::passed(deps, subject, whole, Some(&before)).await?;
        let integration = details(deps, request, &checked)?;
        note_owner(deps, &checked.integration).await?;
        if !deps.store.put_integration(&workspace, &id, Some(&before), checked.stored).await? {
            return Ok(None);
        }
        deps.definitions.forget(&workspace);
        About::Integration.note(key);
        record::ends("integration changed");
        answer::ok(&integration).map(Some)
    })
    .await
}

/// Lets the callback find a definition that it needs without a flow, and authorization servers the document about its
/// client. It is noted before the definition is stored: by itself it says nothing.
async fn note_owner(deps: &Deps, integration: &Integration) -> Result<()> {
    let has_document = integration.auth_options.iter().any(|option| option.has_client_document);
    if integration.start_uri.is_some() || has_document {
        deps.store.put_owner(&integration.id, &integration.workspace).await?;
    }
    Ok(())
}

/// DELETE: takes the definition away. Connections stay, and work again once it is defined again under the same key.
pub(crate) async fn delete(call: Call<'_>, workspace: WorkspaceKey) -> Result<Response<Bytes>> {
    let Call { deps, id: id_or_key, .. } = call;
    let force = call.query().flag("force")?;
    let id = integration_id_of(&workspace, id_or_key);
    if force != Some(true) {
        match deps.store.integration_use(&workspace, &id).await? {
            IntegrationUse::Unused => {}
            IntegrationUse::InUse => return Err(in_use("Customers have connections with this integration.")),
            IntegrationUse::TooManyToTell => {
                return Err(in_use(
                    "There are too many connections to see whether some are with this integration.",
                ));
            }
        }
    }
    until_written(|| async {
        let before = deps.store.read_integration(&workspace, &id).await?;
        let before = before.ok_or_else(|| integration_not_found("integrationKey"))?;
        let is_deleted = deps.store.delete_integration(&workspace, &id, &before).await?;
        About::Integration.note(&before.key);
        Ok(is_deleted.then_some(()))
    })
    .await?;
    deps.definitions.forget(&workspace);
    record::ends("integration deleted");
    Ok(answer::no_content())
}

fn in_use(why: &str) -> Error {
    let message = format!("{why} With force=true it is deleted all the same.");
    Error::new(ErrorKey::IntegrationInUse, message).field("force")
}

/// What of a customer's connections is live, beside the integration that it is with: by one Query. A token that may not read
/// connections sees none here either.
async fn add_connections(deps: &Deps, caller: &Caller, integrations: &mut [Representation]) -> Result<()> {
    let Caller::Customer(customer) = caller else { return Ok(()) };
    if !customer.scopes.allow(Scope::ConnectionsRead) {
        return Ok(());
    }
    let mine = ListConnections::of(&customer.workspace, &customer.id);
    let page = deps.store.list_connections(&mine).await?;
    for integration in integrations {
        // The newest comes first.
        let found = page.connections.iter().find(|connection| integration.id == connection.integration);
        integration.connection = found.map(|connection| connection.shown_with(None));
    }
    Ok(())
}
