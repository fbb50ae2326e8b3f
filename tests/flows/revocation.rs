//! What was replaced is revoked at the provider, where the definition says that this ends nothing else.

use http::Method;
use serde_json::{Value, json};
use tests::definitions::{CLIENT_SECRET, integration_with};
use tests::provider::{self, REFRESH_TOKEN, Reply};
use tests::tokens::{self, WORKSPACE};
use tests::{Start, World};

fn revocable(changes: &Value) -> Value {
    let mut config = json!({
        "revocationUri": "https://provider.example/oauth/revoke",
        "revocationPerToken": true,
    });
    tests::definitions::merge(&mut config, changes);
    integration_with(&config)
}

async fn world(changes: &Value) -> World {
    let world = World::with(&revocable(changes)).await;
    world.provider.always("/oauth/revoke", Reply::body(200, "text/plain", ""));
    world
}

/// Tokens that differ from the usual ones.
fn other_tokens() -> Reply {
    let mut other = provider::tokens();
    other["access_token"] = "access/2".into();
    other["refresh_token"] = "refresh/2".into();
    Reply::json(200, &other)
}

#[tokio::test(start_paused = true)]
async fn a_replaced_connections_refresh_token_is_revoked_after_the_new_one_is_saved() {
    let world = world(&json!({})).await;
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    assert!(world.provider.calls_to("/oauth/revoke").is_empty());
    world.provider.next("/oauth/token", other_tokens());
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    let calls = world.provider.calls_to("/oauth/revoke");
    assert_eq!(calls.len(), 1);
    let expected = [
        ("token", REFRESH_TOKEN),
        ("token_type_hint", "refresh_token"),
        ("client_id", "client!+ID"),
        ("client_secret", CLIENT_SECRET),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(calls[0].form(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_reconnected_connections_old_token_is_revoked_and_its_new_one_is_not() {
    let world = world(&json!({ "clientAuthLocation": "headers" })).await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    world.provider.next("/oauth/token", other_tokens());
    let again = Start::new().with(&json!({ "connectionId": id }));
    world.connect(&world.browser(), &again).await.assert_connected();
    let calls = world.provider.calls_to("/oauth/revoke");
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].parameter("token").as_deref(), Some(REFRESH_TOKEN));
    assert!(calls[0].header("authorization").starts_with("Basic "));
    assert_eq!(calls[0].parameter("client_secret"), None);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_revoked_where_that_could_end_the_new_grant_too() {
    for changes in [json!({ "revocationPerToken": false }), json!({ "revocationUri": null })] {
        let world = world(&changes).await;
        for _ in 0..2 {
            world.connect(&world.browser(), &Start::new()).await.assert_connected();
        }
        assert!(world.provider.calls_to("/oauth/revoke").is_empty(), "{changes}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reconnection_that_fails_revokes_nothing() {
    let world = world(&json!({})).await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    world.provider.next("/api/me", Reply::json(401, &json!({})));
    let again = Start::new().with(&json!({ "connectionId": id }));
    let refused = world.connect(&world.browser(), &again).await.redirected_refusal();
    assert_eq!(refused.key, "credentials_rejected");
    assert!(world.provider.calls_to("/oauth/revoke").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_does_not_revoke_delays_nobody_for_long() {
    for reply in [Reply::hangs(), Reply::body(500, "text/plain", "")] {
        let world = world(&json!({})).await;
        world.connect(&world.browser(), &Start::new()).await.assert_connected();
        world.provider.always("/oauth/revoke", reply);
        let started = tokio::time::Instant::now();
        world.connect(&world.browser(), &Start::new()).await.assert_connected();
        assert!(started.elapsed().as_secs() <= 2, "{:?}", started.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_provider_gave_again_stays() {
    let world = world(&json!({})).await;
    for _ in 0..2 {
        world.connect(&world.browser(), &Start::new()).await.assert_connected();
    }
    assert!(world.provider.calls_to("/oauth/revoke").is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_archived_is_never_due_whatever_came_of_its_revocation() {
    let world = world(&json!({})).await;
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    world.provider.next("/oauth/token", other_tokens());
    world.provider.next("/oauth/revoke", Reply::body(500, "text/plain", ""));
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    assert_eq!(world.dump().await.due(), [id.as_str()]);

    world.provider.next("/oauth/revoke", Reply::body(500, "text/plain", ""));
    let path = format!("/connections/{id}");
    let deleted = world.api(Method::DELETE, &path, &tokens::admin(WORKSPACE), None).await;
    assert_eq!(deleted.status, 204, "{}", deleted.body);
    assert_eq!(world.provider.calls_to("/oauth/revoke").len(), 2);
    assert_eq!(world.dump().await.due(), [""; 0]);

    let path = format!("{path}/restore");
    let restored = world.api(Method::POST, &path, &tokens::admin(WORKSPACE), None).await;
    assert_eq!(restored.status, 200, "{}", restored.body);
    assert_eq!(world.dump().await.due(), [id.as_str()]);
}
