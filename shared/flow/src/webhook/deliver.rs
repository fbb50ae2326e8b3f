//! What becomes of an event: it is sent to each endpoint that wants it and has not taken it yet.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use protocol::clock::Timestamp;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{ConnectionId, IntegrationId, WorkspaceKey};
use protocol::record::{self, About, Level, Record, Remark};
use tokio::task::JoinSet;

use super::endpoint::{self, Endpoint};
use super::event::{DeliveryId, Detail, Noted, TEST, WebhookEvent};
use super::retry::pause_after;
use super::send::{Tried, send};
use crate::connection::Notes;
use crate::deps::Deps;
use crate::store::{Delivery, DeliveryStatus};

/// What is to be done with an event after a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing more.
    Done,
    /// It is to be tried again after this pause.
    Again(Duration),
}

/// What a line of the log has in the place of a request's route.
pub const WORK: &str = "webhook";

/// Tries an event, in JSON, at each endpoint that wants it and has not taken it yet. `attempt` counts from 1.
///
/// # Errors
///
/// The event cannot be read; or the last try could not be made, for a reason of our own.
pub async fn handle(deps: &Arc<Deps>, event: &str, attempt: u32, until: Timestamp) -> Result<Outcome> {
    About::Route.note(WORK);
    let event = WebhookEvent::read(event)?;
    About::Workspace.note(&event.detail.workspace_key);
    let tried = each(deps, &event, attempt, until).await;
    match (tried, pause_after(attempt, &*deps.random)) {
        (Ok(true), _) | (Ok(false), None) => Ok(Outcome::Done),
        // What it was is said already.
        (Ok(false) | Err(_), Some(pause)) => Ok(Outcome::Again(pause)),
        (Err(error), None) => Err(error),
    }
}

/// What is said of a try that our own side did not let happen.
const NOT_TRIED: &str = "a webhook could not be tried";

/// Returns true if nothing is left to do. Each endpoint has a line of its own.
async fn each(deps: &Arc<Deps>, event: &WebhookEvent, attempt: u32, until: Timestamp) -> Result<bool> {
    let mut tasks = JoinSet::new();
    let endpoints = endpoint::list(deps, &event.detail.workspace_key).await;
    for endpoint in endpoints.inspect_err(|error| error.report(NOT_TRIED))? {
        if endpoint.wants(&event.name) {
            let (deps, event) = (Arc::clone(deps), event.clone());
            let record = Record::begin_beside(Arc::clone(&deps.clock), &*deps.random);
            record.about(About::Route, WORK);
            record.about(About::Workspace, event.detail.workspace_key.as_str());
            record.about(About::Connection, &event.detail.connection_id);
            tasks.spawn(async move {
                let tried = record.during(one(&deps, &endpoint, &event, attempt, until)).await;
                record.ended_if_said();
                tried
            });
        }
    }
    let mut is_done = Ok(true);
    while let Some(ended) = tasks.join_next().await {
        let ended =
            ended.map_err(|error| Error::internal("a delivery broke down").caused_by(error)).flatten();
        is_done = is_done.and_then(|all| ended.map(|one| all && one));
    }
    is_done
}

/// Tries one endpoint. Returns true if nothing is left to do there.
async fn one(
    deps: &Deps,
    endpoint: &Endpoint,
    event: &WebhookEvent,
    attempt: u32,
    until: Timestamp,
) -> Result<bool> {
    About::Webhook.note(&endpoint.id);
    let tried = try_one(deps, endpoint, event, attempt, until).await;
    tried.inspect_err(|error| error.report(NOT_TRIED))
}

async fn try_one(
    deps: &Deps,
    endpoint: &Endpoint,
    event: &WebhookEvent,
    attempt: u32,
    until: Timestamp,
) -> Result<bool> {
    let id = DeliveryId::of(&endpoint.id, event)?;
    let before = deps.store.read_delivery(&id.endpoint, &id.sort()).await?;
    match (&before, endpoint.is_on()) {
        // The endpoint has it, or it was given up.
        (Some(before), _) if before.status != DeliveryStatus::Pending => return Ok(true),
        (None, false) => return Ok(true),
        // It was switched off between two tries.
        (Some(before), false) => {
            let given_up =
                Delivery { attempts: before.attempts + 1, status: DeliveryStatus::Failed, ..before.clone() };
            let given_up =
                Delivery { problem: Some("endpoint_disabled".to_owned()), answered: None, ..given_up };
            noted(deps, &id, &given_up).await?;
            let said = Remark::new(Level::Info, "webhook dropped: its endpoint is switched off");
            record::ends(said.with("event", Some(event.name.as_str())).with("tries", Some(before.attempts)));
            return Ok(true);
        }
        (_, true) => {}
    }
    let tried = send(deps, &event.detail.workspace_key, endpoint, event, until).await?;
    let is_last = pause_after(attempt, &*deps.random).is_none();
    let is_given_up = is_last || tried.status == Some(StatusCode::GONE);
    let status = match tried.problem {
        None => DeliveryStatus::Success,
        Some(_) if is_given_up => DeliveryStatus::Failed,
        Some(_) => DeliveryStatus::Pending,
    };
    let said = match status {
        DeliveryStatus::Success => Remark::new(Level::Info, "webhook delivered"),
        DeliveryStatus::Pending => Remark::new(Level::Info, "webhook not delivered"),
        DeliveryStatus::Failed => Remark::new(Level::Warn, "webhook given up"),
    };
    ended(deps, (&id, endpoint), event, before.as_ref(), (tried, status), said).await?;
    Ok(status != DeliveryStatus::Pending)
}

/// Sends a delivery once more, now and once, as somebody asks for it. An endpoint that is switched off gets it too.
pub async fn replay(
    deps: &Deps,
    workspace: &WorkspaceKey,
    id: &str,
    until: Timestamp,
) -> Result<(DeliveryId, Delivery)> {
    let not_found =
        || Error::new(ErrorKey::NotFound, "There is no such delivery, or it is too old.").field("id");
    let id = DeliveryId::parse(id).ok_or_else(not_found)?;
    let endpoint = endpoint::read(deps, workspace, &id.endpoint).await?;
    let before = deps.store.read_delivery(&id.endpoint, &id.sort()).await?.ok_or_else(not_found)?;
    let (customer, notes) = if before.event == TEST {
        (TEST_ID.to_owned(), Notes::default())
    } else {
        let found = deps.store.customer_and_notes_of(&before.connection_id).await?;
        let gone = || {
            let message = "Nothing is held any more of what the event is about, so it cannot be sent again.";
            Error::new(ErrorKey::NotFound, message).field("id")
        };
        let (customer, notes) = found.ok_or_else(gone)?;
        (customer.as_str().to_owned(), notes)
    };
    let event = WebhookEvent {
        name: before.event.clone(),
        detail: Detail {
            connection_id: before.connection_id.as_str().to_owned(),
            workspace_key: workspace.clone(),
            user_id: customer.clone(),
            tenant_id: customer,
            integration_id: before.integration_id.as_str().to_owned(),
            time: before.time.clone(),
            sequence: before.sequence.clone(),
            noted: notes.into(),
        },
    };
    let tried = send(deps, workspace, &endpoint, &event, until).await?;
    let status = match (tried.problem, before.status) {
        (None, _) => DeliveryStatus::Success,
        // The schedule goes on.
        (Some(_), DeliveryStatus::Pending) => DeliveryStatus::Pending,
        (Some(_), _) => DeliveryStatus::Failed,
    };
    let said = Remark::new(Level::Info, "webhook sent again");
    let delivery = ended(deps, (&id, &endpoint), &event, Some(&before), (tried, status), said).await?;
    Ok((id, delivery))
}

/// What an event of a test names in the place of ids.
const TEST_ID: &str = "test";

/// Sends an event that says nothing, now and once.
pub async fn test(
    deps: &Deps,
    workspace: &WorkspaceKey,
    endpoint: &Endpoint,
    until: Timestamp,
) -> Result<(DeliveryId, Delivery)> {
    let now = deps.clock.now();
    let of = || TEST_ID.to_owned();
    let detail = Detail {
        connection_id: of(),
        workspace_key: workspace.clone(),
        user_id: of(),
        tenant_id: of(),
        integration_id: of(),
        time: now.to_rfc3339(),
        sequence: now.0.to_string(),
        noted: Noted::default(),
    };
    let event = WebhookEvent { name: TEST.to_owned(), detail };
    let id = DeliveryId::of(&endpoint.id, &event)?;
    let tried = send(deps, workspace, endpoint, &event, until).await?;
    let status = if tried.problem.is_none() { DeliveryStatus::Success } else { DeliveryStatus::Failed };
    let said = Remark::new(Level::Info, "webhook tested");
    let delivery = ended(deps, (&id, endpoint), &event, None, (tried, status), said).await?;
    Ok((id, delivery))
}

/// Notes what came of a try. What is `said` of it counts as a failure only where nobody waits for it.
async fn ended(
    deps: &Deps,
    (id, endpoint): (&DeliveryId, &Endpoint),
    event: &WebhookEvent,
    before: Option<&Delivery>,
    (tried, status): (Tried, DeliveryStatus),
    said: Remark,
) -> Result<Delivery> {
    About::Webhook.note(&endpoint.id);
    let Detail { connection_id, integration_id, time, sequence, .. } = &event.detail;
    let delivery = Delivery {
        event: event.name.clone(),
        connection_id: ConnectionId::new(connection_id),
        integration_id: IntegrationId::new(integration_id),
        time: time.clone(),
        sequence: sequence.clone(),
        status,
        attempts: before.map_or(0, |before| before.attempts) + 1,
        answered: tried.status.map(|status| status.as_u16()),
        problem: tried.problem.map(str::to_owned),
        tried_at: deps.clock.now(),
    };
    if tried.status == Some(StatusCode::GONE) {
        deps.store.mark_gone(&endpoint.id, delivery.tried_at).await?;
    }
    noted(deps, id, &delivery).await?;
    record::ends(
        said.with("event", Some(event.name.as_str()))
            .with("tries", Some(delivery.attempts))
            .with("status", delivery.answered)
            .with("kind", tried.problem),
    );
    Ok(delivery)
}

async fn noted(deps: &Deps, id: &DeliveryId, delivery: &Delivery) -> Result<()> {
    deps.store.write_delivery(&id.endpoint, (id.at, &id.sort()), delivery).await
}
