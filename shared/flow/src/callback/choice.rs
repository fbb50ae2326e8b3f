//! The customer's answer to the question what the connection is for: `POST /connection-choice/{flowId}`.
//!
//! The credentials were issued before, and waited for it. Nothing is exchanged again: the flow goes on with the next call
//! of `afterConnect`. What is posted are numbers, and the items behind them are those that we sealed.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use protocol::deadline::Deadline;
use protocol::definition::Registration;
use protocol::error::{Error, ErrorKey, Result};
use protocol::media_type::is_form;
use protocol::random::draw_id;
use protocol::secret::SecretMap;
use url::form_urlencoded;

use super::claimed::{ClaimedFlow, to_result};
use crate::context::FlowContext;
use crate::context::browser::BrowserSecret;
use crate::context::choice::{Unchosen, choice_expired};
use crate::context::flow_id::FlowId;
use crate::context::outcome::Outcome;
use crate::context::target::ResultTarget;
use crate::context::unconfirmed::{ConfirmationId, With};
use crate::deps::Deps;
use crate::lifecycle::connect::{Issued, Progress, completed, connect, connection_key, prove};
use crate::lifecycle::{choice, registration};
use crate::seal::Prepared;
use crate::store::{ChoiceClaim, FlowClaim, FlowItem, browser_mismatch, forgotten, state_expired};
use crate::web::own_form::is_own_form;
use crate::web::pages;
use protocol::record::{self, About};

/// The beginning of the path that the page posts to.
pub(super) const PATH: &str = "/connection-choice/";

/// The size limit of the form, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// Takes the answer. A flow that waits for no answer any more leads to its result: another tab was first, or this is a
/// repetition.
pub(super) async fn answer(
    deps: &Arc<Deps>,
    request: &Request<Bytes>,
    flow: &str,
) -> Result<Response<Bytes>> {
    let not_found = || Error::new(ErrorKey::NotFound, "There is no such page.");
    let id = FlowId::parse(flow).ok_or_else(not_found)?;
    About::Flow.note(id.as_str());
    if request.method() == Method::GET {
        return Ok(to_result(request, &id));
    }
    if !is_own_form(request.headers(), &deps.own_address(request)?.origin) {
        let message = "The page that sent this is not the one that we showed.";
        return Err(Error::new(ErrorKey::OriginNotAllowed, message).field("Origin"));
    }
    let (secret, flow) = own_flow(deps, request.headers(), &id).await?;
    let (Some((asked_by, _)), Some(sealed)) = (&flow.claim, &flow.choice) else {
        return Ok(to_result(request, &id));
    };
    let asked = FlowClaim { flow: &id, claimant: asked_by };
    let now = deps.clock.now();
    if flow.expires_at <= now {
        let expired = choice_expired();
        deps.store.end_flow(&id, asked_by, &Outcome::Failed(expired.clone())).await?;
        let target = ResultTarget::open(&id, &secret, &flow.target.ok_or_else(forgotten)?)?;
        return super::too_late(deps, request, expired, &target).await;
    }
    let unchosen = Unchosen::open(&ConfirmationId::of_flow(&id, &secret)?, sealed)?;
    let posted = Posted::read(request)?;
    if posted.step != Some(unchosen.step) {
        // An answer to another question than the one that is asked now.
        return Ok(to_result(request, &id));
    }
    let Some(chosen) = unchosen.question.chosen(&posted.chosen) else {
        return Ok(pages::choice(&unchosen, &id, true));
    };
    let chosen = unchosen.question.choose.credentials(chosen);
    let memory = FlowContext::open(&id, &secret, flow.memory.as_ref().ok_or_else(forgotten)?)?;
    // A key service that is away leaves the question as it is.
    let key = connection_key(deps, &memory.request).await?;
    let claimant = draw_id(&*deps.random);
    if deps.store.claim_choice(asked, secret.binding(), &claimant, now).await? == ChoiceClaim::Taken {
        return Ok(to_result(request, &id));
    }
    let claimed = ClaimedFlow::new(&id, secret, memory, claimant, Deadline::began(now));
    let is_confirmed = !claimed.memory.confirm_user || flow.went_to_application;
    // The browser may hang up at any time. A task of its own finishes the claimed flow all the same.
    let deps = Arc::clone(deps);
    let work = async move {
        let progress = claimed.go_on(&deps, &key, unchosen, chosen, is_confirmed).await;
        claimed.record(&deps, progress).await;
    };
    if let Err(error) = tokio::spawn(record::carried(work)).await {
        Error::internal("its task ended").caused_by(error).report("the work after a choice broke down");
    }
    Ok(to_result(request, &id))
}

async fn own_flow(deps: &Deps, headers: &HeaderMap, id: &FlowId) -> Result<(BrowserSecret, FlowItem)> {
    let secret = BrowserSecret::from_cookies(headers, id).ok_or_else(browser_mismatch)?;
    let flow = deps.store.read_flow(id).await?.ok_or_else(state_expired)?;
    let flow = flow.of_browser(&secret)?;
    Ok((secret, flow))
}

impl ClaimedFlow {
    /// Goes on with what was chosen.
    async fn go_on(
        &self,
        deps: &Deps,
        key: &Prepared,
        unchosen: Unchosen,
        chosen: SecretMap,
        is_confirmed: bool,
    ) -> Result<Progress> {
        let request = &self.memory.request;
        let registration = registration::of_flow(deps, request).await?;
        let Unchosen { mut credentials, issued_at: at, step, question } = unchosen;
        let asked = (step, &question.choose);
        let next_call = Some(choice::decide(&registration, &mut credentials, asked, &chosen)?);
        let flow = Some(self.claim());
        let callback_uri = Some(self.memory.callback_uri.as_str()).filter(|uri| !uri.is_empty());
        let registration = &registration;
        let issued = Issued { registration, credentials, at, next_call, key, callback_uri, flow };
        if is_confirmed {
            return connect(deps, request, issued, self.deadline).await;
        }
        self.to_application(deps, registration, issued).await
    }

    /// Proves the credentials, and lets them wait for the application.
    async fn to_application(
        &self,
        deps: &Deps,
        registration: &Registration,
        issued: Issued<'_>,
    ) -> Result<Progress> {
        let request = &self.memory.request;
        let mut secrets = request.secrets(issued.credentials);
        let (first, at) = (issued.next_call.unwrap_or_default(), issued.at);
        let asks = completed(deps, request, registration, (&mut secrets, at), first, self.deadline).await?;
        if let Some(asks) = asks {
            return Ok(Progress::Asks(asks));
        }
        prove(deps, registration, &secrets, self.deadline).await?;
        let credentials = secrets.held.credentials;
        self.await_confirmation(deps, With::Credentials { credentials, issued_at: at }).await
    }
}

/// What the page posted.
#[derive(Default)]
struct Posted {
    /// The number of the call whose question is answered.
    step: Option<usize>,
    /// The numbers of the chosen items.
    chosen: Vec<usize>,
}

impl Posted {
    fn read(request: &Request<Bytes>) -> Result<Self> {
        let body = request.body();
        if body.len() > MAX_BODY {
            return Err(Error::new(ErrorKey::RequestTooLarge, "The request is larger than 64 KiB."));
        }
        if !is_form(request.headers()) {
            let message = "The body must be application/x-www-form-urlencoded.";
            return Err(Error::new(ErrorKey::MediaTypeUnsupported, message).field("Content-Type"));
        }
        let mut posted = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "step" => posted.step = value.parse().ok(),
                // What is no number names no item.
                "choice" if !value.is_empty() => posted.chosen.push(value.parse().unwrap_or(usize::MAX)),
                _ => {}
            }
        }
        posted.chosen.sort_unstable();
        posted.chosen.dedup();
        Ok(posted)
    }
}
