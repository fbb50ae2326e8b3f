//! "Demo Shared CRM": a registration that the operator shares, and an integration that uses it without holding it. In a
//! deployment the two are in different workspaces.

use serde_json::{Value, json};

use super::oauth2;
use crate::demo_provider::oauth2::client::{SHARED_ID, SHARED_SECRET};

/// The key of the integration that owns the registration.
pub(super) const KEY: &str = "demo-shared";

/// The key of the integration that uses it.
pub(super) const PROXY_KEY: &str = "demo-proxy";

/// The body of `PUT /integrations/demo-shared`.
pub(super) fn integration(base: &str) -> Value {
    json!({
        "name": "Demo CRM, shared registration",
        "baseUri": format!("{base}/demo-provider/api"),
        "shared": true,
        "authOptions": [oauth2::option(base, "Sign in with Demo CRM", SHARED_ID, SHARED_SECRET)],
    })
}

/// The body of `PUT /integrations/demo-proxy`.
pub(super) fn proxy(base: &str) -> Value {
    json!({
        "name": "Demo Shared CRM",
        "baseUri": format!("{base}/demo-provider/api"),
        "authOptions": [{
            "key": "shared",
            "type": "proxy",
            "title": "Sign in with Demo CRM",
            "config": { "proxyKey": KEY },
        }],
    })
}
