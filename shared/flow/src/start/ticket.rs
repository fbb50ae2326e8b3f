//! The ticket in the form: the start that is to go on, sealed under the secret of the browser that saw the form. No
//! other page can make one or post one, and the customer's token does not stand in the page.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::request::StartRequest;
use crate::context::browser::{BrowserSecret, FLOW_LIFETIME_SECONDS, FlowId, State};
use crate::context::target::Listener;
use crate::deps::Deps;
use crate::store::{browser_mismatch, state_expired};
use protocol::clock::Timestamp;
use protocol::error::{Error, ErrorKey, Result};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    payload: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    listener: Option<Listener>,
    verified_at: Timestamp,
    expires_at: Timestamp,
}

/// What a ticket lets go on.
pub(super) struct TicketContent {
    /// The start.
    pub(super) start: StartRequest,
    /// The window that waits for the result. Only the request that began this could say which: the form is posted from
    /// our own page, whose browser then names no origin.
    pub(super) listener: Option<Listener>,
    /// When the start's token was verified. It is judged by that time again: who takes long to find an API key should
    /// not lose what they typed to a token that lived for a minute.
    pub(super) verified_at: Timestamp,
}

/// A ticket, and the cookie that it opens with.
pub(super) struct Ticket {
    /// The text that stands in the form.
    pub(super) text: String,
    /// The `Set-Cookie` value that goes with the page.
    pub(super) cookie: String,
}

impl Ticket {
    /// Seals a start into a new ticket.
    pub(super) fn issue(
        deps: &Deps,
        start: &StartRequest,
        listener: Option<&Listener>,
        verified_at: Timestamp,
    ) -> Result<Self> {
        let form = State::draw(&*deps.random).flow_id();
        let secret = BrowserSecret::draw(&*deps.random);
        let expires_at = deps.clock.now() + Duration::from_secs(FLOW_LIFETIME_SECONDS.into());
        let listener = listener.cloned();
        let content = Content { payload: start.to_payload(), listener, verified_at, expires_at };
        let json = zeroize::Zeroizing::new(serde_json::to_vec(&content).map_err(Error::internal)?);
        let sealed = secret.seal(&form, &*deps.random, &json)?;
        let text = format!("{}.{}", form.as_str(), URL_SAFE_NO_PAD.encode(sealed));
        Ok(Self { text, cookie: secret.set_cookie(&form) })
    }

    /// Opens a posted ticket with the browser's cookie.
    pub(super) fn open(deps: &Deps, headers: &HeaderMap, text: &str) -> Result<TicketContent> {
        let malformed =
            || Error::new(ErrorKey::RequestMalformed, "The form is not one of ours.").field("ticket");
        let (form, sealed) = text.split_once('.').ok_or_else(malformed)?;
        let form = FlowId::parse(form).ok_or_else(malformed)?;
        let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| malformed())?;
        let secret = BrowserSecret::from_cookies(headers, &form).ok_or_else(browser_mismatch)?;
        let json = secret.open(&form, &sealed).map_err(|_| malformed())?;
        let content: Content = serde_json::from_slice(&json).map_err(|_| malformed())?;
        if content.expires_at <= deps.clock.now() {
            return Err(state_expired());
        }
        let Value::Object(payload) = content.payload else { return Err(malformed()) };
        let Content { listener, verified_at, .. } = content;
        Ok(TicketContent { start: StartRequest::from_parameters(payload)?, listener, verified_at })
    }
}
