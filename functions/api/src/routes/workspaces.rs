//! `/workspaces/{key}`: teams, managed by the root workspace.

use bytes::Bytes;
use flow::deps::{Deps, workspace_place};
use flow::store::StoredDefinition;
use http::{Request, StatusCode};
use protocol::definition::{self, Workspace, WorkspaceDefinition};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::WorkspaceKey;
use protocol::random::{draw, hex};
use protocol::secret::Secret;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{ATTEMPTS, being_changed};
use crate::{Answer, auth, body};

/// GET: the definition, without the secret.
pub(crate) async fn show(deps: &Deps, request: &Request<Bytes>, key: &str) -> Result<Answer> {
    auth::root(deps, request)?;
    let key = WorkspaceKey::new(key);
    let stored = deps.store.read_workspace(&key).await?.ok_or_else(not_found)?;
    Ok((StatusCode::OK, representation(&key, &stored.definition)?))
}

/// PUT: creates the workspace or replaces its definition. A secret that is not given stays as it was; a workspace
/// that has none and no public key gets one, and this answer is the only one to show it.
pub(crate) async fn put(deps: &Deps, request: &Request<Bytes>, key: &str) -> Result<Answer> {
    auth::root(deps, request)?;
    let key = &WorkspaceKey::new(key);
    let definition: WorkspaceDefinition = definition::read(&body::object(request)?)?;
    for _ in 0..ATTEMPTS {
        let before = deps.store.read_workspace(key).await?;
        let kept = before.as_ref().and_then(|stored| stored.sealed.as_ref());
        let generated = (definition.secret.is_none() && kept.is_none() && definition.public_keys.is_empty())
            .then(|| Secret::new(hex(&draw::<48>(&*deps.random))));
        let new_secret = definition.secret.as_ref().or(generated.as_ref());
        // Checks everything before anything is written.
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
        let mut answer = representation(key, &json)?;
        let stored = StoredDefinition { key: key.to_string(), definition: json, sealed };
        if deps.store.put_workspace(key, before.as_ref(), stored).await? {
            deps.definitions.forget(key);
            if let Some(secret) = generated {
                answer["secret"] = secret.expose().into();
            }
            return Ok((if before.is_some() { StatusCode::OK } else { StatusCode::CREATED }, answer));
        }
    }
    Err(being_changed())
}

fn representation(key: &WorkspaceKey, definition: &str) -> Result<Value> {
    let mut answer: Value = serde_json::from_str(definition).map_err(Error::internal)?;
    answer["key"] = json!(key);
    Ok(answer)
}

fn not_found() -> Error {
    Error::new(ErrorKey::NotFound, "There is no such workspace.").field("key")
}
