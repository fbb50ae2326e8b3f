//! `PATCH /self`: what a customer sets of themselves.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::World;
use tests::answer::refusal;
use tests::tokens::{CUSTOMER, WORKSPACE, WORKSPACE_SECRET, admin, customer, in_an_hour, signed};

async fn patch(world: &World, body: &Value) -> Value {
    world.api(Method::PATCH, "/self", &customer(WORKSPACE, CUSTOMER), Some(body)).await.json()
}

async fn shown(world: &World, token: &str) -> (Value, Value) {
    let shown = world.api(Method::GET, "/self", token, None).await.json();
    assert_eq!(shown["internalId"], shown["id"]);
    (shown["name"].clone(), shown["fields"].clone())
}

fn named(name: &str) -> String {
    let claims = json!({
        "iss": WORKSPACE, "id": CUSTOMER, "exp": in_an_hour(), "name": name, "fields": { "plan": "free" },
    });
    signed(&claims, WORKSPACE_SECRET)
}

#[tokio::test(start_paused = true)]
async fn what_was_set_is_shown_in_the_place_of_what_the_token_says() {
    let world = World::new().await;
    let token = named("Ada");
    assert_eq!(shown(&world, &token).await, (json!("Ada"), json!({ "plan": "free" })));
    let set = patch(&world, &json!({ "name": "Lovelace", "unknown": 1 })).await;
    assert_eq!((&set["id"], &set["name"]), (&json!(CUSTOMER), &json!("Lovelace")));
    assert_eq!(shown(&world, &token).await, (json!("Lovelace"), json!({ "plan": "free" })));
    patch(&world, &json!({ "fields": { "plan": "pro" } })).await;
    assert_eq!(shown(&world, &token).await, (json!("Lovelace"), json!({ "plan": "pro" })));
    patch(&world, &json!({ "name": null })).await;
    assert_eq!(shown(&world, &token).await, (json!("Ada"), json!({ "plan": "pro" })));
    patch(&world, &json!({ "fields": null })).await;
    assert_eq!(shown(&world, &token).await, (json!("Ada"), json!({ "plan": "free" })));
    // Nobody else has it.
    patch(&world, &json!({ "name": "Lovelace" })).await;
    assert_eq!(shown(&world, &customer(WORKSPACE, "user-2")).await, (json!("Ada Example"), json!({})));
    assert!(world.take_events().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_set_is_refused() {
    let world = World::new().await;
    let own = customer(WORKSPACE, CUSTOMER);
    for (body, expected) in [
        (json!({ "name": "" }), refusal(400, "request_malformed", "name")),
        (json!({ "name": "n".repeat(256) }), refusal(400, "request_malformed", "name")),
        (json!({ "fields": [] }), refusal(400, "request_malformed", "fields")),
        (json!({ "fields": { "a": "f".repeat(8192) } }), refusal(400, "request_malformed", "fields")),
        (json!({ "credentials": { "a": 1 } }), refusal(501, "not_supported", "credentials")),
    ] {
        assert_eq!(world.api(Method::PATCH, "/self", &own, Some(&body)).await.refusal(), expected);
    }
    let named = json!({ "name": "Root" });
    let refused = world.api(Method::PATCH, "/self", &admin(WORKSPACE), Some(&named)).await;
    assert_eq!(refused.refusal().key, "access_denied");
    assert!(world.dump().await.connections.is_empty());
}

#[tokio::test(start_paused = true)]
async fn it_is_exported_and_erased_with_the_customer() {
    let world = World::new().await;
    patch(&world, &json!({ "name": "Lovelace", "fields": { "plan": "pro" } })).await;
    let path = format!("/customers/{CUSTOMER}");
    let export = world.api(Method::GET, &format!("{path}/export"), &admin(WORKSPACE), None).await.json();
    assert_eq!((&export["name"], &export["fields"]), (&json!("Lovelace"), &json!({ "plan": "pro" })));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.api(Method::DELETE, &path, &admin(WORKSPACE), None).await.status, 200);
    assert!(!world.dump().await.contains(b"Lovelace"));
    assert_eq!(shown(&world, &named("Ada")).await, (json!("Ada"), json!({ "plan": "free" })));
    // What comes afterwards is new.
    patch(&world, &json!({ "name": "New" })).await;
    assert_eq!(shown(&world, &named("Ada")).await, (json!("New"), json!({ "plan": "free" })));
}

#[tokio::test(start_paused = true)]
async fn no_change_that_arrives_once_more_brings_anything_back() {
    let world = World::new().await;
    world.wire.keep_writes();
    let path = format!("/customers/{CUSTOMER}");
    patch(&world, &json!({ "name": "One" })).await;
    patch(&world, &json!({ "name": "Two" })).await;
    world.clock.advance(Duration::from_secs(1));
    world.api(Method::DELETE, &path, &admin(WORKSPACE), None).await;
    world.clock.advance(Duration::from_secs(1));
    patch(&world, &json!({ "name": "Three" })).await;
    world.assert_late_writes_change_nothing().await;
    assert_eq!(shown(&world, &named("Ada")).await.0, json!("Three"));
}

#[tokio::test(start_paused = true)]
async fn two_changes_at_once_are_both_made() {
    let world = World::new().await;
    let (name, fields) = (json!({ "name": "Both" }), json!({ "fields": { "plan": "pro" } }));
    tokio::join!(patch(&world, &name), patch(&world, &fields));
    assert_eq!(shown(&world, &named("Ada")).await, (json!("Both"), json!({ "plan": "pro" })));
}
