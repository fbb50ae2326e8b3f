//! A refresh that brings nothing: only a definite refusal disconnects.

use std::time::Duration;

use http::Method;
use protocol::clock::Clock;
use protocol::provider::client::{ConnectionFailure, ProviderError};
use serde_json::{Value, json};
use tests::World;
use tests::definitions::integration_with;
use tests::provider::Reply;
use tests::tokens::{CUSTOMER, WORKSPACE, customer};

use crate::refresh::{HOUR, connected, refreshes, renewed};

fn error(code: &str) -> Reply {
    Reply::json(400, &json!({ "error": code, "error_description": "secret!+words" }))
}

async fn world_with_refresh(definition: &Value, reply: Reply) -> (World, String) {
    let world = World::with(definition).await;
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    world.provider.always("/oauth/token", reply);
    (world, id)
}

#[tokio::test(start_paused = true)]
async fn a_definite_refusal_disconnects() {
    let own_word = integration_with(&json!({ "refreshRefusals": ["token_dead"] }));
    for (definition, reply) in
        [(integration_with(&json!({})), error("invalid_grant")), (own_word, error("token_dead"))]
    {
        let (world, id) = world_with_refresh(&definition, reply).await;
        let read = world.read_secrets(&id).await;
        assert_eq!(read.status, 200);
        assert_eq!(read.json()["error"]["key"], "access_token_expired");
        assert!(!read.body.contains("secret!+words"));
        let connection = world.connection(&id).await.json();
        assert_eq!((&connection["connected"], &connection["disconnected"]), (&json!(false), &json!(true)));
        assert_eq!(connection["state"], "CLIENT_ACTION_REQUIRED");
        assert_eq!(connection.get("nextCredentialsRefreshAt"), None);
        // Nobody asks again.
        world.read_secrets(&id).await;
        let token = customer(WORKSPACE, CUSTOMER);
        let proxied = world.api(Method::GET, &format!("/connections/{id}/proxy/me"), &token, None).await;
        assert_eq!(proxied.refusal().key, "access_token_expired");
        assert_eq!(refreshes(&world), 1);
        let dump = world.dump().await;
        let event = &dump.live_connections()[0]["event"].as_m().unwrap()["name"];
        assert_eq!(event.as_s().unwrap(), "connection.disconnected");
    }
}

#[tokio::test(start_paused = true)]
async fn anything_else_is_tried_again() {
    for (reply, key) in [
        (error("invalid_client"), "client_rejected"),
        (error("unauthorized_client"), "client_rejected"),
        (error("invalid_request"), "token_rejected"),
        (error("token_dead"), "token_rejected"),
        (Reply::json(500, &json!({ "error": "invalid_grant" })), "provider_unreachable"),
        (Reply::json(429, &json!({ "error": "invalid_grant" })), "provider_unreachable"),
        (Reply::body(200, "text/html", "<html>"), "token_response_invalid"),
        (Reply::fails(ProviderError::Timeout), "provider_unreachable"),
        (Reply::fails(ProviderError::connection(ConnectionFailure::Broken)), "provider_unreachable"),
        (Reply::fails(ProviderError::NotAllowed), "configuration_invalid"),
        (Reply::hangs(), "provider_unreachable"),
    ] {
        let (world, id) = world_with_refresh(&integration_with(&json!({})), reply.clone()).await;
        assert_eq!(world.read_secrets(&id).await.refusal().key, key, "{reply:?}");
        let connection = world.connection(&id).await.json();
        assert_eq!((&connection["connected"], &connection["error"]["key"]), (&json!(true), &json!(key)));
        world.provider.always("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
        world.clock.advance(Duration::from_mins(2));
        assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "access/2", "{reply:?}");
        let connection = world.connection(&id).await.json();
        assert_eq!(connection.get("error"), None, "{reply:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_a_refresh_that_fails_share_its_failure() {
    let reply = Reply::json(503, &json!({})).after(Duration::from_secs(5));
    let (world, id) = world_with_refresh(&integration_with(&json!({})), reply).await;
    let second = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.read_secrets(&id).await
    };
    let (first, second) = tokio::join!(world.read_secrets(&id), second);
    assert_eq!(first.refusal().key, "provider_unreachable");
    assert_eq!(second.refusal().key, "provider_unreachable");
    assert_eq!(refreshes(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_refresh_token_the_end_is_the_end() {
    let world = World::new().await;
    world.provider.next("/oauth/token", renewed(&json!({ "refresh_token": null })));
    let id = connected(&world).await;
    let path = format!("/connections/{id}/refresh-credentials");
    let asked = world.api(Method::POST, &path, &customer(WORKSPACE, CUSTOMER), None).await;
    assert_eq!(asked.refusal().key, "not_supported");
    // A 401 may be about one path only: it ends nothing.
    world.provider.next("/api/other", Reply::json(401, &json!({})));
    let proxied = format!("/connections/{id}/proxy/other");
    let answer = world.api(Method::GET, &proxied, &customer(WORKSPACE, CUSTOMER), None).await;
    assert_eq!(answer.status, 401);
    assert_eq!(world.connection(&id).await.json()["connected"], true);

    world.clock.advance(HOUR);
    let read = world.secrets(&id).await;
    assert_eq!(
        (&read["disconnected"], &read["error"]["key"]),
        (&json!(true), &json!("access_token_expired"))
    );
    assert_eq!(refreshes(&world), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_disconnected_is_mended_by_connecting_again() {
    let (world, id) = world_with_refresh(&integration_with(&json!({})), error("invalid_grant")).await;
    world.read_secrets(&id).await;
    world.provider.always("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    let start = tests::Start::new().with(&json!({ "connectionId": id }));
    world.connect(&world.browser(), &start).await.assert_connected();
    let connection = world.connection(&id).await.json();
    assert_eq!((&connection["connected"], connection.get("error")), (&json!(true), None));
    assert_eq!(connection["state"], "READY");
}

/// Nothing is renewed that is gone, and nobody is told twice.
#[tokio::test(start_paused = true)]
async fn asking_for_new_credentials_of_a_disconnected_connection_says_why_there_are_none() {
    let (world, id) = world_with_refresh(&integration_with(&json!({})), error("invalid_grant")).await;
    world.read_secrets(&id).await;
    let _ = world.take_events();
    let path = format!("/connections/{id}/refresh-credentials");
    let asked = world.api(Method::POST, &path, &customer(WORKSPACE, CUSTOMER), None).await;
    assert_eq!(asked.refusal().key, "access_token_expired");
    assert_eq!(refreshes(&world), 1);
    assert!(world.take_events().is_empty());
    assert_eq!(world.dump().await.due(), [""; 0]);
}

/// Who looks after a connection sees since when it fails, how often it was tried, and what the provider said.
#[tokio::test(start_paused = true)]
async fn the_error_of_a_connection_says_since_when_how_often_and_with_which_status() {
    let reply = Reply::json(503, &json!({ "error_description": "secret!+words" }));
    let (world, id) = world_with_refresh(&integration_with(&json!({})), reply).await;
    let since = world.clock.now().to_rfc3339();
    for tries in 1..=3 {
        world.read_secrets(&id).await;
        let connection = world.connection(&id).await;
        let data = connection.json()["error"]["data"].clone();
        assert_eq!(data, json!({ "since": since, "tries": tries, "status": 503 }));
        assert!(!connection.body.contains("secret!+words"));
        let listed =
            world.api(Method::GET, "/connections", &customer(WORKSPACE, CUSTOMER), None).await.json();
        assert_eq!(listed["items"][0]["error"]["data"], data);
        world.clock.advance(HOUR);
    }
    // No answer has no status.
    world.provider.always("/oauth/token", Reply::fails(ProviderError::Timeout));
    world.read_secrets(&id).await;
    let data = world.connection(&id).await.json()["error"]["data"].clone();
    assert_eq!(data, json!({ "since": since, "tries": 4 }));
    // What disconnects it counts.
    world.provider.always("/oauth/token", error("invalid_grant"));
    world.clock.advance(HOUR);
    world.read_secrets(&id).await;
    let gone = world.connection(&id).await.json();
    assert_eq!(gone["disconnected"], true);
    assert_eq!(gone["error"]["data"], json!({ "since": since, "tries": 5, "status": 400 }));
}

/// A success ends a row of failures, and the next one begins another.
#[tokio::test(start_paused = true)]
async fn a_failure_after_a_success_begins_anew() {
    let reply = Reply::json(503, &json!({}));
    let (world, id) = world_with_refresh(&integration_with(&json!({})), reply.clone()).await;
    world.read_secrets(&id).await;
    world.provider.always("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    world.clock.advance(HOUR);
    assert_eq!(world.secrets(&id).await.get("error"), None);
    world.provider.always("/oauth/token", reply);
    world.clock.advance(HOUR);
    let since = world.clock.now().to_rfc3339();
    world.read_secrets(&id).await;
    let data = world.connection(&id).await.json()["error"]["data"].clone();
    assert_eq!(data, json!({ "since": since, "tries": 1, "status": 503 }));
}
