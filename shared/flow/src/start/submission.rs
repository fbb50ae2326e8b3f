//! A submission of our own form: the start that it continues, and its input.

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

/// The input of a form.
#[derive(Debug)]
pub(super) struct Submission {
    /// The option that the form was for.
    option: Option<String>,
    /// The option that the customer chose instead, if they did.
    chosen: Option<String>,
    posted: Posted,
    /// The window that waits for the result.
    pub(super) listener: Option<Listener>,
    /// The time at which the start's token was verified.
    pub(super) verified_at: Timestamp,
}

/// The size limit of a submitted form, in bytes. Its ticket holds a whole start, sealed and in base64.
const MAX_BODY: usize = 2 * super::parameters::MAX_BODY;

/// The posted fields. Debug does not print them.
struct Posted(Vec<(String, String)>);

impl std::fmt::Debug for Posted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Submission {
    /// Reads a submitted form. Returns nothing for any other request.
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

    /// Returns the option that the customer wants.
    pub(super) fn option(&self) -> Option<&str> {
        self.chosen.as_deref().or(self.option.as_deref())
    }

    /// True if the customer chose another option. Then its form is shown.
    pub(super) fn turned(&self) -> bool {
        self.chosen.is_some()
    }

    /// Returns the input that the schema describes.
    pub(super) fn input(&self, schema: &Value) -> Map<String, Value> {
        form::read(schema, &self.posted.0)
    }
}
