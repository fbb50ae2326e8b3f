//! What a token may claim, whoever signed it.

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::tokens::{ROOT, ROOT_SECRET, WORKSPACE, WORKSPACE_SECRET, in_an_hour, signed};
use tests::{Start, World, clock, definitions};

use crate::refused::assert_refused;

const DAY: i64 = 86_400;

/// A workspace with these rules for its tokens.
async fn world_with(rules: &Value) -> World {
    let world = World::new().await;
    let mut workspace = definitions::workspace(WORKSPACE);
    workspace.as_object_mut().unwrap().remove("maxTokenLifetime");
    definitions::merge(&mut workspace, rules);
    world.define_workspace(WORKSPACE, &workspace).await;
    world
}

fn start(changes: &Value) -> Start {
    let mut claims = json!({ "iss": WORKSPACE, "id": "user-1", "exp": in_an_hour() });
    definitions::merge(&mut claims, changes);
    Start::new().with(&json!({ "token": signed(&claims, WORKSPACE_SECRET) }))
}

async fn assert_token_refused(world: &World, changes: &Value) {
    let expected = refusal(401, "not_authenticated", "token");
    assert_refused(world, &world.browser(), &start(changes).form(), &expected, &changes.to_string()).await;
}

#[tokio::test(start_paused = true)]
async fn a_token_that_outlives_the_workspaces_limit_starts_nothing() {
    let now = clock::BEGINNING.seconds();
    for (rules, limit) in [(json!({}), DAY), (json!({ "maxTokenLifetime": 600 }), 600)] {
        let world = world_with(&rules).await;
        for ahead in [limit + 61, limit * 10, 315_360_000, 1 << 53] {
            assert_token_refused(&world, &json!({ "exp": now + ahead })).await;
        }
        let lasting = start(&json!({ "exp": now + limit }));
        world.begin(&world.browser(), &lasting).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_root_token_of_more_than_a_day_defines_nothing() {
    let world = World::new().await;
    let claims = json!({ "iss": ROOT, "isAdmin": true, "exp": clock::BEGINNING.seconds() + 2 * DAY });
    let definition = definitions::workspace("new");
    let token = signed(&claims, ROOT_SECRET);
    let answer = world.api(Method::PUT, "/workspaces/new", &token, Some(&definition)).await;
    assert_eq!(answer.refusal(), refusal(401, "not_authenticated", "token"));
}

#[tokio::test(start_paused = true)]
async fn a_token_from_the_future_or_for_somebody_else_starts_nothing() {
    let now = clock::BEGINNING.seconds();
    let world = world_with(&json!({ "tokenAudience": "https://connect.acme.example" })).await;
    let ours = json!("https://connect.acme.example");
    for changes in [
        json!({}),
        json!({ "aud": "https://other.example" }),
        json!({ "aud": ["https://other.example"] }),
        json!({ "aud": ours, "iat": now + 61 }),
        json!({ "aud": ours, "nbf": now + 61 }),
    ] {
        assert_token_refused(&world, &changes).await;
    }
    for changes in [
        json!({ "aud": ours, "iat": now + 60, "nbf": now + 60 }),
        json!({ "aud": ["https://other.example", ours] }),
    ] {
        world.begin(&world.browser(), &start(&changes)).await;
    }
}

/// `isAdmin` is `true`, or the text `true`: what else is there may well mean no.
#[tokio::test(start_paused = true)]
async fn only_true_manages() {
    let world = World::new().await;
    let manage = async |is_admin: Value| {
        let claims = json!({ "iss": WORKSPACE, "isAdmin": is_admin, "exp": in_an_hour() });
        let token = signed(&claims, WORKSPACE_SECRET);
        world.api(Method::GET, "/integrations", &token, None).await.status.as_u16()
    };
    for yes in [json!(true), json!("true")] {
        assert_eq!(manage(yes.clone()).await, 200, "{yes}");
    }
    for no in [
        json!("false"),
        json!("no"),
        json!("0"),
        json!("yes"),
        json!("TRUE"),
        json!(1),
        json!(0),
        json!([true]),
        json!({ "is": true }),
        json!(false),
    ] {
        assert_eq!(manage(no.clone()).await, 401, "{no}");
    }
}
