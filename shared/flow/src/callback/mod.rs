//! The provider's callback: `GET|POST /oauth-callback[/{integrationId}]`.
//!
//! `Callback → ClaimedFlow → AuthorizationGrant → Credentials → Connection → Outcome`, and on to the result.

mod form_post;
mod stateless;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use tracing::Instrument as _;

use crate::context::FlowContext;
use crate::context::browser::{BrowserSecret, State};
use crate::context::cookies::surplus_cookies;
use crate::context::flow_id::FlowId;
use crate::context::outcome::Outcome;
use crate::context::unconfirmed::{ConnectionRequestId, Unconfirmed, With};
use crate::deps::Deps;
use crate::deps::trail::About;
use crate::lifecycle::exchange::{self, Answered};
use crate::store::{Claim, FlowClaim, browser_mismatch, state_unknown};
use crate::web::pages::Reader;
use crate::web::routes::{self, Function};
use crate::web::{delivery, response};
use protocol::deadline::Deadline;
use protocol::error::{Error, Result};
use protocol::provider::authorization_response::AuthorizationResponse;
use protocol::random::draw_id;
use stateless::Stateless;

/// Handles a callback.
pub async fn handle(deps: Arc<Deps>, request: Request<Bytes>) -> Response<Bytes> {
    answer(&deps, &request).await.unwrap_or_else(|error| {
        error.report("callback refused");
        delivery::own_page(&error, Reader::of(request.headers()))
    })
}

async fn answer(deps: &Arc<Deps>, request: &Request<Bytes>) -> Result<Response<Bytes>> {
    routes::check_method(Function::Callback, request.method())?;
    if request.method() == Method::POST {
        form_post::redirect(deps, request).await
    } else {
        callback(deps, request).await
    }
}

/// A flow that only this callback may finish.
struct ClaimedFlow {
    id: FlowId,
    secret: BrowserSecret,
    memory: FlowContext,
    claimant: String,
    deadline: Deadline,
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
    if let Some(claimed) = claim(deps, request, &flow).await? {
        // The browser may hang up at any time. A task of its own finishes the claimed flow all the same.
        let deps = Arc::clone(deps);
        let work = async move {
            let outcome = claimed.outcome(&deps, response).await;
            record(&deps, &claimed, outcome).await;
        };
        if let Err(error) = tokio::spawn(work.in_current_span()).await {
            Error::internal("its task ended").caused_by(error).report("a callback's work broke down");
        }
    }
    let cookies = surplus_cookies(request.headers(), Some(&flow), 0);
    Ok(see_other(&format!("/connection-result/{}", flow.as_str()), &cookies))
}

/// Redirects to an address with a fragment of its own, if only an empty one. To one without a fragment, browsers would
/// carry over that of the callback (RFC 9110 §10.2.2): Facebook adds `#_=_`. What the browser carries from here to the
/// caller's address is the empty one at most.
fn see_other(address: &str, cookies: &[String]) -> Response<Bytes> {
    let fragment = if address.contains('#') { "" } else { "#" };
    response::see_other(&format!("{address}{fragment}"), cookies)
}

/// Claims the flow. Returns nothing if another callback has claimed it: that callback's result is the flow's result.
async fn claim(deps: &Deps, request: &Request<Bytes>, flow: &FlowId) -> Result<Option<ClaimedFlow>> {
    let secret = browser_secret(deps, request.headers(), flow).await?;
    let claimant = draw_id(&*deps.random);
    let now = deps.clock.now();
    let path = request.uri().path();
    match deps.store.claim_flow(flow, secret.binding(), path, &claimant, now).await? {
        Claim::Taken => Ok(None),
        Claim::Won(sealed) => {
            let memory = FlowContext::open(flow, &secret, &sealed)?;
            let request = &memory.request;
            About::Workspace.note(&request.workspace);
            About::Customer.note(&request.customer);
            About::Integration.note(&request.integration);
            About::Option.note(&request.auth_option_key);
            Ok(Some(ClaimedFlow {
                id: flow.clone(),
                secret,
                memory,
                claimant,
                deadline: Deadline::began(now),
            }))
        }
    }
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

impl ClaimedFlow {
    fn claim(&self) -> FlowClaim<'_> {
        FlowClaim { flow: &self.id, claimant: &self.claimant }
    }

    /// Completes the flow with the provider's answer, or, if the workspace confirms its users, verifies the answer and
    /// lets the flow wait for the application.
    async fn outcome(&self, deps: &Deps, response: AuthorizationResponse) -> Result<Outcome> {
        let FlowContext { request, callback_uri, temporary_credentials, confirm_user, .. } = &self.memory;
        // It is derived from the browser secret, so only the browser that started the flow can bring it.
        let code_verifier = self.secret.code_verifier(&self.id)?;
        let answered = Answered {
            request,
            callback_uri,
            code_verifier: &code_verifier,
            temporary_credentials: temporary_credentials.as_ref(),
            response: &response,
        };
        if !confirm_user {
            return exchange::exchange_and_connect(deps, &answered, self.claim(), self.deadline).await;
        }
        answered.verify(deps).await?;
        let id = ConnectionRequestId::of_flow(&self.id, &self.secret)?;
        let with = With::Answer {
            response,
            callback_uri: callback_uri.clone(),
            temporary_credentials: temporary_credentials.clone(),
            code_verifier,
        };
        let sealed = Unconfirmed { request: request.clone(), with }.seal(&id, &*deps.random)?;
        deps.store.await_confirmation(&id, sealed, &self.claimant, deps.clock.now()).await?;
        Ok(Outcome::Unconfirmed(id))
    }
}

/// Records a failed outcome; a success was already saved with its connection.
async fn record(deps: &Deps, flow: &ClaimedFlow, outcome: Result<Outcome>) {
    match outcome {
        Ok(Outcome::Connected { connection_id }) => {
            About::Connection.note(&connection_id);
            tracing::info!("connected");
        }
        Ok(Outcome::Unconfirmed(_)) => tracing::info!("the application must confirm its user"),
        Ok(Outcome::Failed(error)) => error.report("flow had ended"),
        Err(error) => {
            error.report("flow failed");
            exchange::record_failure(deps, flow.claim(), error).await;
        }
    }
}
