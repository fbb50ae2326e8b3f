//! Definitions as the functions read them. A start needs one read; then they stay in memory for a short time.

use std::sync::Arc;
use std::time::Duration;

use crate::seal::{Place, Sealer};
use crate::store::{Store, StoredDefinition};
use protocol::clock::{Clock, Timestamp};
use protocol::definition::{
    Integration, IntegrationDefinition, OptionSecrets, Workspace, WorkspaceDefinition, WorkspaceSecrets,
};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{IntegrationId, WorkspaceKey};
use protocol::kept::Kept;
use protocol::redirect_uri::Loopback;

/// The longest time until a warm function sees a change.
const MAX_AGE: Duration = Duration::from_secs(30);

/// The number of workspaces, and of integrations, that stay in memory.
const MAX_KEPT: usize = 500;

/// Reads definitions, and keeps them in memory.
pub struct Definitions {
    store: Arc<Store>,
    sealer: Arc<Sealer>,
    clock: Arc<dyn Clock>,
    loopback: Loopback,
    workspaces: Kept<WorkspaceKey, Arc<Workspace>>,
    integrations: Kept<(WorkspaceKey, IntegrationId), Arc<Integration>>,
}

impl Definitions {
    /// Makes a reader of the definitions in `store`, with `sealer` to open their secrets.
    #[must_use]
    pub fn new(store: Arc<Store>, sealer: Arc<Sealer>, clock: Arc<dyn Clock>, loopback: Loopback) -> Self {
        Self {
            store,
            sealer,
            clock,
            loopback,
            workspaces: Kept::new(MAX_AGE, MAX_KEPT),
            integrations: Kept::new(MAX_AGE, MAX_KEPT),
        }
    }

    /// Returns the workspace. The error for an unknown one is `not_authenticated`, so that nobody can find out which
    /// workspaces exist.
    pub async fn workspace(&self, key: &WorkspaceKey) -> Result<Arc<Workspace>> {
        let now = self.clock.now();
        if let Some(kept) = self.workspaces.get(key, now) {
            return Ok(kept);
        }
        let found = self.store.read_workspace(key).await?;
        self.opened_workspace(key, found, now).await
    }

    /// Returns the workspace, and the integration with this id if there is one. If neither is in memory, one read
    /// fetches both.
    pub async fn workspace_and_integration(
        &self,
        workspace: &WorkspaceKey,
        id: &IntegrationId,
    ) -> Result<(Arc<Workspace>, Option<Arc<Integration>>)> {
        let now = self.clock.now();
        let kept_workspace = self.workspaces.get(workspace, now);
        let kept_integration = self.integrations.get(&(workspace.clone(), id.clone()), now);
        match (kept_workspace, kept_integration) {
            (Some(workspace), Some(integration)) => Ok((workspace, Some(integration))),
            (Some(kept), None) => Ok((kept, self.found_integration(workspace, id).await?)),
            (None, Some(integration)) => Ok((self.workspace(workspace).await?, Some(integration))),
            (None, None) => {
                let (stored_workspace, stored_integration) =
                    self.store.read_workspace_and_integration(workspace, id).await?;
                let opened = self.opened_workspace(workspace, stored_workspace, now).await?;
                let integration = self.checked_integration(workspace, id, stored_integration, now)?;
                Ok((opened, integration))
            }
        }
    }

    /// Returns the integration with this id, or `not_found`.
    pub async fn integration(
        &self,
        workspace: &WorkspaceKey,
        id: &IntegrationId,
    ) -> Result<Arc<Integration>> {
        self.found_integration(workspace, id).await?.ok_or_else(|| integration_not_found("integrationId"))
    }

    async fn found_integration(
        &self,
        workspace: &WorkspaceKey,
        id: &IntegrationId,
    ) -> Result<Option<Arc<Integration>>> {
        let now = self.clock.now();
        if let Some(kept) = self.integrations.get(&(workspace.clone(), id.clone()), now) {
            return Ok(Some(kept));
        }
        let stored = self.store.read_integration(workspace, id).await?;
        self.checked_integration(workspace, id, stored, now)
    }

    /// Opens the secrets of an integration's options.
    pub async fn option_secrets(&self, integration: &Integration) -> Result<OptionSecrets> {
        let Some(sealed) = &integration.sealed_secrets else { return Ok(OptionSecrets::default()) };
        let opened =
            self.sealer.open(integration_place(&integration.workspace, &integration.id), sealed).await?;
        serde_json::from_slice(&opened)
            .map_err(|_| Error::internal("an integration's secrets cannot be read"))
    }

    /// Drops a workspace and its integrations from memory. Call it after a change.
    pub fn forget(&self, workspace: &WorkspaceKey) {
        self.workspaces.forget(|key| key == workspace);
        self.integrations.forget(|(key, _)| key == workspace);
    }

    async fn opened_workspace(
        &self,
        key: &WorkspaceKey,
        stored: Option<StoredDefinition>,
        now: Timestamp,
    ) -> Result<Arc<Workspace>> {
        let Some(stored) = stored else {
            return Err(
                Error::new(ErrorKey::NotAuthenticated, "The token names no known workspace.").field("token")
            );
        };
        let secrets = match &stored.sealed {
            Some(sealed) => {
                WorkspaceSecrets::from_bytes(&self.sealer.open(workspace_place(key), sealed).await?)?
            }
            None => WorkspaceSecrets::default(),
        };
        let definition: WorkspaceDefinition = serde_json::from_str(&stored.definition)
            .map_err(|error| Error::internal(format_args!("workspace {key} cannot be read: {error}")))?;
        let workspace = Arc::new(Workspace::new(key, &definition, &secrets, self.loopback)?);
        self.workspaces.put(key.clone(), Arc::clone(&workspace), now);
        Ok(workspace)
    }

    fn checked_integration(
        &self,
        workspace: &WorkspaceKey,
        id: &IntegrationId,
        stored: Option<StoredDefinition>,
        now: Timestamp,
    ) -> Result<Option<Arc<Integration>>> {
        let Some(stored) = stored else { return Ok(None) };
        let integration = Arc::new(read_integration(workspace, stored)?);
        self.integrations.put((workspace.clone(), id.clone()), Arc::clone(&integration), now);
        Ok(Some(integration))
    }
}

/// Reads a stored integration, as far as its definition can still be read.
pub fn read_integration(workspace: &WorkspaceKey, stored: StoredDefinition) -> Result<Integration> {
    let definition = serde_json::from_str(&stored.definition).map_err(Error::internal).and_then(|json| {
        IntegrationDefinition::read(json).map_err(|error| {
            Error::internal(format_args!("integration {} cannot be read: {}", stored.key, error.message()))
        })
    })?;
    Ok(Integration::new(workspace, &stored.key, definition, stored.sealed))
}

/// Returns the place of a workspace's secret.
#[must_use]
pub fn workspace_place(workspace: &WorkspaceKey) -> Place<'_> {
    Place { table: "integrations", workspace, customer: None, id: "", field: "secret", registration: None }
}

/// Returns the place of an integration's secrets.
#[must_use]
pub fn integration_place<'a>(workspace: &'a WorkspaceKey, id: &'a IntegrationId) -> Place<'a> {
    let (customer, field, registration) = (None, "optionSecrets", None);
    Place { table: "integrations", workspace, customer, id: id.as_str(), field, registration }
}

/// Returns the error for an unknown integration. `field` is the request's field that names it.
#[must_use]
pub fn integration_not_found(field: &str) -> Error {
    Error::new(ErrorKey::NotFound, "There is no such integration.").field(field)
}
