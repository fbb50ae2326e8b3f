//! How each type of credentials is renewed, or needs not to be.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::definitions::{self, entered};
use tests::provider::Reply;
use tests::tokens::{WORKSPACE, admin};
use tests::{Start, World, oauth1};

use crate::refresh::{HOUR, renewed};

const GRANT: &str = "https://provider.example/oauth/token";

async fn exchanged(config: &Value) -> (World, String) {
    let mut definition = definitions::api_key();
    let option = &mut definition["authOptions"][0];
    option["config"] = config.clone();
    option["inputSchema"] = json!({ "type": "object" });
    option["apiClient"]["headers"] = json!({ "Authorization": "Bearer ${credentials.access_token}" });
    let world = World::with(&definition).await;
    let parameters = json!({ "clientId": "their!+ID", "clientSecret": "their!+secret" });
    let start = Start::new().with(&json!({ "connectionParameters": parameters }));
    let id = world.browser().send(start.form()).await.connection_id();
    (world, id)
}

#[tokio::test(start_paused = true)]
async fn what_was_exchanged_is_exchanged_again() {
    let (world, id) = exchanged(&json!({ "tokenUri": GRANT, "grant": "client_credentials" })).await;
    world.clock.advance(HOUR);
    world.provider.next("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "access/2");
    let request = world.provider.calls_to("/oauth/token").pop().unwrap();
    assert_eq!(request.parameter("grant_type").as_deref(), Some("client_credentials"));
    assert_eq!(request.parameter("client_secret").as_deref(), Some("their!+secret"));

    // The customer's own client is refused: only they can bring another.
    world.clock.advance(HOUR);
    world.provider.next("/oauth/token", Reply::json(401, &json!({ "error": "invalid_client" })));
    let read = world.secrets(&id).await;
    assert_eq!(
        (&read["disconnected"], &read["error"]["key"]),
        (&json!(true), &json!("credentials_rejected"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_login_call_is_made_again() {
    let login = json!({
        "uri": "https://provider.example/login",
        "body": { "user": "${parameters.clientId}" },
        "response": { "access_token": "token" },
    });
    let mut definition = definitions::api_key();
    let option = &mut definition["authOptions"][0];
    option["config"] = json!({ "login": login, "expiresIn": 600 });
    option["inputSchema"] = json!({ "type": "object" });
    option["apiClient"] = json!({ "headers": { "X-Token": "${credentials.access_token}" } });
    let world = World::with(&definition).await;
    world.provider.next("/login", Reply::json(200, &json!({ "token": "first" })));
    let start = Start::new().with(&json!({ "connectionParameters": { "clientId": "ada" } }));
    let id = world.browser().send(start.form()).await.connection_id();
    world.clock.advance(Duration::from_mins(8));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "first");
    world.clock.advance(Duration::from_mins(2));
    // Too often is not a refusal.
    world.provider.next("/login", Reply::json(429, &json!({})));
    assert_eq!(world.read_secrets(&id).await.refusal().key, "provider_unreachable");
    world.clock.advance(Duration::from_mins(2));
    world.provider.next("/login", Reply::json(200, &json!({ "token": "second" })));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "second");
}

#[tokio::test(start_paused = true)]
async fn what_was_entered_and_oauth_1_need_none() {
    let entering = World::with(&definitions::api_key()).await;
    let start = Start::new().with(&json!({ "connectionParameters": entered() }));
    let key = entering.browser().send(start.form()).await.connection_id();

    let signing = World::with(&definitions::oauth1()).await;
    oauth1::answers(&signing);
    let signed = oauth1::connect(&signing, &signing.browser(), &Start::new()).await.connection_id();

    for (world, id) in [(entering, key), (signing, signed)] {
        let before = world.secrets(&id).await;
        let calls = world.provider.calls().len();
        world.clock.advance(24 * 290 * HOUR);
        assert_eq!(world.secrets(&id).await["credentials"], before["credentials"]);
        let path = format!("/connections/{id}/refresh-credentials");
        assert_eq!(world.api(Method::POST, &path, &admin(WORKSPACE), None).await.status, 204);
        assert_eq!(world.provider.calls().len(), calls);
        assert_eq!(before.get("nextCredentialsRefreshAt"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn the_services_own_trouble_is_no_refusal_of_what_was_entered() {
    let (world, id) = exchanged(&json!({ "tokenUri": GRANT, "grant": "client_credentials" })).await;
    world.clock.advance(HOUR);
    for code in ["temporarily_unavailable", "server_error", "invalid_scope", "slow_down"] {
        world.provider.next("/oauth/token", Reply::json(400, &json!({ "error": code })));
        assert_eq!(world.read_secrets(&id).await.status, 400, "{code}");
        assert_eq!(world.connection(&id).await.json()["connected"], true, "{code}");
        world.clock.advance(HOUR);
    }

    let mut definition = definitions::api_key();
    let option = &mut definition["authOptions"][0];
    let login = json!({ "uri": "https://provider.example/login", "response": { "access_token": "token" } });
    option["config"] = json!({ "login": login });
    option["inputSchema"] = json!({ "type": "object" });
    option["apiClient"] = json!({});
    let world = World::with(&definition).await;
    world.provider.next("/login", Reply::json(200, &json!({ "token": "first" })));
    let start = Start::new().with(&json!({ "connectionParameters": { "user": "ada" } }));
    let id = world.browser().send(start.form()).await.connection_id();
    world.clock.advance(HOUR);
    for status in [302, 403, 404, 429, 503] {
        world.provider.next("/login", Reply::json(status, &json!({})));
        assert!(!world.read_secrets(&id).await.status.is_success(), "{status}");
        assert_eq!(world.connection(&id).await.json()["connected"], true, "{status}");
        world.clock.advance(HOUR);
    }
    world.provider.next("/login", Reply::json(401, &json!({})));
    assert_eq!(world.secrets(&id).await["error"]["key"], "credentials_rejected");
}
