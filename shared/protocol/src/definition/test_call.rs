//! Calls to the integration's API that a definition describes: the one that proves new credentials, and the one that ends
//! them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::oauth2::BodyFormat;
use crate::definition::template::Template;

/// A request to the integration's API that succeeds only with working credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestCall {
    /// The HTTP method; GET unless given.
    #[serde(default = "get")]
    pub method: String,
    /// The path below the integration's `baseUri`, or a whole URL.
    pub path: Template,
}

fn get() -> String {
    "GET".to_owned()
}

/// A request to the integration's API that ends credentials, where the provider has no revocation endpoint (RFC 7009).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevokeCall {
    /// The HTTP method; POST unless given.
    #[serde(default = "post")]
    pub method: String,
    /// The path below the integration's `baseUri`, or a whole URL.
    pub path: Template,
    /// Headers beside those of every request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Template>,
    /// The body's fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub body: BTreeMap<String, Template>,
    /// What the body is written in.
    #[serde(default, skip_serializing_if = "BodyFormat::is_form")]
    pub body_format: BodyFormat,
    /// It ends these credentials only, not every grant of the same user and client: then what is replaced can be revoked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub per_token: bool,
}

pub(super) fn post() -> String {
    "POST".to_owned()
}

/// How the integration's API is called with a connection's credentials.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiClient {
    /// Headers of every request.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
}
