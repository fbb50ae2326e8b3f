//! The addresses that a workspace wants webhooks at, each with a secret of its own.

use std::time::Duration;

use futures_util::future::try_join_all;
use protocol::clock::Timestamp;
use protocol::definition::{PreviousSecret, WorkspaceSecrets, web_address_problem};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::WorkspaceKey;
use protocol::random::draw_id;
use protocol::secret::Secret;
use protocol::webhook::draw_secret;
use serde::{Deserialize, Serialize};

use super::event::is_event;
use crate::connection::Setting;
use crate::deps::Deps;
use crate::seal::Place;
use crate::store::{EndpointState, StoredDefinition};

/// The most endpoints of a workspace: each event is sent to all of them.
const MAX_ENDPOINTS: usize = 20;

/// The size limit of an endpoint's address, in bytes.
pub const MAX_URL: usize = 2048;

/// The time for which a secret that was replaced still signs, beside the new one.
const PREVIOUS_SECRET_LIVES: Duration = Duration::from_hours(24);

/// An endpoint.
#[derive(Clone)]
pub struct Endpoint {
    /// Its id.
    pub id: String,
    /// What it is set to.
    pub settings: Settings,
    /// The time of its answer that it is gone, if it said so since it was last switched on.
    pub gone_at: Option<Timestamp>,
    pub(super) state: EndpointState,
    stored: StoredDefinition,
}

/// What an endpoint is set to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Where webhooks are sent.
    pub url: String,
    /// The names of the events that it wants; all of them without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
    /// False if nothing is sent.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was last switched on.
    pub enabled_at: Timestamp,
    /// The time until which the secret before the present one still signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_secret_until: Option<Timestamp>,
}

/// A change of an endpoint. Parts that are none stay as they are.
#[derive(Clone, Default)]
pub struct Change {
    /// The new address.
    pub url: Option<String>,
    /// The events that it wants.
    pub events: Setting<Vec<String>>,
    /// True to switch it on.
    pub enabled: Option<bool>,
}

impl Endpoint {
    /// True if webhooks are sent to it.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.settings.enabled && self.gone_at.is_none()
    }

    /// True if it wants events of this name.
    #[must_use]
    pub fn wants(&self, event: &str) -> bool {
        self.settings.events.as_ref().is_none_or(|events| events.iter().any(|name| name == event))
    }

    /// The secrets that sign at present, the newest first.
    pub(super) async fn secrets(&self, deps: &Deps, workspace: &WorkspaceKey) -> Result<Vec<Secret>> {
        let secrets = self.opened(deps, workspace).await?;
        Ok(secrets.current.into_iter().chain(secrets.previous.map(|previous| previous.secret)).collect())
    }

    async fn opened(&self, deps: &Deps, workspace: &WorkspaceKey) -> Result<WorkspaceSecrets> {
        let sealed = self.stored.sealed.as_deref().unwrap_or_default();
        let opened = deps.sealer.open(place(workspace, &self.id), sealed).await?;
        Ok(WorkspaceSecrets::from_bytes(&opened)?.at(deps.clock.now()))
    }

    async fn of(deps: &Deps, stored: StoredDefinition) -> Result<Self> {
        let settings: Settings = serde_json::from_str(&stored.definition)
            .map_err(|error| Error::internal(format_args!("a webhook endpoint cannot be read: {error}")))?;
        let state = deps.store.read_endpoint_state(&stored.key).await?;
        let gone_at = state.gone_at.filter(|at| *at >= settings.enabled_at);
        Ok(Self { id: stored.key.clone(), settings, gone_at, state, stored })
    }
}

/// The place of an endpoint's secrets. They are sealed apart from other definitions' secrets: whoever sends webhooks opens
/// no others.
#[must_use]
pub fn place<'a>(workspace: &'a WorkspaceKey, id: &'a str) -> Place<'a> {
    Place { table: "webhooks", workspace, customer: None, id, field: "webhookSecret", registration: None }
}

/// Makes an endpoint, and its secret.
pub async fn create(
    deps: &Deps,
    workspace: &WorkspaceKey,
    url: String,
    events: Option<Vec<String>>,
) -> Result<(Endpoint, Secret)> {
    check(deps, &url, events.as_deref())?;
    let now = deps.clock.now();
    let id = draw_id(&*deps.random);
    let secret = draw_secret(&*deps.random);
    let settings = Settings {
        url,
        events,
        enabled: true,
        created_at: now,
        updated_at: now,
        enabled_at: now,
        previous_secret_until: None,
    };
    let secrets = WorkspaceSecrets { current: Some(secret.clone()), previous: None };
    let stored = stored(deps, workspace, id, &settings, &secrets).await?;
    if !deps.store.make_webhook(workspace, &stored, MAX_ENDPOINTS).await? {
        let message = "The workspace has 20 webhook endpoints already. Delete one that nobody needs.";
        return Err(Error::new(ErrorKey::AlreadyExists, message));
    }
    Ok((Endpoint::of(deps, stored).await?, secret))
}

/// Reads the endpoints of a workspace. There are few, and what they said of themselves is read at once: each event waits for it.
pub async fn list(deps: &Deps, workspace: &WorkspaceKey) -> Result<Vec<Endpoint>> {
    let stored = deps.store.list_webhooks(workspace).await?;
    try_join_all(stored.into_iter().map(|stored| Endpoint::of(deps, stored))).await
}

/// Reads an endpoint of a workspace.
pub async fn read(deps: &Deps, workspace: &WorkspaceKey, id: &str) -> Result<Endpoint> {
    let found = if is_id(id) { deps.store.read_webhook(workspace, id).await? } else { None };
    let not_found = || Error::new(ErrorKey::NotFound, "There is no such webhook endpoint.").field("id");
    Endpoint::of(deps, found.ok_or_else(not_found)?).await
}

fn is_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Changes an endpoint. Returns nothing if somebody else has changed it since it was read.
pub async fn update(
    deps: &Deps,
    workspace: &WorkspaceKey,
    before: &Endpoint,
    change: &Change,
) -> Result<Option<Endpoint>> {
    let now = deps.clock.now();
    let mut settings = before.settings.clone();
    settings.updated_at = now;
    settings.events = change.events.clone().over(settings.events);
    if let Some(url) = &change.url {
        settings.url.clone_from(url);
    }
    if let Some(enabled) = change.enabled {
        settings.enabled = enabled;
        // It is switched on again although it has said that it is gone.
        if enabled && !before.is_on() {
            settings.enabled_at = now.max(before.gone_at.map_or(now, |at| Timestamp(at.0 + 1)));
        }
    }
    check(deps, &settings.url, settings.events.as_deref())?;
    let secrets = before.opened(deps, workspace).await?;
    settings.previous_secret_until = secrets.previous.as_ref().map(|previous| previous.until);
    written(deps, workspace, before, &settings, &secrets).await
}

/// Gives an endpoint a new secret. The present one still signs for a day. Returns nothing if somebody else has changed the
/// endpoint since it was read.
pub async fn rotate(
    deps: &Deps,
    workspace: &WorkspaceKey,
    before: &Endpoint,
) -> Result<Option<(Endpoint, Secret)>> {
    let now = deps.clock.now();
    let until = now + PREVIOUS_SECRET_LIVES;
    let secret = draw_secret(&*deps.random);
    let previous = before.opened(deps, workspace).await?.current;
    let secrets = WorkspaceSecrets {
        current: Some(secret.clone()),
        previous: previous.map(|secret| PreviousSecret { secret, until }),
    };
    let mut settings = before.settings.clone();
    settings.updated_at = now;
    settings.previous_secret_until = Some(until);
    Ok(written(deps, workspace, before, &settings, &secrets).await?.map(|endpoint| (endpoint, secret)))
}

/// Deletes an endpoint. Returns false if somebody else has changed it since it was read.
pub async fn delete(deps: &Deps, workspace: &WorkspaceKey, endpoint: &Endpoint) -> Result<bool> {
    deps.store.delete_webhook(workspace, &endpoint.stored).await
}

async fn written(
    deps: &Deps,
    workspace: &WorkspaceKey,
    before: &Endpoint,
    settings: &Settings,
    secrets: &WorkspaceSecrets,
) -> Result<Option<Endpoint>> {
    let stored = stored(deps, workspace, before.id.clone(), settings, secrets).await?;
    if !deps.store.put_webhook(workspace, &before.stored, stored.clone()).await? {
        return Ok(None);
    }
    Endpoint::of(deps, stored).await.map(Some)
}

async fn stored(
    deps: &Deps,
    workspace: &WorkspaceKey,
    id: String,
    settings: &Settings,
    secrets: &WorkspaceSecrets,
) -> Result<StoredDefinition> {
    let plain = secrets.to_bytes()?.unwrap_or_default();
    let sealed = deps.sealer.seal(place(workspace, &id), &plain).await?;
    let definition = serde_json::to_string(settings).map_err(Error::internal)?;
    Ok(StoredDefinition { key: id, definition, given: None, sealed: Some(sealed) })
}

/// Refuses an address that nobody may be called at, and events that there are none of.
fn check(deps: &Deps, url: &str, events: Option<&[String]>) -> Result<()> {
    if url.len() > MAX_URL {
        return Err(Error::malformed("url", &format!("is longer than {MAX_URL} bytes")));
    }
    if let Some(problem) = web_address_problem(url, deps.settings.loopback, &deps.own_routes) {
        return Err(Error::malformed("url", &problem));
    }
    let events = events.unwrap_or(&[]);
    match events.iter().position(|name| !is_event(name)) {
        Some(index) => Err(Error::malformed(&format!("events[{index}]"), "is no event that there is")),
        None => Ok(()),
    }
}
