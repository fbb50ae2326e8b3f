//! "Demo Projects": OAuth 2, where one account has several sites. Linkspan asks the customer which of them to connect.

use serde_json::{Value, json};

use super::oauth2;
use crate::demo_provider::oauth2::client::{CLIENT_ID, CLIENT_SECRET};

pub(super) const KEY: &str = "demo-sites";

/// The body of `PUT /integrations/demo-sites`.
pub(super) fn integration(base: &str) -> Value {
    let mut option = oauth2::option(base, "Sign in with Demo CRM", CLIENT_ID, CLIENT_SECRET);
    option["afterConnect"] = json!([
        {
            "path": "/sites",
            "choose": { "items": "sites", "value": "id", "label": "name", "as": "siteId", "title": "Site" },
        },
        { "path": "/sites/${credentials.siteId}", "response": { "siteName": "name" } },
    ]);
    option["account"] = json!({ "id": "${credentials.siteId}", "name": "${credentials.siteName}" });
    option["test"] = json!({ "path": "/sites/${credentials.siteId}" });
    json!({
        "name": "Demo Projects",
        "baseUri": format!("{base}/demo-provider/api"),
        "authOptions": [option],
    })
}
