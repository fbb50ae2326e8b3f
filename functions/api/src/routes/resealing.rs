//! `/workspaces/{key}/reseal`: moves what is sealed for a workspace to the present wrapping key, so that an older one can go.
//!
//! Nothing else changes, and nobody hears of it. What somebody else writes meanwhile is sealed under the present key by
//! that alone.

use bytes::Bytes;
use flow::connection::ConnectionSecrets;
use flow::deps::{Deps, integration_place, workspace_place};
use flow::seal::Place;
use flow::store::{ListConnections, StoredDefinition, Written};
use flow::webhook;
use http::Response;
use protocol::definition::integration_id;
use protocol::error::{ErrorKey, Result};
use protocol::id::{ConnectionId, WorkspaceKey};
use protocol::record::{self, About, Remark};
use serde::Serialize;
use serde_json::Value;

use super::Call;
use super::connections::MAX_CURSOR;
use super::until_written::until_written;
use super::workspaces::not_found;
use crate::answer;

/// The connections that one request looks at. Each may take KMS a moment.
const AT_ONCE: i32 = 50;

/// Where everything begins: with the definitions.
const BEGINNING: &str = "0";

/// What came of a part of a workspace.
#[derive(Serialize, Default)]
pub(super) struct Resealing {
    /// The number of what was sealed anew.
    pub(super) resealed: u32,
    /// The number of what was under the present key, or holds nothing that is sealed.
    pub(super) unchanged: u32,
    /// What could not be sealed anew, and stays as it was.
    pub(super) failed: Vec<Failed>,
    /// Where the next request goes on, if something is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<String>,
}

/// What could not be sealed anew: a connection, an integration, a webhook endpoint, or without any the workspace itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Failed {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connection_id: Option<ConnectionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) integration_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) webhook_endpoint_id: Option<String>,
    pub(super) error: Value,
}

impl Failed {
    fn of(error: Value) -> Self {
        Self { connection_id: None, integration_key: None, webhook_endpoint_id: None, error }
    }
}

/// POST: seals the next part of the workspace anew.
pub(crate) async fn reseal(call: Call<'_>) -> Result<Response<Bytes>> {
    let Call { deps, id, deadline, .. } = call;
    let workspace = &WorkspaceKey::new(id);
    About::Workspace.note(id);
    let mut query = call.query();
    let cursor = query.text("cursor", MAX_CURSOR)?.filter(|cursor| cursor != BEGINNING);
    deps.store.read_workspace(workspace).await?.ok_or_else(not_found)?;
    let mut work = Work { deps, workspace, done: Resealing::default() };
    // Without the present key nothing can be sealed: that is no failure of one record.
    deps.sealer.prepare(workspace_place(workspace).encryption_context()).await?;
    if cursor.is_none() {
        work.definitions().await?;
    }
    let list = ListConnections {
        workspace,
        customer: None,
        integration: None,
        search: None,
        tag: None,
        connected: None,
        disconnected: None,
        include_archived: true,
        limit: AT_ONCE,
        cursor: cursor.as_deref(),
    };
    let page = deps.store.list_connections(&list).await?;
    work.done.cursor = page.cursor;
    for connection in page.connections {
        if deps.clock.now() >= deadline.provider() {
            // What was sealed anew is passed over the next time.
            work.done.cursor = Some(cursor.unwrap_or_else(|| BEGINNING.to_owned()));
            break;
        }
        let id = connection.id;
        let resealed = work.connection(&id).await;
        work.count(resealed, |error| Failed { connection_id: Some(id), ..Failed::of(error) })?;
    }
    let failed = u32::try_from(work.done.failed.len()).unwrap_or(u32::MAX);
    record::ends(
        Remark::from("workspace resealed")
            .with("resealed", Some(work.done.resealed))
            .with("failed", Some(failed)),
    );
    answer::ok(&work.done)
}

struct Work<'a> {
    deps: &'a Deps,
    workspace: &'a WorkspaceKey,
    done: Resealing,
}

impl Work<'_> {
    /// Seals the secrets of the workspace and of its integrations anew.
    async fn definitions(&mut self) -> Result<()> {
        let (store, key) = (&self.deps.store, self.workspace);
        let resealed = until_written(|| async {
            let Some(before) = store.read_workspace(key).await? else { return Ok(Some(false)) };
            let Some(stored) = self.resealed(workspace_place(key), &before).await? else {
                return Ok(Some(false));
            };
            Ok(store.put_workspace(key, Some(&before), stored).await?.then_some(true))
        });
        let resealed = resealed.await;
        self.count(resealed, Failed::of)?;
        for listed in store.list_integrations(key).await? {
            let id = integration_id(key, &listed.key);
            let resealed = until_written(|| async {
                let Some(before) = store.read_integration(key, &id).await? else { return Ok(Some(false)) };
                let place = integration_place(key, &id);
                let Some(stored) = self.resealed(place, &before).await? else { return Ok(Some(false)) };
                Ok(store.put_integration(key, &id, Some(&before), stored).await?.then_some(true))
            });
            let resealed = resealed.await;
            self.count(resealed, |error| Failed { integration_key: Some(listed.key), ..Failed::of(error) })?;
        }
        for listed in store.list_webhooks(key).await? {
            let id = listed.key;
            let resealed = until_written(|| async {
                let Some(before) = store.read_webhook(key, &id).await? else { return Ok(Some(false)) };
                let place = webhook::place(key, &id);
                let Some(stored) = self.resealed(place, &before).await? else { return Ok(Some(false)) };
                Ok(store.put_webhook(key, &before, stored).await?.then_some(true))
            });
            let resealed = resealed.await;
            self.count(resealed, |error| Failed { webhook_endpoint_id: Some(id), ..Failed::of(error) })?;
        }
        Ok(())
    }

    /// The definition with its secrets sealed anew; nothing if they may stay as they are.
    async fn resealed(
        &self,
        place: Place<'_>,
        before: &StoredDefinition,
    ) -> Result<Option<StoredDefinition>> {
        let Some(sealed) = &before.sealed else { return Ok(None) };
        let sealed = self.deps.sealer.reseal(place, sealed).await?;
        Ok(sealed.map(|sealed| StoredDefinition { sealed: Some(sealed), ..before.clone() }))
    }

    /// Seals the secrets of a connection anew. Returns false if they could stay as they are.
    async fn connection(&self, id: &ConnectionId) -> Result<bool> {
        until_written(|| async {
            let read = self.deps.store.read_connection(id).await?;
            // It may have been erased since it was listed.
            let Some(connection) = read else { return Ok(Some(false)) };
            let Some(sealed) = ConnectionSecrets::reseal(self.deps, &connection).await? else {
                return Ok(Some(false));
            };
            let written = self.deps.store.reseal(&connection, sealed).await?;
            Ok(matches!(written, Written::Done).then_some(true))
        })
        .await
    }

    /// Counts what came of a record. One that does not open must not hold up the others; a database that does not answer does.
    fn count(&mut self, resealed: Result<bool>, failed: impl FnOnce(Value) -> Failed) -> Result<()> {
        match resealed {
            Ok(true) => self.done.resealed += 1,
            Ok(false) => self.done.unchanged += 1,
            Err(error) if error.key() == ErrorKey::StorageUnavailable => return Err(error),
            Err(error) => {
                error.note("a record was not resealed");
                self.done.failed.push(failed(error.to_json()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use protocol::error::Error;

    use super::*;
    use crate::routes::described::{component, json_of};

    #[test]
    fn what_came_of_a_part() {
        let error = Error::new(ErrorKey::KeyUnavailable, "The key service did not answer. Please try again.")
            .to_json();
        let failed = || Failed::of(error.clone());
        let some = Resealing {
            resealed: 3,
            unchanged: 1,
            failed: vec![
                failed(),
                Failed { integration_key: Some("crm".to_owned()), ..failed() },
                Failed { webhook_endpoint_id: Some("0123456789abcdef01234567".to_owned()), ..failed() },
                Failed { connection_id: Some(ConnectionId::new("b9a5f2d16a1c4e0f8d3c7a21")), ..failed() },
            ],
            cursor: Some("next".to_owned()),
        };
        component("Resealing", &[json_of(&some), json_of(&Resealing::default())]);
    }
}
