//! A refresh that fails before the token's end is no reason not to use the token.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::World;
use tests::definitions::integration_with;
use tests::provider::{ACCESS_TOKEN, Reply};
use tests::tokens::{CUSTOMER, WORKSPACE, customer};

use crate::refresh::{connected, refreshes, renewed};

/// A provider whose tokens last ten minutes, and that refuses every refresh until it is told otherwise.
async fn refusing(config: &Value) -> (World, String) {
    let world = World::with(&integration_with(config)).await;
    world.provider.next("/oauth/token", renewed(&json!({ "expires_in": 600 })));
    let id = connected(&world).await;
    world.provider.always("/oauth/token", Reply::json(400, &json!({ "error": "too_early" })));
    (world, id)
}

#[tokio::test(start_paused = true)]
async fn a_token_is_used_until_its_real_end_when_a_refresh_before_it_fails() {
    let (world, id) = refusing(&json!({})).await;
    world.provider.always("/api/contacts", Reply::json(200, &json!({ "ok": true })));
    world.clock.advance(Duration::from_secs(545));
    let proxied = format!("/connections/{id}/proxy/contacts");
    let answer = world.api(Method::GET, &proxied, &customer(WORKSPACE, CUSTOMER), None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let read = world.secrets(&id).await;
    assert_eq!(read["credentials"]["access_token"], ACCESS_TOKEN);
    // Nothing is hidden: the refresh has failed.
    assert_eq!((&read["connected"], &read["error"]["key"]), (&json!(true), &json!("token_rejected")));

    world.clock.advance(Duration::from_secs(54));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], ACCESS_TOKEN);
    world.clock.advance(Duration::from_secs(1));
    world.provider.next("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    let read = world.secrets(&id).await;
    assert_eq!((&read["credentials"]["access_token"], read.get("error")), (&json!("access/2"), None));
}

/// However long the pause after a failure is, the end of the token ends it.
#[tokio::test(start_paused = true)]
async fn the_end_of_the_token_is_when_it_is_tried_again() {
    let (world, id) = refusing(&json!({})).await;
    for seconds in [450, 90, 30] {
        world.clock.advance(Duration::from_secs(seconds));
        world.run_schedule_again().await;
    }
    let next = world.connection(&id).await.json()["nextCredentialsRefreshAt"].clone();
    assert_eq!(next, "2026-01-01T00:10:00.000Z");
    world.clock.advance(Duration::from_secs(30));
    world.provider.next("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    world.run_schedule_again().await;
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "access/2");
}

#[tokio::test(start_paused = true)]
async fn the_definition_may_say_how_early_a_refresh_may_be() {
    let (world, id) = refusing(&json!({ "refreshBefore": 30 })).await;
    for seconds in [450, 100, 19] {
        world.clock.advance(Duration::from_secs(seconds));
        world.run_schedule_again().await;
        assert_eq!(world.secrets(&id).await["credentials"]["access_token"], ACCESS_TOKEN);
    }
    assert_eq!(refreshes(&world), 0);
    world.clock.advance(Duration::from_secs(1));
    world.provider.next("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    world.run_schedule_again().await;
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "access/2");
    assert_eq!(refreshes(&world), 1);
}

/// A connection that was stored before tokens had a real end beside the time of their refresh.
#[tokio::test(start_paused = true)]
async fn what_was_stored_before_goes_on() {
    let world = World::new().await;
    let id = connected(&world).await;
    let mut item = world.dump().await.live_connections()[0].clone();
    let mut health: Value = serde_json::from_str(item["health"].as_s().unwrap()).unwrap();
    health.as_object_mut().unwrap().retain(|name, _| name == "expiresAt" || name == "nextRefreshAt");
    item.insert("health".to_owned(), aws_sdk_dynamodb::types::AttributeValue::S(health.to_string()));
    world.write("connections", &item).await;
    world.clock.advance(Duration::from_mins(59));
    world.provider.next("/oauth/token", Reply::json(503, &json!({})));
    assert_eq!(world.read_secrets(&id).await.refusal().key, "provider_unreachable");
}
