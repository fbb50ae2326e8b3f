//! Two sets of tokens in one answer: both live as long as the connection.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::World;
use tests::definitions::{integration_with, merge};
use tests::provider::Reply;
use tests::tokens::{CUSTOMER, WORKSPACE, customer};

use crate::refresh::{HOUR, connected};

fn definition() -> Value {
    integration_with(&json!({
        "furtherTokens": {
            "user": {
                "access_token": "authed_user.access_token",
                "refresh_token": "authed_user.refresh_token",
                "expires_in": "authed_user.expires_in",
            },
        },
        "refreshRefusals": ["token_revoked"],
    }))
}

/// An answer for a bot, and for a user.
fn both(user: &Value) -> Value {
    json!({
        "access_token": "bot/1", "refresh_token": "bot/r1", "expires_in": 43200,
        "authed_user": user,
    })
}

fn user() -> Value {
    json!({ "id": "U1", "access_token": "user/1", "refresh_token": "user/r1", "expires_in": 7200 })
}

async fn world(answer: &Value) -> (World, String) {
    let world = World::with(&definition()).await;
    world.provider.next("/oauth/token", Reply::json(200, answer));
    let id = connected(&world).await;
    (world, id)
}

fn renewed(who: &str, round: u32) -> Reply {
    let token = |kind: &str| format!("{who}/{kind}{round}");
    let answer = json!({ "access_token": token(""), "refresh_token": token("r"), "expires_in": 43200 });
    Reply::json(200, &answer)
}

/// The refresh tokens that were sent, in their order.
fn sent(world: &World) -> Vec<String> {
    let calls = world.provider.calls_to("/oauth/token").into_iter().skip(1);
    calls.map(|call| call.parameter("refresh_token").unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn each_set_is_renewed_by_its_own_refresh_token_before_the_first_of_them_ends() {
    let (world, id) = world(&both(&user())).await;
    let read = world.secrets(&id).await;
    assert_eq!(read["credentials"]["access_token"], "bot/1");
    assert_eq!(
        read["credentials"]["user"],
        json!({ "access_token": "user/1", "refresh_token": "user/r1", "expires_in": 7200 })
    );
    // The user's lasts two hours, the bot's twelve.
    assert_eq!(read["nextCredentialsRefreshAt"], "2026-01-01T01:45:00.000Z");
    for round in 2..4 {
        world.clock.advance(if round == 2 { 2 * HOUR } else { 12 * HOUR });
        world.provider.next("/oauth/token", renewed("bot", round));
        world.provider.next("/oauth/token", renewed("user", round));
        let read = world.secrets(&id).await;
        assert_eq!(read["credentials"]["access_token"], format!("bot/{round}"));
        assert_eq!(read["credentials"]["refresh_token"], format!("bot/r{round}"));
        let expected = json!({
            "access_token": format!("user/{round}"), "refresh_token": format!("user/r{round}"), "expires_in": 43200,
        });
        assert_eq!(read["credentials"]["user"], expected);
    }
    assert_eq!(sent(&world), ["bot/r1", "user/r1", "bot/r2", "user/r2"]);
}

#[tokio::test(start_paused = true)]
async fn a_set_that_is_refused_for_good_disconnects_and_is_named() {
    for error in ["invalid_grant", "token_revoked"] {
        let (world, id) = world(&both(&user())).await;
        world.clock.advance(2 * HOUR);
        world.provider.next("/oauth/token", renewed("bot", 2));
        world.provider.next("/oauth/token", Reply::json(400, &json!({ "error": error })));
        world.read_secrets(&id).await;
        let connection = world.connection(&id).await.json();
        assert_eq!(connection["disconnected"], true, "{connection}");
        assert_eq!(connection["error"]["key"], "access_token_expired");
        assert_eq!(connection["error"]["data"]["field"], "furtherTokens.user");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_renewed_just_now_costs_the_others_nothing() {
    let (world, id) = world(&both(&user())).await;
    world.clock.advance(2 * HOUR);
    world.provider.next("/oauth/token", renewed("bot", 2));
    world.provider.next("/oauth/token", Reply::json(503, &json!({})));
    let read = world.secrets(&id).await;
    assert_eq!(read["credentials"]["access_token"], "bot/2");
    assert_eq!(read["credentials"]["user"]["refresh_token"], "user/r1");
    let connection = world.connection(&id).await.json();
    assert_eq!(
        (&connection["disconnected"], &connection["error"]["key"]),
        (&json!(false), &json!("provider_unreachable"))
    );
    assert_eq!(connection["error"]["data"]["field"], "furtherTokens.user");
    // The scheduled run comes back to it soon.
    let next = connection["nextCredentialsRefreshAt"].as_str().unwrap();
    assert!(next < "2026-01-01T02:05:00.000Z", "{next}");
    world.clock.advance(Duration::from_mins(5));
    world.provider.next("/oauth/token", renewed("bot", 3));
    world.provider.next("/oauth/token", renewed("user", 3));
    world.run_schedule_again().await;
    let read = world.secrets(&id).await;
    assert_eq!(read["credentials"]["user"]["access_token"], "user/3");
    assert_eq!(world.connection(&id).await.json().get("error"), None);
    assert_eq!(sent(&world), ["bot/r1", "user/r1", "bot/r2", "user/r1"]);
}

#[tokio::test(start_paused = true)]
async fn a_set_that_is_not_there_is_not_asked_for() {
    let mut alone = both(&json!({ "id": "U1" }));
    let mut same = both(&user());
    merge(&mut same["authed_user"], &json!({ "access_token": "bot/1", "refresh_token": "bot/r1" }));
    merge(&mut alone, &json!({ "expires_in": 3600 }));
    for answer in [alone, same] {
        let (world, id) = world(&answer).await;
        assert_eq!(world.secrets(&id).await["credentials"].get("user"), None);
        world.clock.advance(12 * HOUR);
        world.provider.next("/oauth/token", renewed("bot", 2));
        assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "bot/2");
        assert_eq!(sent(&world), ["bot/r1"]);
    }
}

/// A provider may renew both at once.
#[tokio::test(start_paused = true)]
async fn a_set_that_comes_with_the_first_is_not_asked_for_again() {
    let (world, id) = world(&both(&user())).await;
    world.clock.advance(2 * HOUR);
    let mut again = both(&user());
    merge(&mut again["authed_user"], &json!({ "access_token": "user/2", "refresh_token": "user/r2" }));
    world.provider.next("/oauth/token", Reply::json(200, &again));
    assert_eq!(world.secrets(&id).await["credentials"]["user"]["refresh_token"], "user/r2");
    assert_eq!(sent(&world), ["bot/r1"]);
}

#[tokio::test(start_paused = true)]
async fn each_set_is_revoked_though_one_is_refused() {
    for first in [200, 400] {
        let mut definition = definition();
        definition["authOptions"][0]["config"]["revocationUri"] = json!("https://provider.example/revoke");
        let world = World::with(&definition).await;
        world.provider.next("/oauth/token", Reply::json(200, &both(&user())));
        let id = connected(&world).await;
        world.provider.next("/revoke", Reply::json(first, &json!({})));
        world.provider.always("/revoke", Reply::json(200, &json!({})));
        world.api(Method::DELETE, &format!("/connections/{id}"), &customer(WORKSPACE, CUSTOMER), None).await;
        let calls = world.provider.calls_to("/revoke");
        let revoked: Vec<String> = calls.iter().map(|call| call.parameter("token").unwrap()).collect();
        assert_eq!(revoked, ["bot/r1", "user/r1"]);
    }
}
