//! A posted form of ours: the start that it goes on with, and what was typed.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::request::StartRequest;
use super::ticket::{Ticket, TicketContent};
use crate::context::target::Listener;
use crate::deps::Deps;
use crate::web::form;
use protocol::clock::Timestamp;
use protocol::error::Result;
use protocol::media_type::is_form;

/// What was typed into the form.
#[derive(Debug)]
pub(super) struct Submission {
    /// The option that the form was for.
    option: Option<String>,
    /// Another option, which the customer chose instead.
    chosen: Option<String>,
    posted: Posted,
    /// The window that waits for the result.
    pub(super) listener: Option<Listener>,
    /// When the start's token was verified.
    pub(super) verified_at: Timestamp,
}

/// The most that a submitted form may weigh, in bytes: its ticket holds the start, sealed and in base64.
const MAX_BODY: usize = 2 * super::parameters::MAX_BODY;

/// The posted fields, out of sight of Debug.
struct Posted(Vec<(String, String)>);

impl std::fmt::Debug for Posted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Submission {
    /// Reads a posted form; nothing if the request is none.
    pub(super) fn read(deps: &Deps, request: &Request<Bytes>) -> Result<Option<(StartRequest, Self)>> {
        let is_form = *request.method() == Method::POST && is_form(request.headers());
        if !is_form || request.body().len() > MAX_BODY {
            return Ok(None);
        }
        let posted: Vec<(String, String)> = form_urlencoded::parse(request.body()).into_owned().collect();
        let field = |name: &str| {
            posted
                .iter()
                .find(|(given, value)| given == name && !value.is_empty())
                .map(|(_, value)| value.clone())
        };
        let Some(ticket) = field("ticket") else { return Ok(None) };
        let TicketContent { start, listener, verified_at } = Ticket::open(deps, request.headers(), &ticket)?;
        let (option, chosen) = (field("option"), field("choose"));
        Ok(Some((start, Self { option, chosen, posted: Posted(posted), listener, verified_at })))
    }

    /// The option that the customer is at.
    pub(super) fn option(&self) -> Option<&str> {
        self.chosen.as_deref().or(self.option.as_deref())
    }

    /// Whether the customer turned to another option, whose form is to be shown.
    pub(super) fn turned(&self) -> bool {
        self.chosen.is_some()
    }

    /// What was typed, by the schema.
    pub(super) fn input(&self, schema: &Value) -> Map<String, Value> {
        form::read(schema, &self.posted.0)
    }
}
