//! The workspace that an integration's id belongs to: what is needed where only the id is known. It stands in the
//! integrations table under `integration#{id}`, which is no workspace's key.
//!
//! An id is derived from its workspace, so the item never changes, and says nothing of whether the integration is still
//! defined.

use super::definitions::INTEGRATION;
use super::item::{Item, text};
use super::{Store, unavailable};
use protocol::error::Result;
use protocol::id::{IntegrationId, WorkspaceKey};

const OWNER: &str = "owner";

impl Store {
    /// Notes the workspace of an integration.
    pub async fn put_owner(&self, id: &IntegrationId, workspace: &WorkspaceKey) -> Result<()> {
        let put = self
            .client()
            .put_item()
            .table_name(&self.tables.integrations)
            .item("pk", text(format!("{INTEGRATION}{id}")))
            .item("sk", text(OWNER))
            .item("workspace", text(workspace));
        self.sent(|| put.clone().send()).await.map(drop).map_err(|error| unavailable("PutItem owner", &error))
    }

    /// Returns the workspace of an integration, if it was noted.
    pub async fn read_owner(&self, id: &IntegrationId) -> Result<Option<WorkspaceKey>> {
        let get = self
            .client()
            .get_item()
            .table_name(&self.tables.integrations)
            .key("pk", text(format!("{INTEGRATION}{id}")))
            .key("sk", text(OWNER));
        let found =
            self.sent(|| get.clone().send()).await.map_err(|error| unavailable("GetItem owner", &error))?;
        found.item.map(|item| item.text("workspace").map(WorkspaceKey::new)).transpose()
    }
}
