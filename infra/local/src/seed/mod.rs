//! The definitions that the local run starts with: one workspace, and the integrations that the demo page shows.

mod credentials;
mod hints;
mod oauth1;
mod oauth2;
mod shared;
mod sites;

use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use protocol::clock::Timestamp;
use protocol::definition::integration_id;
use protocol::id::WorkspaceKey;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::Problem;
use crate::service::Functions;

pub(crate) use hints::{HIDDEN, HINTS};

/// The demo workspace's key; locally it is the root workspace too.
pub(crate) const WORKSPACE_KEY: &str = "demo";

/// The demo workspace's secret. It is public, and good for a service that only this machine reaches.
pub const WORKSPACE_SECRET: &str = "local-demo-secret-local-demo-secret-local-demo-secret-local-demo-secret";

/// The path, below an address of this service, that the provider calls back for the integrations that register there:
/// OAuth 2, its sites, OAuth 1.0, and the shared registration. A proxy option uses that of the shared registration.
pub(crate) fn callback_path(integration: Registered) -> String {
    let key = match integration {
        Registered::OAuth2 => oauth2::KEY,
        Registered::Sites => sites::KEY,
        Registered::OAuth1 => oauth1::KEY,
        Registered::Shared => shared::KEY,
    };
    format!("/oauth-callback/{}", integration_id(&WorkspaceKey::new(WORKSPACE_KEY), key))
}

/// The integrations whose client the provider knows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Registered {
    /// The integration that signs in with OAuth 2.
    OAuth2,
    /// The integration that signs in with OAuth 2, and lets choose a site.
    Sites,
    /// The integration that signs in with OAuth 1.0.
    OAuth1,
    /// The integration whose registration others use.
    Shared,
}

/// Defines the workspace and its integrations as a team does: through the API. `base` is this run's address, without
/// a slash at its end.
pub(crate) async fn define(functions: &Functions, base: &str, now: Timestamp) -> Result<(), Problem> {
    let claims = json!({ "iss": WORKSPACE_KEY, "isAdmin": true, "exp": now.seconds() + 60 });
    let key = EncodingKey::from_secret(WORKSPACE_SECRET.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)?;
    let integrations = integrations(base).map(|(key, body)| (format!("/integrations/{key}"), body));
    let workspace = (format!("/workspaces/{WORKSPACE_KEY}"), workspace(base));
    for (path, definition) in std::iter::once(workspace).chain(integrations) {
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

fn integrations(base: &str) -> [(&'static str, Value); 6] {
    [
        (oauth2::KEY, oauth2::integration(base)),
        (sites::KEY, sites::integration(base)),
        (oauth1::KEY, oauth1::integration(base)),
        (credentials::KEY, credentials::integration(base)),
        (shared::KEY, shared::integration(base)),
        (shared::PROXY_KEY, shared::proxy(base)),
    ]
}

/// The body of `PUT /workspaces/demo`.
fn workspace(base: &str) -> Value {
    json!({
        "name": "Demo workspace",
        "secret": WORKSPACE_SECRET,
        "redirectUris": ["http://127.0.0.1:*/*", "http://localhost:*/*"],
        "origins": ["http://127.0.0.1:*", "http://localhost:*"],
        "logoUri": format!("{base}/demo/logo.svg"),
        "color": "#4338ca",
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt as _;
    use protocol::clock::SystemClock;
    use protocol::random::SystemRandom;
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
            consumers: Vec::new(),
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
            let integration = oauth2::integration(base);
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
