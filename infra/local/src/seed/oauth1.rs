//! "Demo Mail": OAuth 1.0.

use serde_json::{Value, json};

use crate::demo_provider::oauth1::client::{CONSUMER_KEY, CONSUMER_SECRET};

pub(super) const KEY: &str = "demo-oauth1";

/// The body of `PUT /integrations/demo-oauth1`.
pub(super) fn integration(base: &str) -> Value {
    json!({
        "name": "Demo Mail",
        "baseUri": format!("{base}/demo-provider/api"),
        "authOptions": [{
            "key": "oauth1",
            "type": "oauth1",
            "title": "Sign in with Demo Mail",
            "config": {
                "consumerKey": CONSUMER_KEY,
                "consumerSecret": CONSUMER_SECRET,
                "requestTokenUri": format!("{base}/demo-provider/oauth1/request-token"),
                "authorizeUri": format!("{base}/demo-provider/oauth1/authorize"),
                "tokenUri": format!("{base}/demo-provider/oauth1/access-token"),
            },
            "test": { "method": "GET", "path": "/me" },
        }],
    })
}
