//! The result: `GET /connection-result/{flowId}` sends the browser to the caller's `redirectUri`.
//!
//! Only the flow's own cookie gets an answer, and it gets one as often as the browser asks, until a minute after the
//! flow expires.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use crate::context::browser::BrowserSecret;
use crate::context::choice::{Unchosen, choice_expired};
use crate::context::cookies::surplus_cookies;
use crate::context::flow_id::{FlowId, RESULT_LIFETIME_SECONDS};
use crate::context::outcome::Outcome;
use crate::context::target::ResultTarget;
use crate::context::unconfirmed::ConfirmationId;
use crate::deps::Deps;
use crate::lifecycle::exchange;
use crate::store::{FlowClaim, FlowItem, browser_mismatch, forgotten, state_expired};
use crate::web::pages::{self, Reader};
use crate::web::routes::{self, Function};
use crate::web::{delivery, response};
use protocol::backoff::Backoff;
use protocol::deadline::RESULT_WAIT;
use protocol::error::{Error, ErrorKey, Result};
use protocol::record::{self, About};

/// The extra time of a claimed flow: a callback that came in time may finish after the flow has expired.
const RESULT_LIFETIME: Duration = Duration::from_secs(RESULT_LIFETIME_SECONDS as u64);

/// The shortest and the longest pause between two reads of the flow.
const PAUSE: std::ops::RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_millis(800);

/// Handles a request for a flow's result.
pub async fn handle(deps: Arc<Deps>, request: Request<Bytes>) -> Response<Bytes> {
    let reader = Reader::of(request.headers());
    result(&deps, &request).await.unwrap_or_else(|error| {
        error.report("result refused");
        delivery::own_page(&error, reader)
    })
}

async fn result(deps: &Deps, request: &Request<Bytes>) -> Result<Response<Bytes>> {
    routes::check_method(Function::Finish, request)?;
    let reader = Reader::of(request.headers());
    let id = request.uri().path().strip_prefix("/connection-result/").and_then(FlowId::parse);
    let id = id.ok_or_else(|| Error::new(ErrorKey::NotFound, "There is no such page."))?;
    About::Flow.note(id.as_str());
    let secret = BrowserSecret::from_cookies(request.headers(), &id).ok_or_else(browser_mismatch)?;
    let mut flow = own_flow(deps, &id, &secret).await?;
    let sealed = flow.target.take();
    let progress = ended(deps, &id, &secret, flow).await?;
    record::ends(match &progress {
        Progress::Ended(_) => "result handed over",
        Progress::Chooses(_) => "the customer must choose",
        Progress::Working => "still working",
        Progress::NotAuthorized => "not finished yet",
    });
    let mut response = match progress {
        Progress::Ended(outcome) => {
            let target = ResultTarget::open(&id, &secret, &sealed.ok_or_else(forgotten)?)?;
            delivery::outcome(deps, &outcome, &target, reader).await?
        }
        Progress::Chooses(_) if reader == Reader::Machine => pages::not_chosen(),
        Progress::Chooses(unchosen) => {
            let mut page = pages::choice(&unchosen, &id, false);
            // The choice may take longer than the cookie lasts that the start has set.
            response::add_cookies(&mut page, &[secret.set_cookie(&id)]);
            page
        }
        Progress::Working => pages::still_working(reader),
        Progress::NotAuthorized => pages::not_finished(reader),
    };
    response::add_cookies(&mut response, &surplus_cookies(request.headers(), Some(&id), 0));
    Ok(response)
}

enum Progress {
    Ended(Outcome),
    Chooses(Box<Unchosen>),
    Working,
    NotAuthorized,
}

async fn own_flow(deps: &Deps, id: &FlowId, secret: &BrowserSecret) -> Result<FlowItem> {
    let is_there = |flow: &FlowItem| {
        let time_left = if flow.claim.is_some() { RESULT_LIFETIME } else { Duration::ZERO };
        flow.expires_at + time_left > deps.clock.now()
    };
    let flow = deps.store.read_flow(id).await?.ok_or_else(state_expired)?;
    if flow.choice.is_none() && !is_there(&flow) {
        return Err(state_expired());
    }
    flow.of_browser(secret)
}

/// Waits a little for the callback that claimed the flow. If that callback died, this records the flow as interrupted.
async fn ended(deps: &Deps, id: &FlowId, secret: &BrowserSecret, mut flow: FlowItem) -> Result<Progress> {
    let Some((_, claimed_at)) = flow.claim else { return Ok(Progress::NotAuthorized) };
    // The claim's time is another function's, whose clock may be a little ahead.
    let until = claimed_at.min(deps.clock.now()) + RESULT_WAIT;
    let mut backoff = Backoff::new(&*deps.clock, &*deps.random, PAUSE, until);
    loop {
        let Some((claimant, claimed_at)) = &flow.claim else { return Ok(Progress::NotAuthorized) };
        if let Some(sealed) = &flow.choice {
            if flow.expires_at <= deps.clock.now() {
                let expired = Outcome::Failed(choice_expired());
                return deps.store.end_abandoned(id, claimant, &expired).await.map(Progress::Ended);
            }
            let unchosen = Unchosen::open(&ConfirmationId::of_flow(id, secret)?, sealed)?;
            return Ok(Progress::Chooses(Box::new(unchosen)));
        }
        if flow.went_to_application {
            return Ok(Progress::Ended(Outcome::Unconfirmed(ConfirmationId::of_flow(id, secret)?)));
        }
        if let Some(outcome) = flow.outcome {
            return Ok(Progress::Ended(outcome));
        }
        let claim = FlowClaim { flow: id, claimant };
        if let Some(outcome) = exchange::interrupted(deps, claim, *claimed_at).await? {
            return Ok(Progress::Ended(outcome));
        }
        if backoff.wait().await.is_none() {
            return Ok(Progress::Working);
        }
        flow = own_flow(deps, id, secret).await?;
    }
}
