//! What most tests define: one workspace, and one integration of a provider at `provider.example`.

use serde_json::{Value, json};

use crate::tokens;

/// The key of the integration of most tests.
pub const INTEGRATION: &str = "crm";
/// The secret of its OAuth client.
pub const CLIENT_SECRET: &str = "client!+secret/1";
/// Where the results of most tests go.
pub const REDIRECT_URI: &str = "https://app.example/connected";

/// The body of `PUT /workspaces/{key}`.
#[must_use]
pub fn workspace(key: &str) -> Value {
    json!({
        "name": "Acme & Sons",
        "secret": tokens::secret_of(key),
        "redirectUris": [REDIRECT_URI, "https://app.example/wild/*"],
    })
}

/// The body of `PUT /integrations/{key}`: one OAuth option with a test call.
#[must_use]
pub fn integration() -> Value {
    json!({
        "name": "Example CRM",
        "baseUri": "https://provider.example/api",
        "authOptions": [{
            "key": "oauth",
            "type": "oauth2",
            "title": "Sign in with Example CRM",
            "config": {
                "clientId": "client!+ID",
                "clientSecret": CLIENT_SECRET,
                "scopes": ["read", "write"],
                "authorizeUri": "https://provider.example/oauth/authorize",
                "tokenUri": "https://provider.example/oauth/token",
            },
            "apiClient": { "headers": { "Authorization": "Bearer ${credentials.access_token}" } },
            "test": { "method": "GET", "path": "/me" },
        }],
    })
}

/// The same with other settings of the option; `null` takes one away.
#[must_use]
pub fn integration_with(config: &Value) -> Value {
    let mut integration = integration();
    merge(&mut integration["authOptions"][0]["config"], config);
    integration
}

/// Lays `changes` over `object`; `null` takes a field away.
pub fn merge(object: &mut Value, changes: &Value) {
    let object = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(object.remove(name)),
            value => drop(object.insert(name.clone(), value.clone())),
        }
    }
}
