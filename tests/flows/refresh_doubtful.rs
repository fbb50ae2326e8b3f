//! Refusals of which nobody knows whether they are for good: they are believed when they go on.

use std::time::Duration;

use http::Method;
use protocol::clock::{Clock, Timestamp};
use serde_json::{Value, json};
use tests::definitions::{self, integration_with};
use tests::provider::Reply;
use tests::tokens::{CUSTOMER, WORKSPACE, customer};
use tests::{Answer, World};

use crate::refresh::{HOUR, connected, refreshes, renewed};

/// The answers that say no in words of their own.
fn doubtful() -> Vec<Reply> {
    vec![
        Reply::json(400, &json!({ "error": { "code": 190, "message": "secret!+words" } })),
        Reply::json(400, &json!({ "error": 400 })),
        Reply::json(400, &json!({ "status": "BAD_REFRESH_TOKEN" })),
        Reply::json(400, &json!({ "error": "token_dead" })),
        Reply::json(400, &json!({ "error": "invalid_request" })),
        Reply::json(200, &json!({ "error": "token_revoked" })),
        Reply::body(401, "text/plain", "Unauthorized: secret!+words"),
        Reply::body(403, "text/html", "<html>"),
    ]
}

/// The answers that say something else.
fn other() -> Vec<Reply> {
    vec![
        Reply::json(401, &json!({ "error": "invalid_client" })),
        Reply::json(400, &json!({ "error": "unauthorized_client" })),
        Reply::json(400, &json!({ "error": "unsupported_grant_type" })),
        Reply::json(400, &json!({ "error": "temporarily_unavailable" })),
        Reply::json(429, &json!({ "error": { "code": 4 } })),
        Reply::body(404, "text/html", "<html>"),
        Reply::body(200, "text/html", "<html>"),
        Reply::json(503, &json!({})),
    ]
}

async fn refused(reply: Reply) -> (World, String) {
    let world = World::with(&integration_with(&json!({}))).await;
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    world.provider.always("/oauth/token", reply);
    (world, id)
}

/// Refreshes a connection whenever it is due, for as long as that is before `end`, and it is connected.
async fn tried_until(world: &World, id: &str, end: Timestamp) {
    loop {
        let next = world.connection(id).await.json()["nextCredentialsRefreshAt"].clone();
        let Some(next) = next.as_str().map(|text| Timestamp::from_rfc3339(text).unwrap()) else { return };
        if next > end {
            world.clock.advance(end.since(world.clock.now()));
            return;
        }
        world.clock.advance(next.since(world.clock.now()));
        try_now(world, id).await;
    }
}

async fn try_now(world: &World, id: &str) -> Answer {
    let path = format!("/connections/{id}/refresh-credentials");
    world.api(Method::POST, &path, &customer(WORKSPACE, CUSTOMER), None).await
}

fn state(connection: &Value) -> (&Value, &Value) {
    (&connection["state"], &connection["error"]["key"])
}

const READY: &str = "READY";
const GONE: &str = "CLIENT_ACTION_REQUIRED";

#[tokio::test(start_paused = true)]
async fn a_refusal_that_goes_on_for_a_day_disconnects() {
    for reply in doubtful() {
        let (world, id) = refused(reply.clone()).await;
        let began = world.clock.now();
        tried_until(&world, &id, began + (24 * HOUR).saturating_sub(Duration::from_secs(1))).await;
        let connection = world.connection(&id).await;
        assert_eq!(state(&connection.json()), (&json!(READY), &json!("token_rejected")), "{reply:?}");
        assert!(!connection.body.contains("secret!+words"));
        // It is asked less and less often.
        assert!((8..14).contains(&refreshes(&world)), "{reply:?}: {}", refreshes(&world));
        let _ = world.take_events();
        tried_until(&world, &id, began + 31 * HOUR).await;
        let connection = world.connection(&id).await.json();
        assert_eq!(state(&connection), (&json!(GONE), &json!("access_token_expired")), "{reply:?}");
        let events = world.take_events();
        assert_eq!(events.last().unwrap()["detail-type"], "connection.disconnected");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_else_does() {
    for reply in other() {
        let (world, id) = refused(reply.clone()).await;
        tried_until(&world, &id, world.clock.now() + 72 * HOUR).await;
        let connection = world.connection(&id).await.json();
        assert_eq!(connection["state"], READY, "{reply:?}");
        assert!(connection["error"]["key"].is_string());
    }
}

/// A day is counted from the first refusal that nothing else has followed.
#[tokio::test(start_paused = true)]
async fn another_answer_in_between_begins_the_day_anew() {
    let refusal = doubtful().remove(0);
    for between in other() {
        let (world, id) = refused(refusal.clone()).await;
        let began = world.clock.now();
        tried_until(&world, &id, began + 20 * HOUR).await;
        world.provider.next("/oauth/token", between.clone());
        tried_until(&world, &id, began + 42 * HOUR).await;
        assert_eq!(world.connection(&id).await.json()["state"], READY, "{between:?}");
        tried_until(&world, &id, began + 70 * HOUR).await;
        assert_eq!(world.connection(&id).await.json()["state"], GONE, "{between:?}");
    }
    // No answer is none.
    let (world, id) = refused(refusal).await;
    let began = world.clock.now();
    tried_until(&world, &id, began + 20 * HOUR).await;
    world.provider.next("/oauth/token", Reply::fails(protocol::provider::client::ProviderError::Timeout));
    tried_until(&world, &id, began + 36 * HOUR).await;
    assert_eq!(world.connection(&id).await.json()["state"], GONE);
}

#[tokio::test(start_paused = true)]
async fn two_tries_are_too_few_and_so_is_a_short_time() {
    let (world, id) = refused(doubtful().remove(0)).await;
    assert_eq!(try_now(&world, &id).await.refusal().key, "token_rejected");
    world.clock.advance(25 * HOUR);
    assert_eq!(try_now(&world, &id).await.refusal().key, "token_rejected");
    assert_eq!(try_now(&world, &id).await.refusal().key, "access_token_expired");

    let (world, id) = refused(doubtful().remove(0)).await;
    for _ in 0..10 {
        assert_eq!(try_now(&world, &id).await.refusal().key, "token_rejected");
    }
    assert_eq!(world.connection(&id).await.json()["state"], READY);
}

/// A provider may refuse a refresh because it comes too early.
#[tokio::test(start_paused = true)]
async fn a_token_that_has_not_ended_is_not_given_up() {
    let world = World::with(&integration_with(&json!({}))).await;
    world.provider.next("/oauth/token", renewed(&json!({ "expires_in": 10 * 86_400 })));
    let id = connected(&world).await;
    world.provider.always("/oauth/token", doubtful().remove(0));
    tried_until(&world, &id, world.clock.now() + 239 * HOUR).await;
    assert!(refreshes(&world) > 5);
    let connection = world.connection(&id).await.json();
    assert_eq!(state(&connection), (&json!(READY), &json!("token_rejected")));
    tried_until(&world, &id, world.clock.now() + 2 * HOUR).await;
    assert_eq!(world.connection(&id).await.json()["state"], GONE);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_is_taken_ends_the_doubt() {
    let (world, id) = refused(doubtful().remove(0)).await;
    let began = world.clock.now();
    tried_until(&world, &id, began + 20 * HOUR).await;
    world.provider.next("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    tried_until(&world, &id, began + 40 * HOUR).await;
    assert_eq!(world.connection(&id).await.json()["state"], READY);
}

#[tokio::test(start_paused = true)]
async fn what_is_exchanged_is_doubted_too() {
    let mut definition = definitions::api_key();
    let option = &mut definition["authOptions"][0];
    let login = json!({ "uri": "https://provider.example/login", "response": { "access_token": "token" } });
    option["config"] = json!({ "login": login });
    option["inputSchema"] = json!({ "type": "object" });
    option["apiClient"] = json!({});
    let world = World::with(&definition).await;
    world.provider.next("/login", Reply::json(200, &json!({ "token": "first" })));
    let start = tests::Start::new().with(&json!({ "connectionParameters": { "user": "ada" } }));
    let id = world.browser().send(start.form()).await.connection_id();
    world.provider.always("/login", Reply::json(403, &json!({})));
    tried_until(&world, &id, world.clock.now() + 36 * HOUR).await;
    let connection = world.connection(&id).await.json();
    assert_eq!(state(&connection), (&json!(GONE), &json!("credentials_rejected")));
}
