//! A connection as callers see it: the contract's representation, without secrets.

use serde_json::{Value, json};

use crate::connection::Connection;
use crate::deps::Deps;
use protocol::definition::Integration;
use protocol::error::{ErrorKey, Result};

impl Connection {
    /// The representation, with its integration's name and face.
    pub async fn representation(&self, deps: &Deps) -> Result<Value> {
        Ok(self.to_json(self.face(deps).await?))
    }

    /// What is shown of its integration, if that is still defined.
    pub async fn face(&self, deps: &Deps) -> Result<Option<Value>> {
        let integration = match deps.definitions.integration(&self.workspace, &self.integration).await {
            Ok(integration) => integration,
            Err(error) if error.key() == ErrorKey::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        // The SDKs' schemas want a logo; one that there is not is empty.
        let logo_uri = integration.logo_uri.as_deref().unwrap_or_default();
        let Integration { id, key, name, .. } = &*integration;
        Ok(Some(json!({ "id": id, "key": key, "name": name, "logoUri": logo_uri })))
    }

    /// The representation, with what is shown of its integration.
    #[must_use]
    pub fn to_json(&self, face: Option<Value>) -> Value {
        let mut json = json!({
            "id": self.id,
            "name": self.record.name,
            "userId": self.customer,
            "tenantId": self.customer,
            "integrationId": self.integration,
            "authOptionKey": self.record.auth_option_key,
            "connected": self.is_connected(),
            "disconnected": self.health.disconnected,
            "state": if self.health.disconnected { "CLIENT_ACTION_REQUIRED" } else { "READY" },
            "createdAt": self.record.created_at.to_rfc3339(),
            "updatedAt": self.record.updated_at.to_rfc3339(),
            "lastActiveAt": self.last_active_at.to_rfc3339(),
        });
        let next_refresh_at = self.health.next_refresh_at.filter(|_| self.archived_at.is_none());
        for (name, moment) in
            [("nextCredentialsRefreshAt", next_refresh_at), ("archivedAt", self.archived_at)]
        {
            if let Some(moment) = moment {
                json[name] = moment.to_rfc3339().into();
            }
        }
        if let Some(error) = &self.health.error {
            json["error"] = error.to_json();
        }
        if let Some(face) = face {
            json["integration"] = face;
        }
        json
    }
}
