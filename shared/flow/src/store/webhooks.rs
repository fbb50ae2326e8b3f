//! The endpoints of webhooks: definitions of a workspace, in the integrations table under `webhook#{id}`.

use super::Store;
use super::definitions::StoredDefinition;
use protocol::error::Result;
use protocol::id::WorkspaceKey;

const WEBHOOK: &str = "webhook#";

impl Store {
    /// Reads an endpoint by its id, strongly consistent.
    pub async fn read_webhook(&self, workspace: &WorkspaceKey, id: &str) -> Result<Option<StoredDefinition>> {
        self.read_definition(workspace, &sk(id)).await
    }

    /// Reads all endpoints of a workspace, in the order of their ids, strongly consistent.
    pub async fn list_webhooks(&self, workspace: &WorkspaceKey) -> Result<Vec<StoredDefinition>> {
        self.list_definitions(workspace, WEBHOOK, "Query webhooks").await
    }

    /// Replaces the endpoint `before`. Returns false if another one was stored meanwhile.
    pub async fn put_webhook(
        &self,
        workspace: &WorkspaceKey,
        before: Option<&StoredDefinition>,
        stored: StoredDefinition,
    ) -> Result<bool> {
        let sk = sk(&stored.key);
        self.put(workspace, &sk, before, stored).await
    }

    /// Deletes the endpoint `before`. Returns false if another one was stored meanwhile.
    pub async fn delete_webhook(&self, workspace: &WorkspaceKey, before: &StoredDefinition) -> Result<bool> {
        self.delete(workspace, &sk(&before.key), before).await
    }
}

fn sk(id: &str) -> String {
    format!("{WEBHOOK}{id}")
}
