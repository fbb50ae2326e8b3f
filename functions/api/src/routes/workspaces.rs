//! `/workspaces`: teams, managed by the root workspace.

use bytes::Bytes;
use flow::deps::workspace_place;
use flow::store::StoredDefinition;
use http::{Response, StatusCode};
use protocol::definition::{self, SecretSetting, Workspace, WorkspaceDefinition, WorkspaceSecrets};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::WorkspaceKey;
use protocol::random::{draw, hex};
use protocol::record::{self, Remark};
use protocol::secret::Secret;
use serde::Serialize;

use super::Call;
use super::connections::{MAX_CURSOR, limit};
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

/// A workspace of the list.
#[derive(Serialize)]
pub(super) struct Listed {
    pub(super) key: WorkspaceKey,
    pub(super) name: String,
}

impl Listed {
    fn of(stored: &StoredDefinition) -> Result<Self> {
        let WorkspaceDefinition { name, .. } = definition_of(stored)?;
        Ok(Self { key: WorkspaceKey::new(&stored.key), name })
    }
}

/// One page of workspaces.
#[derive(Serialize)]
pub(super) struct Page {
    pub(super) items: Vec<Listed>,
    /// Where the next page begins, if there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<WorkspaceKey>,
}

/// GET: one page of workspaces, in the order of their keys.
pub(crate) async fn list(call: Call<'_>) -> Result<Response<Bytes>> {
    let mut query = call.query();
    let limit = limit(&mut query)?;
    let after = query.text("cursor", MAX_CURSOR)?.filter(|cursor| cursor != "0").map(WorkspaceKey::new);
    let page = call.deps.store.list_workspaces(limit, after.as_ref()).await?;
    let items = page.workspaces.iter().map(Listed::of).collect::<Result<_>>()?;
    answer::ok(&Page { items, cursor: page.next })
}

/// GET: the definition, without the secret.
pub(crate) async fn show(call: Call<'_>) -> Result<Response<Bytes>> {
    let Call { deps, id, .. } = call;
    let key = &WorkspaceKey::new(id);
    let stored = deps.store.read_workspace(key).await?.ok_or_else(not_found)?;
    let mut definition = definition_of(&stored)?;
    // What is over is not shown.
    let now = call.deps.clock.now().to_rfc3339();
    definition.previous_secret_until = definition.previous_secret_until.filter(|until| *until > now);
    answer::ok(&Representation { key, definition: &definition, secret: None })
}

/// PUT: creates the workspace or replaces its definition. A secret that is not given stays as it was, `null` removes it;
/// a workspace that has none and no public key gets one, and this answer is the only one to show it.
pub(crate) async fn put(call: Call<'_>) -> Result<Response<Bytes>> {
    let Call { deps, request, id, .. } = call;
    let key = &WorkspaceKey::new(id);
    let force = call.query().flag("force")? == Some(true);
    let given: WorkspaceDefinition = definition::read(&body::object(request)?.into())?;
    until_written(|| async {
        let before = deps.store.read_workspace(key).await?;
        let stored = match before.as_ref().and_then(|stored| stored.sealed.as_ref()) {
            Some(sealed) => match deps.sealer.open(workspace_place(key), sealed).await {
                Ok(opened) => WorkspaceSecrets::from_bytes(&opened)?,
                // What is replaced at once need not be read: its key may be gone for good.
                Err(_) if replaces_at_once(&given) => WorkspaceSecrets::default(),
                Err(error) => return Err(error),
            },
            None => WorkspaceSecrets::default(),
        };
        let mut definition = given.clone();
        let generated = (matches!(definition.secret, SecretSetting::LeftOut)
            && stored.current.is_none()
            && given.public_keys.is_empty())
        .then(|| Secret::new(hex(&draw::<48>(&*deps.random))));
        let now = deps.clock.now();
        let secrets = stored.updated(&given, generated.clone(), force, now)?;
        let until = secrets.previous.as_ref().map(|previous| previous.until.to_rfc3339());
        definition.previous_secret_until = until;
        if let Some(before) = &before {
            definition.keep_links_ended(&definition_of(before)?)?;
        }
        // Checks everything before anything is written.
        definition.check_addresses(deps.settings.loopback, &deps.own_routes)?;
        let workspace = Workspace::new(key, &definition, &secrets, deps.settings.loopback)?;
        if workspace.has_ended(now) {
            return Err(Error::malformed("linksNotBefore", "must not be ahead"));
        }
        // Sealed anew like all that is written, so that it moves on to the present wrapping key.
        let sealed = match secrets.to_bytes()? {
            Some(plain) => Some(deps.sealer.seal(workspace_place(key), &plain).await?),
            None => None,
        };
        let json = serde_json::to_string(&definition).map_err(Error::internal)?;
        let stored = StoredDefinition { key: key.to_string(), definition: json, given: None, sealed };
        if !deps.store.put_workspace(key, before.as_ref(), stored).await? {
            return Ok(None);
        }
        deps.definitions.forget(key);
        let (status, done) = match before {
            Some(_) => (StatusCode::OK, "workspace changed"),
            None => (StatusCode::CREATED, "workspace created"),
        };
        record::ends(Remark::from(done).with("target", Some(key.as_str())));
        let secret = generated.as_ref().map(Secret::expose);
        answer::json(status, &Representation { key, definition: &definition, secret }).map(Some)
    })
    .await
}

/// DELETE: takes the definition away, if the workspace is empty.
pub(crate) async fn delete(call: Call<'_>) -> Result<Response<Bytes>> {
    let Call { deps, id, .. } = call;
    let key = &WorkspaceKey::new(id);
    until_written(|| async {
        let before = deps.store.read_workspace(key).await?.ok_or_else(not_found)?;
        if !deps.store.is_empty_workspace(key).await? {
            let message = "The workspace has integrations, connections or webhook endpoints. Erase its customers, and delete its integrations and endpoints.";
            return Err(Error::new(ErrorKey::WorkspaceNotEmpty, message).field("key"));
        }
        Ok(deps.store.delete_workspace(key, &before).await?.then_some(()))
    })
    .await?;
    deps.definitions.forget(key);
    record::ends(Remark::from("workspace deleted").with("target", Some(key.as_str())));
    Ok(answer::no_content())
}

fn definition_of(stored: &StoredDefinition) -> Result<WorkspaceDefinition> {
    serde_json::from_str(&stored.definition).map_err(Error::internal)
}

/// True if nothing of the stored secrets is kept.
fn replaces_at_once(given: &WorkspaceDefinition) -> bool {
    !matches!(given.secret, SecretSetting::LeftOut) && given.previous_secret_until.is_none()
}

pub(super) fn not_found() -> Error {
    Error::new(ErrorKey::NotFound, "There is no such workspace.").field("key")
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use protocol::definition::ReplacedTexts;
    use serde_json::json;

    use super::*;
    use crate::routes::described::{component, json_of, properties};

    #[test]
    fn workspaces() {
        let least = WorkspaceDefinition {
            name: "Acme".to_owned(),
            secret: SecretSetting::Given("a secret that is not shown".into()),
            previous_secret_until: None,
            max_token_lifetime: None,
            token_audience: None,
            public_keys: Vec::new(),
            redirect_uris: Vec::new(),
            origins: None,
            logo_uri: None,
            color: None,
            texts: ReplacedTexts::default(),
            confirm_start: true,
            confirm_user: false,
            requests_per_minute: None,
            archived_credentials_days: None,
            links_not_before: None,
        };
        let full = WorkspaceDefinition {
            public_keys: vec!["PEM".to_owned()],
            origins: Some(vec!["https://app.example".to_owned()]),
            logo_uri: Some("https://app.example/logo.svg".to_owned()),
            color: Some("#1f5fd0".to_owned()),
            texts: serde_json::from_value(json!({ "de": { "cancel": "Nein" } })).unwrap(),
            previous_secret_until: Some("2026-01-31T08:15:00.123Z".to_owned()),
            max_token_lifetime: Some(3600),
            token_audience: Some("https://connect.acme.example".to_owned()),
            requests_per_minute: NonZeroU32::new(1200),
            archived_credentials_days: Some(7),
            links_not_before: Some("2026-01-31T08:15:00.123Z".to_owned()),
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

    #[test]
    fn the_list_of_workspaces() {
        let key = WorkspaceKey::new("acme");
        let items = vec![Listed { key: key.clone(), name: "Acme".to_owned() }];
        let pages = [Page { items, cursor: Some(key) }, Page { items: Vec::new(), cursor: None }]
            .map(|page| json_of(&page));
        component("Workspaces", &pages);
    }
}
