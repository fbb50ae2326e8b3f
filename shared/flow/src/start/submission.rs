//! A submission of a page of ours: the start that goes on, and what the customer entered.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::parameters::MAX_BODY;
use super::waiting::Waiting;
use crate::deps::Deps;
use crate::web::form;
use protocol::error::Result;
use protocol::media_type::is_form;

/// A submission of the form, or of the page that asks the customer to confirm the start.
#[derive(Debug)]
pub(super) struct Submission {
    /// The start that waited for it.
    pub(super) waiting: Waiting,
    /// The option that the form was for; none if the customer only confirmed the start.
    option: Option<String>,
    /// The option that the customer chose instead, if they did.
    chosen: Option<String>,
    is_cancelled: bool,
    posted: Posted,
}

/// The posted fields. Debug does not print them.
struct Posted(Vec<(String, String)>);

impl std::fmt::Debug for Posted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Submission {
    /// Reads a submission. Returns nothing for any other request.
    pub(super) async fn read(deps: &Deps, request: &Request<Bytes>) -> Result<Option<Self>> {
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
        let Some(flow) = field("flow") else { return Ok(None) };
        let waiting = Waiting::found(deps, request.headers(), &flow).await?;
        let (option, chosen) = (field("option"), field("choose"));
        if field("cancel").is_some() && !waiting.is_cancelled && !waiting.is_expired {
            waiting.cancel(deps).await?;
        }
        let is_cancelled = field("cancel").is_some() || waiting.is_cancelled;
        Ok(Some(Self { waiting, option, chosen, is_cancelled, posted: Posted(posted) }))
    }

    /// True if the customer filled in the form.
    pub(super) fn is_filled_in(&self) -> bool {
        self.option.is_some()
    }

    /// Returns the option that the customer wants.
    pub(super) fn option(&self) -> Option<&str> {
        self.chosen.as_deref().or(self.option.as_deref())
    }

    /// True if the customer chose another option. Then its form is shown.
    pub(super) fn turned(&self) -> bool {
        self.chosen.is_some()
    }

    /// True if the customer does not want to go on.
    pub(super) fn is_cancelled(&self) -> bool {
        self.is_cancelled
    }

    /// True if it came too late.
    pub(super) fn is_expired(&self) -> bool {
        self.waiting.is_expired
    }

    /// Returns the input that the schema describes.
    pub(super) fn input(&self, schema: &Value) -> Map<String, Value> {
        form::read(schema, &self.posted.0)
    }
}
