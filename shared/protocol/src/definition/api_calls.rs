//! Calls to the integration's API that a definition describes: one proves new credentials, the other revokes
//! credentials. Beside them stand the settings for all calls with a connection's credentials.

use std::collections::BTreeMap;

use http::StatusCode;
use http::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};

use super::api_path::ApiPath;
use super::body::{Body, BodyFormat, Node};
use super::call_method::CallMethod;
use super::call_parts::{Basic, CallParts, DefinedCall, Query};
use super::checker::{Checker, Credentials};
use super::condition::Condition;
use super::headers::Headers;
use super::hints::{PaginationHint, RetryHint};
use super::request_signing::RequestSigning;
use super::template::Address;
use crate::answer::Content;

/// A request to the integration's API that succeeds only with working credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestCall {
    /// The HTTP method; GET unless given.
    #[serde(default = "CallMethod::get")]
    pub method: CallMethod,
    /// The path below the integration's `baseUri`, or a whole URL.
    pub path: ApiPath,
    /// Parameters of the query.
    #[serde(default, skip_serializing_if = "Query::is_empty")]
    pub query: Query,
    /// Headers besides those of every request.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub headers: Headers,
    /// HTTP Basic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic: Option<Basic>,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// The format of the body.
    #[serde(default, skip_serializing_if = "BodyFormat::is_form")]
    pub body_format: BodyFormat,
    /// How it is signed, in the place of how every request is.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub signing: Option<RequestSigning>,
    /// What the answer is if the credentials work; any 2xx unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Condition>,
}

impl TestCall {
    /// The request.
    #[must_use]
    pub fn call(&self) -> DefinedCall<'_> {
        let Self { method, path, query, headers, basic, body, body_format, signing, .. } = self;
        let (basic, body, body_format) = (basic.as_ref(), body.as_ref(), *body_format);
        let parts = CallParts { query, headers, basic, body, body_format };
        DefinedCall { method, path, parts, signing: signing.as_ref() }
    }

    pub(super) fn check(
        &self,
        checker: &mut Checker<'_>,
        base: Option<&Address>,
        credentials: Credentials<'_>,
    ) {
        self.call().check(checker, base, credentials);
        if let Some(expect) = &self.expect {
            expect.check(checker, "expect");
        }
    }
}

/// True if the answer is the expected one: a 2xx, unless the condition names the status.
#[must_use]
pub fn is_expected(expect: Option<&Condition>, status: StatusCode, content: &Content<'_>) -> bool {
    match expect {
        None => status.is_success(),
        Some(expect) => (expect.status.is_some() || status.is_success()) && expect.holds(status, content),
    }
}

/// A request to the integration's API that revokes credentials, where the provider has no revocation endpoint (RFC
/// 7009).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevokeCall {
    /// The HTTP method; POST unless given.
    #[serde(default = "CallMethod::post")]
    pub method: CallMethod,
    /// The path below the integration's `baseUri`, or a whole URL.
    pub path: ApiPath,
    /// Parameters of the query.
    #[serde(default, skip_serializing_if = "Query::is_empty")]
    pub query: Query,
    /// Headers besides those of every request, and in their place.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub headers: Headers,
    /// HTTP Basic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic: Option<Basic>,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// The format of the body.
    #[serde(default, skip_serializing_if = "BodyFormat::is_form")]
    pub body_format: BodyFormat,
    /// True if the call revokes these credentials only, not every grant of the same user and client. Only then can
    /// replaced credentials be revoked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub per_token: bool,
}

impl RevokeCall {
    /// The request.
    #[must_use]
    pub fn call(&self) -> DefinedCall<'_> {
        let Self { method, path, query, headers, basic, body, body_format, .. } = self;
        let (basic, body, body_format) = (basic.as_ref(), body.as_ref(), *body_format);
        let parts = CallParts { query, headers, basic, body, body_format };
        DefinedCall { method, path, parts, signing: None }
    }

    pub(super) fn check(
        &self,
        checker: &mut Checker<'_>,
        base: Option<&Address>,
        credentials: Credentials<'_>,
    ) {
        self.call().check(checker, base, credentials);
    }
}

/// The settings for calls to the integration's API with a connection's credentials.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiClient {
    /// Headers of every request.
    #[serde(default)]
    pub headers: Headers,
    /// Parameters of every request's query.
    #[serde(default, skip_serializing_if = "Query::is_empty")]
    pub query: Query,
    /// HTTP Basic, from the credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic: Option<Basic>,
    /// Members of every request's body, a JSON object or a form.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub body: BTreeMap<String, Node>,
    /// How every request is signed.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub signing: Option<RequestSigning>,
    /// The answers, besides a 401, by which the API says that the access token has ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expired: Vec<Condition>,
    /// Headers of every request that has none of their names. No credentials stand in them.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub default_headers: Headers,
    /// The answers by which the API says that it was asked too often, and when it can be asked again. The proxy goes by
    /// them too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retry: Vec<RetryHint>,
    /// How its lists go on; for callers.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub pagination: Option<PaginationHint>,
}

impl ApiClient {
    /// The parts of every request.
    #[must_use]
    pub fn parts(&self) -> CallParts<'_> {
        let Self { headers, query, basic, .. } = self;
        CallParts { query, headers, basic: basic.as_ref(), body: None, body_format: BodyFormat::Form }
    }

    /// True if the answer says that the access token has ended: a 401 (RFC 6750 §3.1), or what the definition names.
    #[must_use]
    pub fn says_expired(&self, status: StatusCode, content: &Content<'_>) -> bool {
        status == StatusCode::UNAUTHORIZED
            || self.expired.iter().any(|condition| condition.holds(status, content))
    }

    /// Notes a call that has no place for what stands in every request.
    pub(super) fn check_call(&self, checker: &mut Checker<'_>, setting: &str, call: DefinedCall<'_>) {
        if !self.body.is_empty() && matches!(call.parts.body, Some(Body::Text(_))) {
            let problem = "is a text, in which apiClient.body has no place: give an object";
            checker.refuse(&format!("{setting}.body"), problem);
        }
        if let Some(signing) = call.signing {
            self.check_signing_of_call(&mut checker.inside(setting), signing);
        }
    }

    /// Notes a signature of a call's own that what stands in every request has no place for.
    fn check_signing_of_call(&self, checker: &mut Checker<'_>, signing: &RequestSigning) {
        let setting = "signing";
        match (signing.makes_signature(), self.parts().holds_signature()) {
            (true, false) => {
                checker.refuse(setting, "makes a `${request.signature}` that nothing of apiClient has");
            }
            (false, true) => {
                checker.refuse(setting, "makes no `${request.signature}`, which stands in apiClient");
            }
            (false, false) if self.sets_authorization() => {
                checker.refuse(setting, "puts the signature into `Authorization`, which apiClient sets");
            }
            _ => {}
        }
    }

    fn sets_authorization(&self) -> bool {
        self.basic.is_some() || self.headers.has(&AUTHORIZATION)
    }

    pub(super) fn check(&self, checker: &mut Checker<'_>, credentials: Credentials<'_>, is_signed: bool) {
        self.parts().check_signed(self.signing.as_ref(), checker, credentials);
        for (name, node) in &self.body {
            node.check(checker, &format!("body.{name}"), credentials);
        }
        if is_signed && self.signing.is_some() {
            checker.refuse("signing", "has no place where OAuth 1.0 signs");
        }
        if is_signed && self.sets_authorization() {
            checker.refuse("headers.Authorization", "is where the signature stands (RFC 5849 §3.5.1)");
        }
        for (index, condition) in self.expired.iter().enumerate() {
            condition.check(checker, &format!("expired[{index}]"));
        }
        self.default_headers.check_defaults(checker, "defaultHeaders");
        for (index, hint) in self.retry.iter().enumerate() {
            hint.check(checker, &format!("retry[{index}]"));
        }
        if let Some(pagination) = &self.pagination {
            pagination.check(checker, "pagination");
        }
    }
}
