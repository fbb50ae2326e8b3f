//! "Demo Accounting": credentials that the customer enters, in three ways.

use serde_json::{Value, json};

pub(super) const KEY: &str = "demo-api-key";

/// The body of `PUT /integrations/demo-api-key`.
pub(super) fn integration(base: &str) -> Value {
    json!({
        "name": "Demo Accounting",
        "baseUri": format!("{base}/demo-provider/api"),
        "authOptions": [api_key(base), password(base), machine(base)],
    })
}

/// An option that uses the input as it is: the key goes with every request, the company is a part of the address.
fn api_key(base: &str) -> Value {
    json!({
        "key": "api-key",
        "type": "client-credentials",
        "title": "API key",
        "description": "Enter a key that Demo Accounting gave you for this connection.",
        "helpUri": help(base),
        "inputSchema": {
            "type": "object",
            "required": ["company", "apiKey"],
            "properties": {
                "company": {
                    "type": "string",
                    "title": "Company",
                    "description": "The first part of your address: engines in engines.demo-accounting.example",
                    "pattern": "^[a-z0-9-]+$",
                    "maxLength": 63,
                },
                "apiKey": { "type": "string", "title": "API key", "isSensitive": true },
            },
        },
        "apiClient": { "headers": { "X-Api-Key": "${credentials.apiKey}" } },
        "test": { "method": "GET", "path": "/companies/${parameters.company}" },
    })
}

/// An option that exchanges the input by a call of the service's own kind.
fn password(base: &str) -> Value {
    json!({
        "key": "password",
        "type": "client-credentials",
        "title": "User name and password",
        "description": "They are exchanged for a token at once.",
        "helpUri": help(base),
        "inputSchema": {
            "type": "object",
            "required": ["user", "password"],
            "properties": {
                "user": { "type": "string", "title": "User name" },
                "password": { "type": "string", "title": "Password", "isSensitive": true },
            },
        },
        "config": {
            "login": {
                "uri": format!("{base}/demo-provider/login"),
                "body": { "user": "${parameters.user}", "password": "${parameters.password}" },
                "response": { "access_token": "data.token", "expires_in": "data.ttl" },
            },
        },
        "apiClient": { "headers": { "Authorization": "Bearer ${credentials.access_token}" } },
        "test": { "method": "GET", "path": "/me" },
    })
}

/// An option that exchanges the input by the OAuth 2 client-credentials grant.
fn machine(base: &str) -> Value {
    json!({
        "key": "machine",
        "type": "client-credentials",
        "title": "Client id and secret",
        "description": "For a connection that belongs to no person.",
        "helpUri": help(base),
        "inputSchema": {
            "type": "object",
            "required": ["clientId", "clientSecret"],
            "properties": {
                "clientId": { "type": "string", "title": "Client id" },
                "clientSecret": { "type": "string", "title": "Client secret", "isSensitive": true },
            },
        },
        "config": {
            "grant": "client_credentials",
            "tokenUri": format!("{base}/demo-provider/token"),
            "clientAuthLocation": "headers",
            "scopes": ["profile"],
            "extra": { "audience": format!("{base}/demo-provider/api") },
        },
        "apiClient": { "headers": { "Authorization": "Bearer ${credentials.access_token}" } },
        "test": { "method": "GET", "path": "/me" },
    })
}

fn help(base: &str) -> String {
    format!("{base}/demo-provider/accounts")
}
