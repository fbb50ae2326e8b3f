//! The provider's callback: `GET|POST /oauth-callback[/{integrationId}]`. And the customer's answer, if they had to choose what
//! the connection is for: `POST /connection-choice/{flowId}`.
//!
//! `Callback → ClaimedFlow → AuthorizationGrant → Credentials → Connection → Outcome`, and on to the result.

mod choice;
mod claimed;
mod form_post;
mod stateless;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};

use crate::context::FlowContext;
use crate::context::browser::{BrowserSecret, State};
use crate::context::flow_id::FlowId;
use crate::context::outcome::Outcome;
use crate::context::target::ResultTarget;
use crate::deps::Deps;
use crate::store::{Claim, browser_mismatch, state_expired, state_unknown};
use crate::web::delivery;
use crate::web::pages::Reader;
use crate::web::routes::{self, Function};
use claimed::{ClaimedFlow, see_other, to_result};
use protocol::deadline::Deadline;
use protocol::error::{Error, Result};
use protocol::provider::authorization_response::AuthorizationResponse;
use protocol::random::draw_id;
use protocol::record::{self, About};
use stateless::Stateless;

/// Handles a callback.
pub async fn handle(deps: Arc<Deps>, request: Request<Bytes>) -> Response<Bytes> {
    answer(&deps, &request).await.unwrap_or_else(|error| {
        error.report("callback refused");
        delivery::own_page(&error, Reader::of(request.headers()))
    })
}

async fn answer(deps: &Arc<Deps>, request: &Request<Bytes>) -> Result<Response<Bytes>> {
    routes::check_method(Function::Callback, request)?;
    if let Some(flow) = request.uri().path().strip_prefix(choice::PATH) {
        choice::answer(deps, request, flow).await
    } else if request.method() == Method::POST {
        form_post::redirect(deps, request).await
    } else {
        callback(deps, request).await
    }
}

/// Claims the flow and does its work. An error returned here has claimed nothing and is shown on our own page; every
/// later error becomes the flow's outcome.
async fn callback(deps: &Arc<Deps>, request: &Request<Bytes>) -> Result<Response<Bytes>> {
    let response = AuthorizationResponse::parse(request.uri().query().unwrap_or_default())?;
    let (flow, response) = match response.get("state") {
        Some(state) => (State::parse(state).ok_or_else(state_unknown)?.flow_id(), response),
        None => match stateless::consequence(deps, request, &response).await? {
            Stateless::Ends(flow, error) => (flow, error),
            Stateless::Begins(start) => return Ok(see_other(start.as_str(), &[])),
        },
    };
    About::Flow.note(flow.as_str());
    match claim(deps, request, &flow).await? {
        Claimed::Ours(claimed) => {
            // The browser may hang up at any time. A task of its own finishes the claimed flow all the same.
            let deps = Arc::clone(deps);
            let work = async move {
                let progress = claimed.progress(&deps, response).await;
                claimed.record(&deps, progress).await;
            };
            if let Err(error) = tokio::spawn(record::carried(work)).await {
                Error::internal("its task ended").caused_by(error).report("a callback's work broke down");
            }
            Ok(to_result(request, &flow))
        }
        Claimed::Elsewhere => Ok(to_result(request, &flow)),
        Claimed::TooLate(target) => too_late(deps, request, state_expired(), &target).await,
    }
}

/// What came of an answer's claim to its flow.
enum Claimed {
    /// Only this request may finish the flow.
    Ours(Box<ClaimedFlow>),
    /// Another callback has claimed the flow: that callback's result is the flow's result.
    Elsewhere,
    /// The flow's time is over. Its result would have gone here.
    TooLate(Box<ResultTarget>),
}

async fn claim(deps: &Deps, request: &Request<Bytes>, flow: &FlowId) -> Result<Claimed> {
    record::step("claim");
    let secret = browser_secret(deps, request.headers(), flow).await?;
    let claimant = draw_id(&*deps.random);
    let now = deps.clock.now();
    let path = request.uri().path();
    Ok(match deps.store.claim_flow(flow, secret.binding(), path, &claimant, now).await? {
        Claim::Taken => Claimed::Elsewhere,
        Claim::Expired(sealed) => Claimed::TooLate(Box::new(ResultTarget::open(flow, &secret, &sealed)?)),
        Claim::Won(sealed) => {
            let memory = FlowContext::open(flow, &secret, &sealed)?;
            let claimed = ClaimedFlow::new(flow, secret, memory, claimant, Deadline::began(now));
            Claimed::Ours(Box::new(claimed))
        }
    })
}

/// Sends a browser that comes too late back to the application that it came from.
async fn too_late(
    deps: &Deps,
    request: &Request<Bytes>,
    error: Error,
    target: &ResultTarget,
) -> Result<Response<Bytes>> {
    error.report("callback refused");
    let outcome = Outcome::Failed(error);
    delivery::outcome(deps, &outcome, target, Reader::of(request.headers())).await
}

async fn browser_secret(deps: &Deps, headers: &HeaderMap, flow: &FlowId) -> Result<BrowserSecret> {
    if let Some(secret) = BrowserSecret::from_cookies(headers, flow) {
        return Ok(secret);
    }
    match deps.store.read_flow(flow).await? {
        Some(_) => Err(browser_mismatch()),
        None => Err(state_unknown()),
    }
}
