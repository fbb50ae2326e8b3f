//! Services that answer with nothing but the token.

use serde_json::json;
use tests::definitions::integration_with;
use tests::provider::Reply;
use tests::{Start, World};

use crate::refresh::{HOUR, connected};

fn definition() -> serde_json::Value {
    integration_with(&json!({ "tokenResponse": { "access_token": { "text": true } }, "expiresIn": 3600 }))
}

#[tokio::test(start_paused = true)]
async fn a_token_endpoint_can_answer_with_the_bare_token() {
    for (media_type, body) in [("text/plain", "t!+1.abc\n"), ("application/json", "\"t!+1.abc\"")] {
        let world = World::with(&definition()).await;
        world.provider.always("/oauth/token", Reply::body(200, media_type, body));
        let id = connected(&world).await;
        let secrets = world.secrets(&id).await;
        assert_eq!(secrets["credentials"], json!({ "access_token": "t!+1.abc" }));
        world.clock.advance(HOUR / 2);
        assert!(world.connection_is_live(&id).await);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_or_a_page_is_no_token() {
    for body in ["{\"message\":\"no\"}", "<html>login</html>", "Sorry.\nTry again.", ""] {
        let world = World::with(&definition()).await;
        world.provider.always("/oauth/token", Reply::body(200, "text/plain", body));
        let refused = world.connect(&world.browser(), &Start::new()).await.redirected_refusal();
        assert_eq!(refused.key, "token_response_invalid", "{body}");
        assert!(world.dump().await.connections.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_can_answer_with_the_bare_session() {
    let property = json!({ "type": "string" });
    let mut definition = integration_with(&json!({}));
    definition["authOptions"] = json!([{
        "key": "login", "type": "client-credentials",
        "inputSchema": { "type": "object", "required": ["user"], "properties": { "user": property } },
        "config": { "login": {
            "uri": "https://provider.example/login", "body": { "user": "${parameters.user}" },
            "response": { "session": { "text": true } },
        } },
        "apiClient": { "headers": { "X-Session": "${credentials.session}" } },
    }]);
    let world = World::with(&definition).await;
    world.provider.always("/login", Reply::body(200, "text/plain", "s!+1"));
    let start = Start::new().with(&json!({ "connectionParameters": { "user": "ada" } }));
    let id = world.browser().send(start.form()).await.connection_id();
    assert_eq!(world.secrets(&id).await["credentials"], json!({ "session": "s!+1" }));
}
