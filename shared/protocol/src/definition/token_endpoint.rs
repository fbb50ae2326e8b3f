//! How a provider's endpoints differ from the RFCs: the requests that they want, and the answers that they give.

use std::collections::BTreeMap;
use std::num::NonZero;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::BodyFormat;
use super::call_method::CallMethod;
use super::call_parts::Query;
use super::checker::{Checker, Credentials};
use super::condition::{Condition, Expected, Statuses};
use super::headers::Headers;
use super::pick::{self, Picks};
use super::template::Template;

/// The provider's names for the standard's parameters; `null` for one that is left out.
pub type Names = BTreeMap<String, Option<String>>;

/// What an authorization request differs in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthorizationChanges {
    /// The provider's names for the standard's parameters.
    #[serde(default, skip_serializing_if = "Names::is_empty")]
    pub names: Names,
    /// The `response_type`; `code` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_type: Option<String>,
}

/// What a request to one of the provider's endpoints differs in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestChanges {
    /// The provider's names for the standard's parameters.
    #[serde(default, skip_serializing_if = "Names::is_empty")]
    pub names: Names,
    /// Further parameters. One of the standard's own names takes the standard's place.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub add: BTreeMap<String, Template>,
    /// Further headers.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub headers: Headers,
    /// Parameters of the address's query.
    #[serde(default, skip_serializing_if = "Query::is_empty")]
    pub query: Query,
    /// The HTTP method; POST unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<CallMethod>,
    /// The format of the parameters; that of the option unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_format: Option<BodyFormat>,
}

impl RequestChanges {
    pub(super) fn check(&self, checker: &mut Checker<'_>, credentials: Credentials<'_>) {
        check_names(&self.names, checker);
        checker.templates("add", &self.add, credentials);
        checker.templates("query", &self.query, credentials);
        self.headers.check(checker, "headers", credentials);
        if let Some(method) = &self.method {
            method.check(checker);
        }
        if let Some(format) = self.body_format {
            format.check(checker, &[BodyFormat::Form, BodyFormat::Json, BodyFormat::Query]);
        }
    }
}

impl AuthorizationChanges {
    /// `response_mode` is what the request says of how the answer comes.
    pub(super) fn check(&self, checker: &mut Checker<'_>, response_mode: Option<&str>) {
        check_names(&self.names, checker);
        if let Some(response_type) = &self.response_type {
            let setting = "responseType";
            checker.name(setting, response_type);
            let has = |word| response_type.split(' ').any(|it| it == word);
            if has("token") {
                checker.refuse(
                    setting,
                    "has `token`: no access token may come through the browser (RFC 9700 §2.1.2)",
                );
            }
            if has("id_token") && response_mode != Some("form_post") {
                checker.refuse(setting, "has `id_token`: its answer stands behind a `#`, which no server sees, unless extra.response_mode is `form_post`");
            }
            if self.names.get("response_type") == Some(&None) {
                checker.refuse(setting, "is given, but `names` leaves it out");
            }
        }
        if self.names.contains_key("state") {
            checker.refuse("names.state", "cannot be changed: it binds the answer to the browser");
        }
        for needed in ["code_challenge", "code_challenge_method"] {
            if self.names.get(needed) == Some(&None) {
                checker.refuse(&format!("names.{needed}"), "cannot be left out; `pkce` says what is sent");
            }
        }
    }
}

fn check_names(names: &Names, checker: &mut Checker<'_>) {
    for (name, other) in names {
        if other.as_ref().is_some_and(|other| other.trim().is_empty()) {
            checker.refuse(&format!("names.{name}"), "is empty; write null to leave the parameter out");
        }
        if other
            .as_ref()
            .is_some_and(|other| names.iter().any(|(n, o)| n != name && o.as_ref() == Some(other)))
        {
            checker.refuse(&format!("names.{name}"), "is the name of another parameter too");
        }
    }
}

/// The unit of `expires_in`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum TimeUnit {
    /// As RFC 6749 §5.1 has it.
    #[default]
    Seconds,
    /// Thousandths of a second.
    Milliseconds,
    /// Minutes.
    Minutes,
}

impl TimeUnit {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn is_seconds(&self) -> bool {
        *self == Self::Seconds
    }
}

/// An answer by which the provider refuses a refresh token for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "must be an error code, or a condition with `status` and `body`")]
pub enum RefreshRefusal {
    /// The value of `error`.
    Code(String),
    /// Any answer.
    Condition(Condition),
}

/// An error of the token endpoint that RFC 6749 does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenError {
    /// The status, or one of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Statuses>,
    /// What stands at places of the JSON.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub body: BTreeMap<String, Expected>,
    /// What the answer means.
    pub means: Meaning,
}

/// The meaning of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Meaning {
    /// The code or the refresh token is refused (`invalid_grant`).
    Grant,
    /// The client is refused: the team's registration is wrong (`invalid_client`).
    Client,
    /// The request is refused for another reason (`invalid_request`).
    Request,
    /// The provider has trouble of its own: the same request may be answered later.
    Temporary,
}

impl TokenError {
    fn condition(&self) -> Condition {
        Condition { status: self.status.clone(), body: self.body.clone() }
    }
}

/// What the answers of an option's token endpoint look like.
#[derive(Clone, Copy)]
pub struct AnswerRules<'a> {
    /// Where the fields of the token response stand.
    pub response: &'a Picks,
    /// The errors that RFC 6749 does not know.
    pub errors: &'a [TokenError],
    /// The refusals of a refresh token; empty for other requests.
    pub refusals: &'a [RefreshRefusal],
    /// The unit of `expires_in`.
    pub unit: TimeUnit,
}

impl AnswerRules<'_> {
    /// True if a rule looks at the answer's JSON.
    #[must_use]
    pub fn read_body(&self) -> bool {
        !self.refusals.is_empty() || self.errors.iter().any(|error| !error.body.is_empty())
    }

    /// The meaning that the definition gives to an answer.
    #[must_use]
    pub fn meaning(&self, status: StatusCode, json: Option<&Value>) -> Option<Meaning> {
        let is_refused = self.refusals.iter().any(|refusal| match refusal {
            RefreshRefusal::Code(code) => {
                json.and_then(|json| json.get("error")).and_then(Value::as_str) == Some(code)
            }
            RefreshRefusal::Condition(condition) => condition.fits(status, json),
        });
        if is_refused {
            return Some(Meaning::Grant);
        }
        self.errors.iter().find(|error| error.condition().fits(status, json)).map(|error| error.means)
    }
}

/// Checks the settings about answers.
pub(super) fn check_answers(rules: AnswerRules<'_>, checker: &mut Checker<'_>) {
    pick::check(rules.response, checker, "tokenResponse");
    for (index, error) in rules.errors.iter().enumerate() {
        error.condition().check(checker, &format!("tokenErrors[{index}]"));
    }
    for (index, refusal) in rules.refusals.iter().enumerate() {
        let setting = format!("refreshRefusals[{index}]");
        match refusal {
            RefreshRefusal::Code(code) => checker.name(&setting, code),
            RefreshRefusal::Condition(condition) => condition.check(checker, &setting),
        }
    }
}

/// A lifetime in seconds.
pub(super) type Seconds = NonZero<u32>;
