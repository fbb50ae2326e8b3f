//! The definitions of most tests: one workspace, and one integration of a provider at `provider.example`.

use protocol::id::WorkspaceKey;
use serde_json::{Value, json};

use crate::tokens;

/// The key of the integration of most tests.
pub const INTEGRATION: &str = "crm";
/// The secret of its OAuth client.
pub const CLIENT_SECRET: &str = "client!+secret/1";
/// The address that the results of most tests go to.
pub const REDIRECT_URI: &str = "https://app.example/connected";

/// The id of a workspace's integration, as callers read it.
#[must_use]
pub fn integration_id(workspace: &str, key: &str) -> String {
    protocol::definition::integration_id(&WorkspaceKey::new(workspace), key).to_string()
}

/// The body of `PUT /workspaces/{key}`.
#[must_use]
pub fn workspace(key: &str) -> Value {
    json!({
        "name": "Acme & Sons",
        "secret": tokens::secret_of(key),
        "redirectUris": [REDIRECT_URI, "https://app.example/wild/*"],
        "maxTokenLifetime": 31_536_000,
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

/// An OAuth 1.0 option with a test call. [`crate::oauth1::answers`] makes the provider answer it.
#[must_use]
pub fn oauth1() -> Value {
    json!({
        "name": "Example Photos",
        "baseUri": "https://provider.example/api",
        "authOptions": [{
            "key": "oauth1",
            "type": "oauth1",
            "config": {
                "consumerKey": "client!+ID",
                "consumerSecret": CLIENT_SECRET,
                "requestTokenUri": "https://provider.example/oauth1/request",
                "authorizeUri": "https://provider.example/oauth1/authorize",
                "tokenUri": "https://provider.example/oauth1/token",
            },
            "test": { "path": "/me?fields=name" },
        }],
    })
}

/// An option whose credentials are what the customer enters: a subdomain that is no secret, and an API key that is.
#[must_use]
pub fn api_key() -> Value {
    json!({
        "name": "Example Mail",
        "baseUri": "https://provider.example/api",
        "authOptions": [{
            "key": "api-key",
            "type": "client-credentials",
            "title": "Use an API key",
            "inputSchema": {
                "type": "object",
                "required": ["subdomain", "apiKey"],
                "properties": {
                    "subdomain": { "type": "string", "pattern": "^[a-z]+$", "title": "Your subdomain" },
                    "apiKey": { "type": "string", "title": "API key", "isSensitive": true },
                },
            },
            "apiClient": { "headers": { "X-Api-Key": "${credentials.apiKey}" } },
            "test": { "path": "/me" },
        }],
    })
}

/// The API key that a customer enters for [`api_key`].
pub const API_KEY: &str = "api!+key/1";

/// Input that fits [`api_key`].
#[must_use]
pub fn entered() -> Value {
    json!({ "subdomain": "acme", "apiKey": API_KEY })
}

/// The definition with these further options.
#[must_use]
pub fn with_options(mut integration: Value, others: &[&Value]) -> Value {
    let options = integration["authOptions"].as_array_mut().unwrap();
    for other in others {
        options.extend(other["authOptions"].as_array().unwrap().iter().cloned());
    }
    integration
}

/// The definition of [`integration`] with other settings of the option; `null` takes one away.
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
