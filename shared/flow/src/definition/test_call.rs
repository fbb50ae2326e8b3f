//! The call that proves new credentials before they are stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::template::Template;

/// A request to the integration's API that succeeds only with working credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestCall {
    /// The HTTP method; GET unless given.
    #[serde(default = "get")]
    pub method: String,
    /// The path below the integration's `baseUri`, or a whole URL.
    pub path: String,
}

fn get() -> String {
    "GET".to_owned()
}

/// How the integration's API is called with a connection's credentials.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiClient {
    /// Headers of every request.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
}
