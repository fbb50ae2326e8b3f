//! Authorization server metadata (RFC 8414).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::scope::SCOPES;
use crate::demo_provider::{Provider, pages};

/// The path that RFC 8414 §3.1 gives to an issuer with a path of its own: the metadata stands between host and path.
pub(super) const RFC_8414_PATH: &str = "/.well-known/oauth-authorization-server/demo-provider";

/// The path where many clients look instead, by appending as OpenID Connect Discovery does.
pub(super) const APPENDED_PATH: &str = "/demo-provider/.well-known/oauth-authorization-server";

pub(super) async fn metadata(State(provider): State<Arc<Provider>>) -> Response {
    let issuer = provider.issuer();
    let authentication = ["client_secret_basic", "client_secret_post"];
    pages::json(&json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "token_endpoint_auth_methods_supported": authentication,
        "revocation_endpoint": format!("{issuer}/revoke"),
        "revocation_endpoint_auth_methods_supported": authentication,
        "scopes_supported": SCOPES.iter().map(|scope| scope.name).collect::<Vec<_>>(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    }))
}
