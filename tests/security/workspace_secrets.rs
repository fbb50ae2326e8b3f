//! A workspace's secret: removed, replaced at once, and replaced without a gap.

use std::sync::Arc;
use std::time::Duration;

use flow::seal::StaticKey;
use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::random::CountedRandom;
use tests::tokens::{self, CUSTOMER, Pair, ROOT, WORKSPACE, WORKSPACE_SECRET, in_an_hour, signed};
use tests::{Answer, World, definitions};
use zeroize::Zeroizing;

const NEW: &str = "a new secret that is at least as long as a hash";

async fn put(world: &World, path: &str, changes: &Value) -> Answer {
    let mut workspace = definitions::workspace(WORKSPACE);
    workspace.as_object_mut().unwrap().remove("secret");
    for (name, value) in changes.as_object().unwrap() {
        workspace[name] = value.clone();
    }
    world.api(Method::PUT, path, &tokens::admin(ROOT), Some(&workspace)).await
}

/// Status of a call with a token that this secret signed.
async fn status(world: &World, secret: &str) -> u16 {
    let claims = json!({ "iss": WORKSPACE, "id": CUSTOMER, "exp": in_an_hour() });
    world.forget_definitions();
    world.api(Method::GET, "/self", &signed(&claims, secret), None).await.status.as_u16()
}

const PATH: &str = "/workspaces/acme";

#[tokio::test(start_paused = true)]
async fn two_secrets_verify_until_the_older_ones_end() {
    let world = World::new().await;
    let until = world.clock.now_plus(Duration::from_mins(10)).to_rfc3339();
    let answer = put(&world, PATH, &json!({ "secret": NEW, "previousSecretUntil": until })).await;
    assert_eq!(answer.json()["previousSecretUntil"], until);
    assert!(!answer.body.contains(NEW) && !answer.body.contains(WORKSPACE_SECRET));
    assert_eq!((status(&world, NEW).await, status(&world, WORKSPACE_SECRET).await), (200, 200));
    // What says nothing of secrets keeps both; so does what GET gave, written back.
    let shown = world.api(Method::GET, PATH, &tokens::admin(ROOT), None).await.json();
    assert_eq!(shown["previousSecretUntil"], until);
    for kept in [json!({}), json!({ "previousSecretUntil": until }), json!({ "secret": NEW })] {
        assert_eq!(put(&world, PATH, &kept).await.json()["previousSecretUntil"], until);
        assert_eq!((status(&world, NEW).await, status(&world, WORKSPACE_SECRET).await), (200, 200));
    }
    assert!(!world.dump().await.contains(NEW.as_bytes()));
    world.clock.advance(Duration::from_mins(10));
    assert_eq!((status(&world, NEW).await, status(&world, WORKSPACE_SECRET).await), (200, 401));
    let shown = world.api(Method::GET, PATH, &tokens::admin(ROOT), None).await.json();
    assert_eq!(shown["previousSecretUntil"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn the_older_one_ends_at_once_or_earlier_where_that_is_asked_for() {
    let world = World::new().await;
    assert_eq!(put(&world, PATH, &json!({ "secret": NEW })).await.status, 200);
    assert_eq!((status(&world, NEW).await, status(&world, WORKSPACE_SECRET).await), (200, 401));

    let later = world.clock.now_plus(Duration::from_hours(24)).to_rfc3339();
    put(&world, PATH, &json!({ "secret": WORKSPACE_SECRET, "previousSecretUntil": later })).await;
    assert_eq!((status(&world, NEW).await, status(&world, WORKSPACE_SECRET).await), (200, 200));
    let now = world.clock.now_plus(Duration::ZERO).to_rfc3339();
    put(&world, PATH, &json!({ "previousSecretUntil": now })).await;
    assert_eq!((status(&world, NEW).await, status(&world, WORKSPACE_SECRET).await), (401, 200));
    // Of three, the first is gone.
    put(&world, PATH, &json!({ "secret": NEW, "previousSecretUntil": later })).await;
    let third = "the third of these secrets, as long as a hash";
    put(&world, PATH, &json!({ "secret": third, "previousSecretUntil": later })).await;
    assert_eq!(status(&world, WORKSPACE_SECRET).await, 401);
    assert_eq!((status(&world, NEW).await, status(&world, third).await), (200, 200));
}

#[tokio::test(start_paused = true)]
async fn null_removes_the_secret_where_a_public_key_is_left_or_with_force() {
    let world = World::new().await;
    let refused = put(&world, PATH, &json!({ "secret": null })).await;
    assert_eq!(refused.refusal(), refusal(400, "parameter_missing", "publicKeys"));
    assert_eq!(status(&world, WORKSPACE_SECRET).await, 200);

    let pair = Pair::p256();
    let later = world.clock.now_plus(Duration::from_hours(1)).to_rfc3339();
    put(&world, PATH, &json!({ "secret": NEW, "previousSecretUntil": later })).await;
    let answer = put(&world, PATH, &json!({ "secret": null, "publicKeys": [pair.public_pem] })).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["previousSecretUntil"]), (200, &Value::Null));
    assert_eq!((status(&world, NEW).await, status(&world, WORKSPACE_SECRET).await), (401, 401));
    let claims = json!({ "iss": WORKSPACE, "id": CUSTOMER, "exp": in_an_hour() });
    assert_eq!(world.api(Method::GET, "/self", &pair.sign(&claims), None).await.status, 200);

    // The last key of all, if nobody shall sign any more. The next definition gets a new secret.
    put(&world, PATH, &json!({ "secret": NEW, "publicKeys": [] })).await;
    assert_eq!(status(&world, NEW).await, 200);
    assert_eq!(put(&world, "/workspaces/acme?force=true", &json!({ "secret": null })).await.status, 200);
    assert_eq!(status(&world, NEW).await, 401);
    let generated = put(&world, PATH, &json!({})).await.json()["secret"].as_str().unwrap().to_owned();
    assert_eq!(status(&world, &generated).await, 200);
}

#[tokio::test(start_paused = true)]
async fn an_end_that_means_nothing_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let before = world.dump().await;
    let (soon, distant) = (Duration::from_hours(1), Duration::from_hours(24 * 31));
    let (soon, distant) =
        (world.clock.now_plus(soon).to_rfc3339(), world.clock.now_plus(distant).to_rfc3339());
    for changes in [
        json!({ "previousSecretUntil": soon }),
        json!({ "secret": NEW, "previousSecretUntil": distant }),
        json!({ "secret": NEW, "previousSecretUntil": "tomorrow" }),
        json!({ "secret": NEW, "previousSecretUntil": "" }),
        json!({ "secret": NEW, "previousSecretUntil": 5 }),
    ] {
        let refused = put(&world, PATH, &changes).await;
        assert_eq!(refused.refusal(), refusal(400, "request_malformed", "previousSecretUntil"), "{changes}");
    }
    assert_eq!(world.dump().await, before);
}

/// Its wrapping key may be gone for good: what is replaced at once need not be read.
#[tokio::test(start_paused = true)]
async fn a_secret_that_cannot_be_opened_any_more_can_be_replaced() {
    let before = World::new().await;
    let other = Arc::new(StaticKey::new(Zeroizing::new([7; 32]), Arc::new(CountedRandom::default())));
    let world = before.deployed_with(other);
    assert!(!put(&world, PATH, &json!({})).await.status.is_success());
    assert_eq!(put(&world, PATH, &json!({ "secret": NEW })).await.status, 200);
    assert_eq!(status(&world, NEW).await, 200);
}
