//! The ticket in the form: the start to continue, sealed under a secret of the browser that the form was shown to. No
//! other page can make or post a ticket, and the page does not show the customer's token.

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

/// The content of a ticket.
pub(super) struct TicketContent {
    /// The start to continue.
    pub(super) start: StartRequest,
    /// The window that waits for the result. Only the first request could name it: the form is posted from our own
    /// page, so the browser does not send the origin of the caller's.
    pub(super) listener: Option<Listener>,
    /// The time at which the start's token was verified. The token is checked for this time again: a customer who needs
    /// long to find an API key must not lose their input because the token lived for only a minute.
    pub(super) verified_at: Timestamp,
}

/// A ticket, and the cookie that opens it.
pub(super) struct Ticket {
    /// The text for the form.
    pub(super) text: String,
    /// The `Set-Cookie` value for the page.
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
