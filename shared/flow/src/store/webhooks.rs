//! The endpoints of webhooks: definitions of a workspace, in the integrations table under `webhook#{id}`.

use super::Store;
use super::definitions::StoredDefinition;
use super::item::text;
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
        let mut found = Vec::new();
        let mut from = None;
        loop {
            let query = self
                .client()
                .query()
                .table_name(&self.tables.integrations)
                .key_condition_expression("pk = :workspace AND begins_with(sk, :webhook)")
                .expression_attribute_values(":workspace", text(workspace))
                .expression_attribute_values(":webhook", text(WEBHOOK))
                .consistent_read(true)
                .set_exclusive_start_key(from);
            let page = self.query(&query, "Query webhooks").await?;
            for item in page.items.unwrap_or_default() {
                found.push(StoredDefinition::read(&item)?);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(found);
            }
        }
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
