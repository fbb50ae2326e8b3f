//! `/workspaces/{key}`: teams, managed by the root workspace.

use bytes::Bytes;
use flow::deps::workspace_place;
use flow::store::StoredDefinition;
use http::{Response, StatusCode};
use protocol::definition::{self, Workspace, WorkspaceDefinition};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::WorkspaceKey;
use protocol::random::{draw, hex};
use protocol::secret::Secret;
use serde::Serialize;
use zeroize::Zeroizing;

use super::Call;
use super::until_written::until_written;
use crate::{answer, body};

/// A workspace's definition, with the secret in the one answer that generated it.
#[derive(Serialize)]
pub(super) struct Representation<'a> {
    pub(super) key: &'a WorkspaceKey,
    #[serde(flatten)]
    pub(super) definition: &'a WorkspaceDefinition,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<&'a str>,
}

/// GET: the definition, without the secret.
pub(crate) async fn show(call: Call<'_>) -> Result<Response<Bytes>> {
    let Call { deps, id, .. } = call;
    let key = &WorkspaceKey::new(id);
    let stored = deps.store.read_workspace(key).await?.ok_or_else(not_found)?;
    let definition = serde_json::from_str(&stored.definition).map_err(Error::internal)?;
    answer::ok(&Representation { key, definition: &definition, secret: None })
}

/// PUT: creates the workspace or replaces its definition. A secret that is not given stays as it was; a workspace
/// that has none and no public key gets one, and this answer is the only one to show it.
pub(crate) async fn put(call: Call<'_>) -> Result<Response<Bytes>> {
    let Call { deps, request, id, .. } = call;
    let key = &WorkspaceKey::new(id);
    let definition: WorkspaceDefinition = definition::read(&body::object(request)?)?;
    until_written(|| async {
        let before = deps.store.read_workspace(key).await?;
        let kept = before.as_ref().and_then(|stored| stored.sealed.as_ref());
        let generated = (definition.secret.is_none() && kept.is_none() && definition.public_keys.is_empty())
            .then(|| Secret::new(hex(&draw::<48>(&*deps.random))));
        let new_secret = definition.secret.as_ref().or(generated.as_ref());
        // Checks everything before anything is written.
        definition.check_addresses(deps.settings.loopback, &deps.own_routes)?;
        Workspace::new(key, &definition, new_secret, deps.settings.loopback)?;
        let plain = match (new_secret, kept) {
            (Some(secret), _) => Some(Zeroizing::new(secret.expose().as_bytes().to_vec())),
            // Sealed anew like all that is written, so that it moves on to the present wrapping key.
            (None, Some(kept)) => Some(deps.sealer.open(workspace_place(key), kept).await?),
            (None, None) => None,
        };
        let sealed = match plain {
            Some(plain) => Some(deps.sealer.seal(workspace_place(key), &plain).await?),
            None => None,
        };
        let json = serde_json::to_string(&definition).map_err(Error::internal)?;
        let stored = StoredDefinition { key: key.to_string(), definition: json, sealed };
        if !deps.store.put_workspace(key, before.as_ref(), stored).await? {
            return Ok(None);
        }
        deps.definitions.forget(key);
        let status = if before.is_some() { StatusCode::OK } else { StatusCode::CREATED };
        let secret = generated.as_ref().map(Secret::expose);
        answer::json(status, &Representation { key, definition: &definition, secret }).map(Some)
    })
    .await
}

fn not_found() -> Error {
    Error::new(ErrorKey::NotFound, "There is no such workspace.").field("key")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::described::{component, json_of, properties};

    #[test]
    fn workspaces() {
        let least = WorkspaceDefinition {
            name: "Acme".to_owned(),
            secret: Some("a secret that is not shown".into()),
            public_keys: Vec::new(),
            redirect_uris: Vec::new(),
            origins: None,
            logo_uri: None,
            color: None,
            confirm_start: true,
            confirm_user: false,
        };
        let full = WorkspaceDefinition {
            public_keys: vec!["PEM".to_owned()],
            origins: Some(vec!["https://app.example".to_owned()]),
            logo_uri: Some("https://app.example/logo.svg".to_owned()),
            color: Some("#1f5fd0".to_owned()),
            ..least.clone()
        };
        let generated = "0123456789abcdef".repeat(6);
        let key = &WorkspaceKey::new("acme");
        let shown = [
            json_of(&Representation { key, definition: &least, secret: None }),
            json_of(&Representation { key, definition: &full, secret: Some(&generated) }),
        ];
        component("Workspace", &shown);
        let mut defined = properties("WorkspaceDefinition");
        defined.insert("key".to_owned());
        assert_eq!(properties("Workspace"), defined);
    }
}
