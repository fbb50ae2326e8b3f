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
use super::retry::{longer, pause_after, pause_of_ours};
use super::send::{Tried, send, turn};
use super::silence;
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

/// An event that happened so long ago is not kept for a try that cannot be made for a reason of our own. The schedule of one
/// that can be made is over sooner.
const LAID_ASIDE_AFTER: Duration = Duration::from_hours(48);

/// The pause for an event that has to wait until others are sent.
const UNTIL_ROOM: Duration = Duration::from_secs(10);

/// The most deliveries of a workspace that begin to wait for another try in an hour.
pub const MAX_WAITING: i64 = 1000;

/// A clock may be this far ahead of another one.
const CLOCKS_APART: Duration = Duration::from_secs(1);

/// Tries an event, in JSON, at each endpoint that wants it, has not taken it yet, and is due. How often an endpoint was tried
/// stands in its log: the queue may hand the event over more often than that, for reasons that are nobody's. `received`, which
/// counts that from 1, says only how patient we are with ourselves.
///
/// # Errors
///
/// The event cannot be read; or it is long past, and cannot be tried for a reason of our own.
pub async fn handle(deps: &Arc<Deps>, event: &str, received: u32, until: Timestamp) -> Result<Outcome> {
    About::Route.note(WORK);
    let event = WebhookEvent::read(event)?;
    About::Workspace.note(&event.detail.workspace_key);
    let pause = match each(deps, &event, until).await {
        Ok(None) => return Ok(Outcome::Done),
        Ok(Some(pause)) => pause,
        Err(error) if event.happened_at()? + LAID_ASIDE_AFTER <= deps.clock.now() => return Err(error),
        // What it was is said already.
        Err(_) => pause_of_ours(received),
    };
    Ok(Outcome::Again(longer(pause, &*deps.random)))
}

/// What is said of a try that our own side did not let happen.
const NOT_TRIED: &str = "a webhook could not be tried";

/// Returns the shortest pause after which something is due again; nothing if nothing is left to do. Each endpoint has a line
/// of its own.
async fn each(deps: &Arc<Deps>, event: &WebhookEvent, until: Timestamp) -> Result<Option<Duration>> {
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
                let tried = record.during(one(&deps, &endpoint, &event, until)).await;
                record.ended_if_said();
                tried
            });
        }
    }
    let mut shortest = Ok(None);
    while let Some(ended) = tasks.join_next().await {
        let ended =
            ended.map_err(|error| Error::internal("a delivery broke down").caused_by(error)).flatten();
        shortest =
            shortest.and_then(|shortest| ended.map(|pause| [shortest, pause].into_iter().flatten().min()));
    }
    shortest
}

/// Tries one endpoint, if it is due. Returns the pause until it is due again; nothing if nothing is left to do there.
async fn one(
    deps: &Deps,
    endpoint: &Endpoint,
    event: &WebhookEvent,
    until: Timestamp,
) -> Result<Option<Duration>> {
    About::Webhook.note(&endpoint.id);
    let tried = try_one(deps, endpoint, event, until).await;
    tried.inspect_err(|error| error.report(NOT_TRIED))
}

async fn try_one(
    deps: &Deps,
    endpoint: &Endpoint,
    event: &WebhookEvent,
    until: Timestamp,
) -> Result<Option<Duration>> {
    let id = DeliveryId::of(&endpoint.id, event)?;
    let before = deps.store.read_delivery(&id.endpoint, &id.sort()).await?;
    match (&before, endpoint.is_on()) {
        // The endpoint has it, or it was given up.
        (Some(before), _) if before.status != DeliveryStatus::Pending => return Ok(None),
        (None, false) => return Ok(None),
        // It was switched off between two tries.
        (Some(before), false) => {
            let given_up =
                Delivery { attempts: before.attempts + 1, status: DeliveryStatus::Failed, ..before.clone() };
            let problem = Some("endpoint_disabled".to_owned());
            let given_up = Delivery { problem, answered: None, due_at: None, ..given_up };
            noted(deps, &id, &given_up).await?;
            let said = Remark::new(Level::Info, "webhook dropped: its endpoint is switched off");
            record::ends(said.with("event", Some(event.name.as_str())).with("tries", Some(before.attempts)));
            return Ok(None);
        }
        (_, true) => {}
    }
    let left = before.as_ref().and_then(|before| before.due_at).map(|at| at.since(deps.clock.now()));
    if let Some(left) = left.filter(|left| *left > CLOCKS_APART) {
        return Ok(Some(left));
    }
    let workspace = &event.detail.workspace_key;
    let mut tried = if silence::is_held(deps, endpoint).await? {
        silence::HELD
    } else {
        let Some(_turn) = turn(deps, until).await else { return Ok(Some(UNTIL_ROOM)) };
        called(deps, workspace, endpoint, event, until).await?
    };
    let tries = before.as_ref().map_or(0, |before| before.tries) + 1;
    let mut pause = match (tried.problem, tried.status) {
        (None, _) | (_, Some(StatusCode::GONE)) => None,
        _ => pause_after(tries),
    };
    if pause.is_some() && before.is_none() && !may_wait(deps, workspace).await {
        tried.problem = Some("too_many_waiting");
        pause = None;
    }
    let status = match (tried.problem, pause) {
        (None, _) => DeliveryStatus::Success,
        (Some(_), Some(_)) => DeliveryStatus::Pending,
        (Some(_), None) => DeliveryStatus::Failed,
    };
    let due_at = pause.map(|pause| deps.clock.now() + pause);
    let said = match status {
        DeliveryStatus::Success => Remark::new(Level::Info, "webhook delivered"),
        DeliveryStatus::Pending => Remark::new(Level::Info, "webhook not delivered"),
        DeliveryStatus::Failed => Remark::new(Level::Warn, "webhook given up"),
    };
    let stands = Stands { status, tries, due_at };
    ended(deps, (&id, endpoint), event, before.as_ref(), (tried, stands), said).await?;
    Ok(pause)
}

/// Calls an endpoint, and notes whether it answers.
async fn called(
    deps: &Deps,
    workspace: &WorkspaceKey,
    endpoint: &Endpoint,
    event: &WebhookEvent,
    until: Timestamp,
) -> Result<Tried> {
    let tried = send(deps, workspace, endpoint, event, until).await?;
    silence::noted(deps, endpoint, tried, deps.clock.now()).await?;
    Ok(tried)
}

/// True if one more delivery of a workspace may wait for its next try. The queue has room for so many, and all workspaces
/// share it. What cannot be counted waits.
async fn may_wait(deps: &Deps, workspace: &WorkspaceKey) -> bool {
    match deps.store.count_waiting(workspace, deps.clock.now()).await {
        Ok(count) => count <= MAX_WAITING,
        Err(error) => {
            error.note("what waits could not be counted");
            true
        }
    }
}

/// How a delivery stands after a try.
struct Stands {
    status: DeliveryStatus,
    tries: u32,
    due_at: Option<Timestamp>,
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
    let tried = called(deps, workspace, &endpoint, &event, until).await?;
    let status = match (tried.problem, before.status) {
        (None, _) => DeliveryStatus::Success,
        // The schedule goes on.
        (Some(_), DeliveryStatus::Pending) => DeliveryStatus::Pending,
        (Some(_), _) => DeliveryStatus::Failed,
    };
    let due_at = before.due_at.filter(|_| status == DeliveryStatus::Pending);
    let stands = Stands { status, tries: before.tries, due_at };
    let said = Remark::new(Level::Info, "webhook sent again");
    let delivery = ended(deps, (&id, &endpoint), &event, Some(&before), (tried, stands), said).await?;
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
    let tried = called(deps, workspace, endpoint, &event, until).await?;
    let status = if tried.problem.is_none() { DeliveryStatus::Success } else { DeliveryStatus::Failed };
    let said = Remark::new(Level::Info, "webhook tested");
    let stands = Stands { status, tries: 0, due_at: None };
    let delivery = ended(deps, (&id, endpoint), &event, None, (tried, stands), said).await?;
    Ok((id, delivery))
}

/// Notes what came of a try. What is `said` of it counts as a failure only where nobody waits for it.
async fn ended(
    deps: &Deps,
    (id, endpoint): (&DeliveryId, &Endpoint),
    event: &WebhookEvent,
    before: Option<&Delivery>,
    (tried, Stands { status, tries, due_at }): (Tried, Stands),
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
        tries,
        due_at,
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
