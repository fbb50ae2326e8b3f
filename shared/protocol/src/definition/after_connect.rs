//! Calls that complete new credentials: they find out what belongs to them, such as the site's address, or exchange a
//! token for another. And the account at the provider that the credentials are for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::api_path::ApiPath;
use super::body::{Body, BodyFormat};
use super::call_method::CallMethod;
use super::call_parts::{Basic, CallParts, DefinedCall, Query};
use super::checker::{Checker, Credentials};
use super::choose::Choose;
use super::condition::Condition;
use super::headers::Headers;
use super::pick::{self, Picks};
use super::template::{Address, Template};

/// A call that completes credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AfterConnect {
    /// The HTTP method; GET unless given.
    #[serde(default = "CallMethod::get")]
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
    /// What the answer is if the call succeeds; any 2xx unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Condition>,
    /// The place of each value in the answer that is added to the credentials.
    #[serde(default, skip_serializing_if = "Picks::is_empty")]
    pub response: Picks,
    /// The one of several items that the connection is for, or those of them.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub choose: Option<Choose>,
    /// When it is made.
    #[serde(default, skip_serializing_if = "Occasion::is_connect")]
    pub on: Occasion,
    /// True if the credentials work without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// When credentials are completed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Occasion {
    /// When the customer connects.
    #[default]
    Connect,
    /// When the credentials were refreshed.
    Refresh,
    /// Both times.
    Both,
}

impl Occasion {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_connect(&self) -> bool {
        *self == Self::Connect
    }

    /// True if a call for `self` is made at `now`, which is never both.
    #[must_use]
    pub fn includes(self, now: Self) -> bool {
        self == Self::Both || self == now
    }
}

/// The account at the provider, made from the credentials.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountTemplates {
    /// The provider's id for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Template>,
    /// Its name, which people read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Template>,
}

impl AfterConnect {
    /// The request.
    #[must_use]
    pub fn call(&self) -> DefinedCall<'_> {
        let Self { method, path, query, headers, basic, body, body_format, .. } = self;
        let (basic, body, body_format) = (basic.as_ref(), body.as_ref(), *body_format);
        let parts = CallParts { query, headers, basic, body, body_format };
        DefinedCall { method, path, parts, signing: None }
    }

    /// The names of the credentials that it adds.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.response.keys().chain(self.choose.iter().flat_map(Choose::names))
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
        // A call that changes something there may have nothing to give.
        if self.response.is_empty() && self.choose.is_none() && self.method == CallMethod::get() {
            checker.refuse("response", "names no value that is added to the credentials");
        }
        pick::check(&self.response, checker, "response");
        if let Some(choose) = &self.choose {
            choose.check(&mut checker.inside("choose"));
        }
    }
}

impl AccountTemplates {
    pub(super) fn check(&self, checker: &mut Checker<'_>, credentials: Credentials<'_>) {
        for (setting, template) in [("id", &self.id), ("name", &self.name)] {
            let Some(template) = template else { continue };
            checker.template(setting, template, credentials);
            // It is shown to the customer, and kept unsealed.
            if template.placeholders().any(|placeholder| SECRETS.contains(&&*placeholder.path()[0])) {
                checker.refuse(setting, "has a token in it, which is never shown");
            }
        }
    }
}

/// Credentials that are no account's name.
const SECRETS: [&str; 4] = ["access_token", "refresh_token", "oauth_token", "oauth_token_secret"];

/// The names of the credentials that the calls add.
pub(super) fn names(calls: &[AfterConnect]) -> BTreeSet<String> {
    calls.iter().flat_map(AfterConnect::names).cloned().collect()
}
