//! Token responses that the RFC does not describe, and that providers send.

use serde_json::{Value, json};
use tests::provider::{Reply, tokens};
use tests::{Start, World};

async fn credentials(reply: Reply) -> Value {
    let world = World::new().await;
    world.provider.next("/oauth/token", reply);
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    world.secrets(&id).await["credentials"].clone()
}

#[tokio::test(start_paused = true)]
async fn every_field_is_kept_as_it_was_sent() {
    let sent = json!({
        "access_token": "a!+/=",
        "token_type": "bEaReR",
        "expires_in": "3600",
        "instance_url": "https://eu1.provider.example",
        "account": { "id": 12_345_678_901_234_567_u64, "roles": ["a", null, true] },
    });
    assert_eq!(credentials(Reply::json(200, &sent)).await, sent);
}

#[tokio::test(start_paused = true)]
async fn no_lifetime_and_no_type_are_fine() {
    let sent = json!({ "access_token": "a" });
    assert_eq!(credentials(Reply::json(200, &sent)).await, sent);
}

#[tokio::test(start_paused = true)]
async fn a_form_encoded_response_is_read() {
    for content_type in ["application/x-www-form-urlencoded; charset=utf-8", "text/plain", "text/html"] {
        let reply = Reply::body(200, content_type, "access_token=a%2Bb&scope=read%2Cwrite&token_type=bearer");
        let expected = json!({ "access_token": "a+b", "scope": "read,write", "token_type": "bearer" });
        assert_eq!(credentials(reply).await, expected, "{content_type}");
    }
}

#[tokio::test(start_paused = true)]
async fn json_is_read_under_any_content_type_and_any_success() {
    for content_type in ["text/plain", "text/javascript; charset=utf-8", "application/vnd.api+json"] {
        let reply = Reply::body(200, content_type, tokens().to_string());
        assert_eq!(credentials(reply).await, tokens(), "{content_type}");
    }
    assert_eq!(credentials(Reply::json(201, &tokens())).await, tokens());
}

#[tokio::test(start_paused = true)]
async fn every_way_to_write_bearer_is_accepted() {
    for token_type in ["Bearer", "bearer", "BEARER", "bearer ", "Token", "mac"] {
        let sent = json!({ "access_token": "a", "token_type": token_type });
        assert_eq!(credentials(Reply::json(200, &sent)).await, sent, "{token_type}");
    }
}
