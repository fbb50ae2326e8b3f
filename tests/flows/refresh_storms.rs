//! However often a connection is used, its provider is not asked for new credentials again and again.

use std::time::Duration;

use http::Method;
use serde_json::json;
use tests::provider::Reply;
use tests::tokens::{CUSTOMER, WORKSPACE, customer};
use tests::{Answer, Start, World};

use crate::refresh::{HOUR, connected, refreshes, renewed};

const MINUTE: Duration = Duration::from_mins(1);

/// A connection whose token is a quarter of an hour old, to an API that lets nobody see `/forbidden`.
async fn world() -> (World, String) {
    let world = World::new().await;
    let id = connected(&world).await;
    world.provider.always("/api/forbidden", Reply::json(401, &json!({ "message": "no" })));
    world.provider.always("/api/contacts", Reply::json(200, &json!({ "ok": true })));
    world.clock.advance(15 * MINUTE);
    (world, id)
}

async fn proxied(world: &World, id: &str, path: &str) -> Answer {
    let path = format!("/connections/{id}/proxy/{path}");
    world.api(Method::GET, &path, &customer(WORKSPACE, CUSTOMER), None).await
}

async fn forbidden(world: &World, id: &str) {
    let answer = proxied(world, id, "forbidden").await;
    assert_eq!((answer.status.as_u16(), answer.json()), (401, json!({ "message": "no" })));
}

async fn refresh(world: &World, id: &str) -> Answer {
    let path = format!("/connections/{id}/refresh-credentials");
    world.api(Method::POST, &path, &customer(WORKSPACE, CUSTOMER), None).await
}

#[tokio::test(start_paused = true)]
async fn a_path_that_always_answers_401_is_one_refresh_and_then_ever_fewer() {
    let (world, id) = world().await;
    for _ in 0..15 {
        forbidden(&world, &id).await;
    }
    assert_eq!(refreshes(&world), 1);
    // The first was sent twice.
    assert_eq!(world.provider.calls_to("/api/forbidden").len(), 16);
    for (minutes, so_far) in [(1, 1), (1, 2), (3, 2), (1, 3), (7, 3), (1, 4), (15, 4), (1, 5)] {
        world.clock.advance(minutes * MINUTE);
        forbidden(&world, &id).await;
        forbidden(&world, &id).await;
        assert_eq!(refreshes(&world), so_far);
    }
    let connection = world.connection(&id).await.json();
    assert_eq!((&connection["connected"], connection.get("error")), (&json!(true), None));
    assert_eq!(proxied(&world, &id, "contacts").await.status, 200);
    // A day later that is forgotten.
    world.clock.advance(24 * HOUR);
    proxied(&world, &id, "contacts").await;
    world.clock.advance(MINUTE);
    let before = refreshes(&world);
    forbidden(&world, &id).await;
    world.clock.advance(2 * MINUTE);
    forbidden(&world, &id).await;
    assert_eq!(refreshes(&world), before + 2);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_were_issued_just_now_are_not_to_blame_for_a_401() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.provider.always("/api/forbidden", Reply::json(401, &json!({ "message": "no" })));
    world.clock.advance(Duration::from_secs(59));
    forbidden(&world, &id).await;
    assert_eq!(refreshes(&world), 0);
    // Nor are those that somebody has just asked for.
    world.clock.advance(HOUR / 2);
    assert_eq!(refresh(&world, &id).await.status, 204);
    world.clock.advance(Duration::from_secs(30));
    forbidden(&world, &id).await;
    assert_eq!(refreshes(&world), 1);
}

/// Whether the refresh is refused for now or cannot be made: the token still works elsewhere.
#[tokio::test(start_paused = true)]
async fn a_refresh_that_a_401_asked_for_and_that_fails_marks_no_healthy_connection() {
    let (world, id) = world().await;
    world.provider.always("/oauth/token", Reply::json(503, &json!({})));
    let before = world.connection(&id).await.json();
    for _ in 0..5 {
        forbidden(&world, &id).await;
    }
    assert_eq!(refreshes(&world), 1);
    let mut after = world.connection(&id).await.json();
    after["lastActiveAt"] = before["lastActiveAt"].clone();
    assert_eq!(after, before);
    world.clock.advance(2 * MINUTE);
    forbidden(&world, &id).await;
    assert_eq!(refreshes(&world), 2);
    assert_eq!(proxied(&world, &id, "contacts").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn those_that_are_gone_for_good_are_noticed_all_the_same() {
    let (world, id) = world().await;
    world.provider.always("/oauth/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    forbidden(&world, &id).await;
    assert_eq!(world.connection(&id).await.json()["state"], "CLIENT_ACTION_REQUIRED");
}

#[tokio::test(start_paused = true)]
async fn many_401s_at_once_are_one_refresh() {
    for status in [200, 503] {
        let (world, id) = world().await;
        world
            .provider
            .always("/oauth/token", Reply::json(status, &tests::provider::tokens()).after(MINUTE / 20));
        let calls = || forbidden(&world, &id);
        tokio::join!(calls(), calls(), calls(), calls(), calls());
        assert_eq!(refreshes(&world), 1, "{status}");
        forbidden(&world, &id).await;
        assert_eq!(refreshes(&world), 1, "{status}");
    }
}

/// The customer reconnects while a call is at the API, which then no longer takes the old token.
#[tokio::test(start_paused = true)]
async fn a_401_that_a_reconnection_has_overtaken_shows_nobody_the_old_refresh_token() {
    let (world, id) = world().await;
    world.provider.next("/api/contacts", Reply::json(401, &json!({})).after(Duration::from_secs(5)));
    let issued = json!({ "access_token": "access/2", "refresh_token": "refresh/2" });
    world.provider.next("/oauth/token", renewed(&issued));
    let reconnection = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let start = Start::new().with(&json!({ "connectionId": id }));
        world.connect(&world.browser(), &start).await.assert_connected();
    };
    let (answer, ()) = tokio::join!(proxied(&world, &id, "contacts"), reconnection);
    assert_eq!(answer.status, 200);
    // That one call was the reconnection's.
    assert_eq!(refreshes(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_refresh_that_failed_those_who_come_in_the_pause_are_told_why_and_nobody_is_asked() {
    let (world, id) = world().await;
    world.clock.advance(HOUR);
    world.provider.always("/oauth/token", Reply::json(503, &json!({})));
    for _ in 0..15 {
        assert_eq!(world.read_secrets(&id).await.refusal().key, "provider_unreachable");
        assert_eq!(proxied(&world, &id, "contacts").await.refusal().key, "provider_unreachable");
    }
    assert_eq!(refreshes(&world), 1);
    // Who asks for just that asks the provider.
    assert_eq!(refresh(&world, &id).await.refusal().key, "provider_unreachable");
    assert_eq!(refreshes(&world), 2);
    // The second pause is longer than the first.
    world.clock.advance(MINUTE);
    world.read_secrets(&id).await;
    assert_eq!(refreshes(&world), 2);
    world.clock.advance(2 * MINUTE);
    world.read_secrets(&id).await;
    assert_eq!(refreshes(&world), 3);
    world.provider.always("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    assert_eq!(refresh(&world, &id).await.status, 204);
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "access/2");
}

/// The scheduled tries grow to six hours apart. Who needs the connection does not wait so long.
#[tokio::test(start_paused = true)]
async fn a_use_waits_for_a_quarter_of_an_hour_at_most() {
    let (world, id) = world().await;
    world.clock.advance(HOUR);
    world.provider.always("/oauth/token", Reply::json(503, &json!({})));
    for _ in 0..8 {
        refresh(&world, &id).await;
    }
    world.clock.advance(14 * MINUTE);
    assert_eq!(world.read_secrets(&id).await.status, 502);
    assert_eq!(refreshes(&world), 8);
    world.provider.always("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    world.clock.advance(MINUTE);
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "access/2");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_has_not_ended_is_used_in_the_pause() {
    let (world, id) = world().await;
    world.provider.always("/oauth/token", Reply::json(503, &json!({})));
    world.clock.advance(44 * MINUTE + Duration::from_secs(1));
    for _ in 0..5 {
        assert_eq!(proxied(&world, &id, "contacts").await.status, 200);
    }
    assert_eq!(refreshes(&world), 1);
}
