//! All workspaces, by the index `workspaces` of the integrations table: it has the same keys the other way round, and
//! nothing else, so no change of a definition writes it. It is updated a moment after the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::Store;
use super::batch::MOST_IN_BATCH;
use super::definitions::{INTEGRATION, StoredDefinition, WORKSPACE, key};
use super::item::{Attributes, Item, text};
use super::transact::gave_up;
use protocol::error::{Error, Result};
use protocol::id::WorkspaceKey;

const INDEX: &str = "workspaces";

/// One page of the workspaces, in the order of their keys.
pub struct WorkspacePage {
    /// Their definitions.
    pub workspaces: Vec<StoredDefinition>,
    /// The last key of the page, if another page may follow.
    pub next: Option<WorkspaceKey>,
}

impl Store {
    /// Lists workspaces from the end of the previous page.
    pub async fn list_workspaces(&self, limit: i32, after: Option<&WorkspaceKey>) -> Result<WorkspacePage> {
        let query = self
            .client()
            .query()
            .table_name(&self.tables.integrations)
            .index_name(INDEX)
            .key_condition_expression("sk = :workspace")
            .expression_attribute_values(":workspace", text(WORKSPACE))
            .limit(limit)
            .set_exclusive_start_key(after.map(|after| key(after.as_str(), WORKSPACE)));
        let page = self.query(&query, "Query workspaces").await?;
        let found = |item: &Attributes| item.text("pk").map(WorkspaceKey::new);
        let keys: Vec<WorkspaceKey> = page.items.iter().flatten().map(found).collect::<Result<_>>()?;
        let next = page.last_evaluated_key.as_ref().map(found).transpose()?;
        Ok(WorkspacePage { workspaces: self.read_workspaces(&keys).await?, next })
    }

    /// Reads workspaces by their keys, in this order. One that was deleted meanwhile is left out.
    async fn read_workspaces(&self, workspaces: &[WorkspaceKey]) -> Result<Vec<StoredDefinition>> {
        let mut found = HashMap::new();
        for some in workspaces.chunks(MOST_IN_BATCH) {
            let keys = some.iter().map(|workspace| key(workspace.as_str(), WORKSPACE)).collect();
            let keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
            let keys = keys.build().map_err(Error::internal)?;
            let read = self.read_batch(&self.tables.integrations, keys, "BatchGetItem workspaces").await?;
            for item in read.ok_or_else(gave_up)? {
                found.insert(item.text("pk")?.to_owned(), StoredDefinition::read(&item)?);
            }
        }
        Ok(workspaces.iter().filter_map(|workspace| found.remove(workspace.as_str())).collect())
    }

    /// True if a workspace has neither integrations, nor webhook endpoints, nor connections, archived or not.
    pub async fn is_empty_workspace(&self, workspace: &WorkspaceKey) -> Result<bool> {
        let query = self.definitions_of(workspace.as_str(), INTEGRATION).limit(1);
        let page = self.query(&query, "Query integrations").await?;
        Ok(page.count == 0
            && self.list_webhooks(workspace).await?.is_empty()
            && !self.has_connections(workspace).await?)
    }

    /// Deletes the workspace's definition `before`. Returns false if another one was stored meanwhile.
    pub async fn delete_workspace(
        &self,
        workspace: &WorkspaceKey,
        before: &StoredDefinition,
    ) -> Result<bool> {
        self.delete(workspace.as_str(), WORKSPACE, before).await
    }
}
