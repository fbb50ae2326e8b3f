//! A start that waits for its customer: behind the form for missing parameters, or behind the page that asks whether
//! they meant to start.
//!
//! It is a flow like any other: its record is in the flows table, bound to the browser and sealed under the browser's
//! key. What comes back with the page's form is only the flow's id. So the start that goes on is the one that we
//! verified, at the time that we wrote down, and it ends when we said, however often the page is shown.

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::request::StartRequest;
use super::source::Source;
use crate::context::attempt::Attempt;
use crate::context::browser::{BrowserSecret, State};
use crate::context::connection_request::ConnectionRequestId;
use crate::context::flow_id::FlowId;
use crate::context::target::Listener;
use crate::context::{Remembered, START_PATH};
use crate::deps::Deps;
use crate::store::{NewFlow, browser_mismatch, state_expired};
use protocol::clock::Timestamp;
use protocol::error::{Error, ErrorKey, Result};
use protocol::random::draw_id;

/// What a record remembers.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    #[serde(flatten)]
    waits: Waits,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    listener: Option<Listener>,
    verified_at: Timestamp,
}

/// What waits. Of a link only the connection request's id: what that asks for is read again.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Waits {
    Payload(Value),
    Link(String),
}

/// A start that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    /// The flow's id, which the page's form sends back.
    pub(super) flow: FlowId,
    /// The start to continue.
    pub(super) source: Source,
    /// The window that waits for the result. Only the first request could name it: the form is posted from our own
    /// page, so the browser does not send the origin of the caller's.
    pub(super) listener: Option<Listener>,
    /// The time at which the start's token was verified. The token is checked for this time again: a customer who needs
    /// long to find an API key must not lose their input because the token lived for only a minute.
    pub(super) verified_at: Timestamp,
    /// True if the customer has cancelled it. It connects nothing any more, however its form is sent again.
    pub(super) is_cancelled: bool,
    /// True if its time is over. It connects nothing any more; but it is still known where its caller is.
    pub(super) is_expired: bool,
    binding: [u8; 32],
}

impl Waiting {
    /// Stores a start that was just verified. Returns the flow's id for the page's form, and the `Set-Cookie` value
    /// that binds it to this browser.
    pub(super) async fn begin(
        deps: &Deps,
        source: &Source,
        listener: Option<&Listener>,
        expires_at: Timestamp,
        attempt: Attempt,
    ) -> Result<(FlowId, String)> {
        let flow = State::draw(&*deps.random).flow_id();
        let secret = BrowserSecret::draw(&*deps.random);
        let verified_at = attempt.began_at;
        let waits = match source {
            Source::Application(start) => Waits::Payload(start.to_payload()),
            Source::Link(id) => Waits::Link(id.reveal()),
        };
        let content = Content { waits, listener: listener.cloned(), verified_at };
        let json = Zeroizing::new(serde_json::to_vec(&content).map_err(Error::internal)?);
        let remembered = Remembered { memory: secret.seal(&flow, &*deps.random, &json)?, target: None };
        let new = NewFlow::of_page(&flow, secret.binding(), START_PATH, remembered, expires_at, attempt);
        deps.store.begin_flow(new).await?;
        let cookie = secret.set_cookie(&flow);
        Ok((flow, cookie))
    }

    /// Finds the start that a posted form names, if it waits in this browser.
    pub(super) async fn found(deps: &Deps, headers: &HeaderMap, id: &str) -> Result<Self> {
        let not_ours =
            || Error::new(ErrorKey::RequestMalformed, "The form is not one of ours.").field("flow");
        let flow = FlowId::parse(id).ok_or_else(not_ours)?;
        let secret = BrowserSecret::from_cookies(headers, &flow).ok_or_else(browser_mismatch)?;
        let now = deps.clock.now();
        let found = deps.store.read_flow(&flow).await?.ok_or_else(state_expired)?;
        let found = found.of_browser(&secret)?;
        if found.callback_path != START_PATH {
            return Err(not_ours());
        }
        let unreadable = || Error::internal("a start that waits cannot be read");
        let sealed = found.memory.ok_or_else(unreadable)?;
        let content: Content =
            serde_json::from_slice(&secret.open(&flow, &sealed)?).map_err(|_| unreadable())?;
        let Content { waits, listener, verified_at } = content;
        let source = match waits {
            Waits::Payload(Value::Object(payload)) => {
                Source::Application(Box::new(StartRequest::from_parameters(payload)?))
            }
            Waits::Payload(_) => return Err(unreadable()),
            Waits::Link(id) => Source::Link(ConnectionRequestId::parse(&id).ok_or_else(unreadable)?),
        };
        Ok(Self {
            flow,
            source,
            listener,
            verified_at,
            is_cancelled: found.claim.is_some(),
            is_expired: found.expires_at <= now,
            binding: secret.binding(),
        })
    }

    /// Notes that the customer does not want to go on.
    pub(super) async fn cancel(&self, deps: &Deps) -> Result<()> {
        let claimant = draw_id(&*deps.random);
        let claim = deps.store.claim_flow(&self.flow, self.binding, START_PATH, &claimant, deps.clock.now());
        claim.await.map(drop)
    }
}
