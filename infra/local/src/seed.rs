//! What the local run starts with: one workspace, and the integrations that the demo page shows.

use bytes::Bytes;
use flow::clock::Timestamp;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::Problem;
use crate::demo_provider::oauth2::client::{CLIENT_ID, CLIENT_SECRET};
use crate::service::Functions;

/// The demo workspace's key; locally it is the root workspace too.
pub(crate) const WORKSPACE_KEY: &str = "demo";

/// The demo workspace's secret. It is public, and good for a service that only this machine reaches.
pub const WORKSPACE_SECRET: &str = "local-demo-secret-local-demo-secret-local-demo-secret-local-demo-secret";

/// The key of the integration that signs in with OAuth 2.
pub(crate) const OAUTH2_INTEGRATION_KEY: &str = "demo-oauth2";

/// Defines the workspace and its integrations, the way that a team does: through the API.
pub(crate) async fn define(functions: &Functions, base: &str, now: Timestamp) -> Result<(), Problem> {
    let claims = json!({ "iss": WORKSPACE_KEY, "isAdmin": true, "exp": now.seconds() + 60 });
    let key = EncodingKey::from_secret(WORKSPACE_SECRET.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)?;
    for (path, definition) in [
        (format!("/workspaces/{WORKSPACE_KEY}"), workspace()),
        (format!("/integrations/{OAUTH2_INTEGRATION_KEY}"), oauth2_integration(base)),
    ] {
        let request = Request::put(&path)
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from(definition.to_string()))?;
        let Ok(response) = functions.api.clone().oneshot(request).await;
        if !response.status().is_success() {
            let answer = String::from_utf8_lossy(response.body()).into_owned();
            return Err(format!("{path} could not be defined: {answer}").into());
        }
    }
    Ok(())
}

/// The body of `PUT /workspaces/demo`.
pub(crate) fn workspace() -> Value {
    json!({
        "name": "Demo workspace",
        "secret": WORKSPACE_SECRET,
        "redirectUris": ["http://127.0.0.1:*/*", "http://localhost:*/*"],
        "origins": ["http://127.0.0.1:*", "http://localhost:*"],
    })
}

/// The body of `PUT /integrations/demo-oauth2`. `base` is the address that this run is served at, without a slash at its end.
pub(crate) fn oauth2_integration(base: &str) -> Value {
    json!({
        "name": "Demo CRM",
        "baseUri": format!("{base}/demo-provider/api"),
        "authOptions": [{
            "key": "oauth2",
            "type": "oauth2",
            "title": "Sign in with Demo CRM",
            "config": {
                "clientId": CLIENT_ID,
                "clientSecret": CLIENT_SECRET,
                "clientAuthLocation": "headers",
                "scopes": ["profile", "contacts"],
                "issuer": format!("{base}/demo-provider"),
                "authorizationResponseIssParameterSupported": true,
                "authorizeUri": format!("{base}/demo-provider/authorize"),
                "tokenUri": format!("{base}/demo-provider/token"),
            },
            "apiClient": { "headers": { "Authorization": "Bearer ${credentials.access_token}" } },
            "test": { "method": "GET", "path": "/me" },
        }],
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::Body;
    use axum::http::Request;
    use flow::clock::SystemClock;
    use flow::random::SystemRandom;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::demo_provider::{self, Config};

    /// RFC 8414 §3.3 would have a client compare exactly these.
    #[tokio::test]
    async fn the_integration_points_where_the_provider_says_it_is() {
        let base = "http://127.0.0.1:9000";
        let provider = demo_provider::router(Config {
            base: base.to_owned(),
            clients: Vec::new(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        });
        for path in [
            "/.well-known/oauth-authorization-server/demo-provider",
            "/demo-provider/.well-known/oauth-authorization-server",
        ] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = provider.clone().oneshot(request).await.unwrap();
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            let metadata: Value = serde_json::from_slice(&bytes).unwrap();
            let integration = oauth2_integration(base);
            let config = &integration["authOptions"][0]["config"];
            assert_eq!(config["issuer"], metadata["issuer"]);
            assert_eq!(config["authorizeUri"], metadata["authorization_endpoint"]);
            assert_eq!(config["tokenUri"], metadata["token_endpoint"]);
            assert_eq!(config["scopes"], metadata["scopes_supported"]);
            let always_sends_iss = &metadata["authorization_response_iss_parameter_supported"];
            assert_eq!(&config["authorizationResponseIssParameterSupported"], always_sends_iss);
        }
    }
}
