//! Calls to the integration's API that a definition describes: one proves new credentials, the other revokes
//! credentials.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::api_path::ApiPath;
use super::body::BodyFormat;
use super::call_method::CallMethod;
use super::checker::{Checker, Credentials};
use super::headers::Headers;
use super::template::{Address, Template};

/// A request to the integration's API that succeeds only with working credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestCall {
    /// The HTTP method; GET unless given.
    #[serde(default = "CallMethod::get")]
    pub method: CallMethod,
    /// The path below the integration's `baseUri`, or a whole URL.
    pub path: ApiPath,
}

impl TestCall {
    pub(super) fn check(
        &self,
        checker: &mut Checker<'_>,
        base: Option<&Address>,
        credentials: Credentials<'_>,
    ) {
        self.method.check(checker);
        self.path.check(checker, base, credentials);
    }
}

/// A request to the integration's API that revokes credentials, where the provider has no revocation endpoint (RFC
/// 7009).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevokeCall {
    /// The HTTP method; POST unless given.
    #[serde(default = "CallMethod::post")]
    pub method: CallMethod,
    /// The path below the integration's `baseUri`, or a whole URL.
    pub path: ApiPath,
    /// Headers besides those of every request.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub headers: Headers,
    /// The body's fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub body: BTreeMap<String, Template>,
    /// The format of the body.
    #[serde(default, skip_serializing_if = "BodyFormat::is_form")]
    pub body_format: BodyFormat,
    /// True if the call revokes these credentials only, not every grant of the same user and client. Only then can
    /// replaced credentials be revoked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub per_token: bool,
}

impl RevokeCall {
    pub(super) fn check(
        &self,
        checker: &mut Checker<'_>,
        base: Option<&Address>,
        credentials: Credentials<'_>,
    ) {
        self.method.check(checker);
        self.path.check(checker, base, credentials);
        self.headers.check(checker, "headers", credentials);
        checker.templates("body", &self.body, credentials);
    }
}

/// The settings for calls to the integration's API with a connection's credentials.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiClient {
    /// Headers of every request.
    #[serde(default)]
    pub headers: Headers,
}
