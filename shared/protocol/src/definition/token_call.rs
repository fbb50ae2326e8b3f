//! A call of the service's own kind that answers with a token: a login, or a renewal.

use serde::{Deserialize, Serialize};

use super::body::{Body, BodyFormat, Node};
use super::call_method::CallMethod;
use super::call_parts::{Basic, CallParts, Query};
use super::checker::{Checker, Credentials};
use super::condition::Condition;
use super::headers::Headers;
use super::pick::{self, Picks};
use super::request_signing::RequestSigning;
use super::template::{Address, Placeholder, Root, Template};

/// A request that answers with a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenCall {
    /// The address.
    pub uri: Address,
    /// The HTTP method.
    #[serde(default = "CallMethod::post")]
    pub method: CallMethod,
    /// Parameters of the query.
    #[serde(default, skip_serializing_if = "Query::is_empty")]
    pub query: Query,
    /// The headers.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub headers: Headers,
    /// HTTP Basic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic: Option<Basic>,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// The format of the body.
    #[serde(default = "json")]
    pub body_format: BodyFormat,
    /// How the request is signed.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub signing: Option<RequestSigning>,
    /// What the answer is if the call succeeds; any 2xx unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Condition>,
    /// The place of each credential in the answer: `{"access_token": "data.token"}`. A renewal without any extends what
    /// there is.
    #[serde(default, skip_serializing_if = "Picks::is_empty")]
    pub response: Picks,
}

fn json() -> BodyFormat {
    BodyFormat::Json
}

/// The names of the credentials that the templates of a call have.
pub(super) fn credentials_in(call: &impl Serialize) -> Vec<String> {
    let Some(node) = Node::of(call) else { return Vec::new() };
    let placeholders = node.templates().into_iter().flat_map(Template::placeholders);
    let credentials = placeholders.filter(|placeholder| placeholder.root() == Root::Credentials);
    credentials.filter_map(|placeholder| placeholder.path().first().cloned()).collect()
}

impl TokenCall {
    /// The parts of the request.
    #[must_use]
    pub fn parts(&self) -> CallParts<'_> {
        let Self { query, headers, basic, body, body_format, .. } = self;
        CallParts { query, headers, basic: basic.as_ref(), body: body.as_ref(), body_format: *body_format }
    }

    /// The names of the credentials that the request presents, if `has` says which are there. Nothing if one lacks that it
    /// cannot do without.
    #[must_use]
    pub fn presents(&self, has: impl Fn(&str) -> bool) -> Option<Vec<String>> {
        let Some(node) = Node::of(self) else { return Some(Vec::new()) };
        let name = |placeholder: &Placeholder| placeholder.path().first().cloned();
        let is_there = |placeholder: &Placeholder| name(placeholder).is_some_and(|name| has(&name));
        let mut presented = Vec::new();
        for choice in node.templates().into_iter().flat_map(Template::choices) {
            presented.extend(choice.filled_by(Root::Credentials, is_there)?.into_iter().filter_map(name));
        }
        Some(presented)
    }

    pub(super) fn check_login(&self, checker: &mut Checker<'_>) {
        if self.response.is_empty() {
            checker.refuse("response", "names no credential");
        }
        self.check(checker, Credentials::NotYet);
    }

    pub(super) fn check(&self, checker: &mut Checker<'_>, credentials: Credentials<'_>) {
        checker.address("uri", &self.uri, credentials);
        self.method.check(checker);
        self.parts().check_signed(self.signing.as_ref(), checker, credentials);
        if let Some(expect) = &self.expect {
            expect.check(checker, "expect");
        }
        pick::check(&self.response, checker, "response");
    }
}
