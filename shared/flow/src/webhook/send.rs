//! One try: a signed request, by the client that calls providers, and so to public addresses alone.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, StatusCode};
use protocol::clock::Timestamp;
use protocol::error::{Error, Result};
use protocol::id::WorkspaceKey;
use protocol::webhook::{ID, SIGNATURE, TIMESTAMP, signature};
use tokio::sync::SemaphorePermit;

use super::endpoint::Endpoint;
use super::event::WebhookEvent;
use crate::deps::Deps;

/// The time that an endpoint has for its answer.
const TRY_TIMEOUT: Duration = Duration::from_secs(15);

/// Waits for its turn. Returns nothing if an endpoint would not have its whole time until a moment.
pub(super) async fn turn(deps: &Deps, until: Timestamp) -> Option<SemaphorePermit<'_>> {
    let patience = until.since(deps.clock.now()).checked_sub(TRY_TIMEOUT)?;
    tokio::time::timeout(patience, deps.webhook_turns.acquire()).await.ok()?.ok()
}

/// What an endpoint has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tried {
    /// The status, if there was an answer.
    pub(super) status: Option<StatusCode>,
    /// Why it has not taken the event, in one word.
    pub(super) problem: Option<&'static str>,
}

/// Sends an event to an endpoint, until a moment. The answer's body is nobody's business, and not even read.
pub(super) async fn send(
    deps: &Deps,
    workspace: &WorkspaceKey,
    endpoint: &Endpoint,
    event: &WebhookEvent,
    until: Timestamp,
) -> Result<Tried> {
    let now = deps.clock.now();
    let (id, body) = (event.message_id(), event.body());
    let mut signatures = Vec::new();
    for secret in endpoint.secrets(deps, workspace).await? {
        let signed = signature(&secret, &id, now, body.as_bytes());
        signatures.push(signed.ok_or_else(|| Error::internal("a webhook's secret signs nothing"))?);
    }
    let request = Request::post(&endpoint.settings.url)
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header(ID, id)
        .header(TIMESTAMP, now.seconds())
        .header(SIGNATURE, signatures.join(" "))
        .body(Bytes::from(body))
        .map_err(|_| Error::internal("a webhook's address cannot be called"))?;
    Ok(match deps.calls(until.min(now + TRY_TIMEOUT)).status(request, "url").await {
        Ok(status) if status.is_success() => Tried { status: Some(status), problem: None },
        Ok(status) => Tried { status: Some(status), problem: Some("refused") },
        Err(failure) => Tried { status: None, problem: Some(failure.refusal.kind()) },
    })
}
