//! "Demo CRM": OAuth 2.

use serde_json::{Value, json};

use crate::demo_provider::oauth2::client::{CLIENT_ID, CLIENT_SECRET};

pub(super) const KEY: &str = "demo-oauth2";

/// The body of `PUT /integrations/demo-oauth2`.
pub(super) fn integration(base: &str) -> Value {
    json!({
        "name": "Demo CRM",
        "baseUri": format!("{base}/demo-provider/api"),
        "authOptions": [option(base, "Sign in with Demo CRM", CLIENT_ID, CLIENT_SECRET)],
    })
}

/// An option that signs in as this client of the provider.
pub(super) fn option(base: &str, title: &str, client_id: &str, client_secret: &str) -> Value {
    json!({
        "key": "oauth2",
        "type": "oauth2",
        "title": title,
        "config": {
            "clientId": client_id,
            "clientSecret": client_secret,
            "clientAuthLocation": "headers",
            "scopes": ["profile", "contacts"],
            "issuer": format!("{base}/demo-provider"),
            "authorizationResponseIssParameterSupported": true,
            "authorizeUri": format!("{base}/demo-provider/authorize"),
            "tokenUri": format!("{base}/demo-provider/token"),
        },
        "apiClient": { "headers": { "Authorization": "Bearer ${credentials.access_token}" } },
        "test": { "method": "GET", "path": "/me" },
    })
}
