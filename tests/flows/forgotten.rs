//! The credentials of archived and replaced connections: they are kept for as long as the workspace says, and then gone.

use std::sync::Arc;
use std::time::Duration;

use flow::lifecycle::refresh::Swept;
use flow::seal::StaticKey;
use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{self, integration_with};
use tests::provider::{ACCESS_TOKEN, REFRESH_TOKEN, Reply};
use tests::random::CountedRandom;
use tests::tokens::{CUSTOMER, ROOT, WORKSPACE, admin, customer};
use tests::wire::{Consumed, FOR_GOOD};
use tests::{Answer, Fault, Start, World};
use zeroize::Zeroizing;

use crate::refresh::{HOUR, connected, renewed};

const DAY: Duration = Duration::from_hours(24);

fn forgotten() -> Swept {
    Swept { forgotten: 1, ..Swept::default() }
}

async fn call(world: &World, method: Method, path: &str) -> Answer {
    world.api(method, path, &customer(WORKSPACE, CUSTOMER), None).await
}

async fn archive(world: &World, id: &str) {
    assert_eq!(call(world, Method::DELETE, &format!("/connections/{id}")).await.status, 204);
}

async fn restore(world: &World, id: &str) -> Value {
    call(world, Method::POST, &format!("/connections/{id}/restore")).await.json()
}

async fn disconnect(world: &World, id: &str) -> Answer {
    call(world, Method::POST, &format!("/connections/{id}/disconnect")).await
}

/// The workspace keeps credentials for so many days.
async fn keep_for(world: &World, days: u16) {
    let mut workspace = definitions::workspace(WORKSPACE);
    workspace["archivedCredentialsDays"] = days.into();
    world.define_workspace(WORKSPACE, &workspace).await;
}

async fn holds_tokens(world: &World) -> bool {
    world.dump().await.archived_connections().iter().any(|item| item.contains_key("sealed"))
}

#[tokio::test(start_paused = true)]
async fn an_archived_connection_loses_its_credentials_after_thirty_days() {
    let world = World::new().await;
    let id = connected(&world).await;
    archive(&world, &id).await;
    let read = world.connection(&id).await.json();
    assert_eq!(read["credentialsKeptUntil"], "2026-01-31T00:00:00.000Z");
    world.clock.advance(29 * DAY + Duration::from_millis(86_399_999));
    assert_eq!(world.run_schedule_again().await, Swept::default());
    assert!(holds_tokens(&world).await);

    let _ = world.take_events();
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.run_schedule_again().await, forgotten());
    assert!(!holds_tokens(&world).await);
    assert_eq!(world.take_events(), [Value::Null; 0], "it was gone already");
    let read = world.secrets(&id).await;
    assert_eq!(read.get("credentialsKeptUntil"), None);
    assert_eq!((&read["credentials"], &read["parameters"]), (&json!({}), &json!({})));
    assert_eq!(world.run_schedule_again().await, Swept::default());

    let restored = restore(&world, &id).await;
    assert_eq!(
        (&restored["disconnected"], &restored["state"]),
        (&json!(true), &json!("CLIENT_ACTION_REQUIRED"))
    );
    // The customer connects again, and it is as before.
    let again = Start::new().with(&json!({ "connectionId": id }));
    world.connect(&world.browser(), &again).await.assert_connected();
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], ACCESS_TOKEN);
}

#[tokio::test(start_paused = true)]
async fn the_workspace_says_how_long_also_for_those_that_are_replaced() {
    for (days, until) in [(0, "2026-01-01T00:00:00.000Z"), (7, "2026-01-08T00:00:00.000Z")] {
        let world = World::new().await;
        keep_for(&world, days).await;
        let old = connected(&world).await;
        connected(&world).await;
        assert_eq!(world.connection(&old).await.json()["credentialsKeptUntil"], until);
        world.provider.always("/oauth/token", renewed(&json!({})));
        world.clock.advance(u32::from(days) * DAY);
        assert_eq!(world.run_schedule_again().await.forgotten, 1);
        assert!(!holds_tokens(&world).await);
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_a_number_of_days_up_to_a_year() {
    let world = World::new().await;
    let token = admin(ROOT);
    for wrong in [json!(-1), json!(366), json!(1.5), json!("30"), json!(70_000)] {
        let mut workspace = definitions::workspace(WORKSPACE);
        workspace["archivedCredentialsDays"] = wrong.clone();
        let answer = world.api(Method::PUT, "/workspaces/acme", &token, Some(&workspace)).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", "archivedCredentialsDays"), "{wrong}");
    }
    keep_for(&world, 365).await;
    let shown = world.api(Method::GET, "/workspaces/acme", &token, None).await.json();
    assert_eq!(shown["archivedCredentialsDays"], 365);
}

#[tokio::test(start_paused = true)]
async fn more_than_a_transaction_holds_are_forgotten_too() {
    let world = World::new().await;
    let browser = world.browser();
    let many = Start::new().with(&json!({ "allowMultipleConnections": true }));
    for _ in 0..60 {
        browser.get(&world.begin(&browser, &many).await.consent()).await;
    }
    world.connect(&browser, &Start::new()).await.assert_connected();
    world.provider.always("/oauth/token", renewed(&json!({})));
    world.clock.advance(30 * DAY);
    assert_eq!(world.run_schedule_again().await.forgotten, 60);
    assert!(!holds_tokens(&world).await);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_restored_in_time_keeps_them() {
    let world = World::new().await;
    let id = connected(&world).await;
    archive(&world, &id).await;
    world.clock.advance(10 * DAY);
    let restored = restore(&world, &id).await;
    assert_eq!((restored.get("credentialsKeptUntil"), &restored["connected"]), (None, &json!(true)));
    world.provider.always("/oauth/token", renewed(&json!({})));
    // Nobody uses it.
    for later in [Duration::ZERO, 7 * DAY] {
        world.clock.advance(later);
        assert_eq!(world.run_schedule_again().await, Swept { renewed: 1, ..Swept::default() });
    }
    world.clock.advance(13 * DAY);
    assert_eq!(world.run_schedule_again().await, Swept::default());
    assert!(world.dump().await.live_connections()[0].contains_key("sealed"));
    // Archived once more, it has all of its time again.
    archive(&world, &id).await;
    assert_eq!(world.connection(&id).await.json()["credentialsKeptUntil"], "2026-03-02T00:00:00.000Z");
}

/// A restoration at the very moment wins, and the other way round it comes back without.
#[tokio::test(start_paused = true)]
async fn of_restoring_and_forgetting_at_once_one_comes_first() {
    let world = World::new().await;
    let id = connected(&world).await;
    archive(&world, &id).await;
    world.clock.advance(30 * DAY);
    let (browser, path) = (world.browser(), format!("/connections/{id}/restore"));
    let token = customer(WORKSPACE, CUSTOMER);
    world.wire.meanwhile("UpdateItem", async move {
        let request = tests::browser::api_request(&Method::POST, &path, &token, None);
        assert_eq!(browser.send(request).await.status, 200);
    });
    assert_eq!(world.run_schedule_again().await.forgotten, 0);
    let read = world.connection(&id).await.json();
    assert_eq!((&read["connected"], read.get("archivedAt")), (&json!(true), None));
    assert!(world.dump().await.live_connections()[0].contains_key("sealed"));
}

#[tokio::test(start_paused = true)]
async fn neither_a_key_that_is_gone_nor_a_lost_answer_keeps_them() {
    let world = World::new().await;
    let id = connected(&world).await;
    archive(&world, &id).await;
    world.clock.advance(30 * DAY);
    world.wire.fail("UpdateItem", FOR_GOOD, Fault::Outage);
    assert_eq!(world.run_schedule_again().await.failed, 1, "{id}");
    let _ = world.wire.recover();

    let other = StaticKey::new(Zeroizing::new([7; 32]), Arc::new(CountedRandom::default()));
    let world = world.deployed_with(Arc::new(other));
    world.wire.fail("UpdateItem", 1, Fault::LostAnswer);
    assert_eq!(world.run_schedule_again().await, forgotten());
    assert!(!holds_tokens(&world).await);
}

fn revocable(per_token: bool) -> Value {
    integration_with(&json!({
        "revocationUri": "https://provider.example/oauth/revoke", "revocationPerToken": per_token,
    }))
}

/// The provider was away when it was archived. It is asked once more.
#[tokio::test(start_paused = true)]
async fn what_the_provider_did_not_revoke_it_is_asked_to_revoke_at_the_end() {
    let world = World::with(&revocable(false)).await;
    world.provider.always("/oauth/revoke", Reply::json(503, &json!({})));
    let id = connected(&world).await;
    archive(&world, &id).await;
    assert_eq!(world.provider.calls_to("/oauth/revoke").len(), 1);
    world.provider.always("/oauth/revoke", Reply::body(200, "text/plain", ""));
    world.clock.advance(30 * DAY);
    assert_eq!(world.run_schedule_again().await, forgotten());
    let calls = world.provider.calls_to("/oauth/revoke");
    assert_eq!(calls[1].parameter("token").as_deref(), Some(REFRESH_TOKEN));
    let health = world.dump().await.archived_connections()[0]["health"].as_s().unwrap().clone();
    let health: Value = serde_json::from_str(&health).unwrap();
    assert!(health["revocation"]["at"].is_number() && health["revocation"].get("error").is_none());
    // What is revoked is not revoked again.
    let world = World::with(&revocable(false)).await;
    world.provider.always("/oauth/revoke", Reply::body(200, "text/plain", ""));
    let id = connected(&world).await;
    archive(&world, &id).await;
    disconnect(&world, &id).await;
    assert_eq!(world.provider.calls_to("/oauth/revoke").len(), 1);
}

/// A newer connection may have taken over the token, or its grant.
#[tokio::test(start_paused = true)]
async fn nothing_is_revoked_at_the_end_that_a_newer_connection_may_live_by() {
    for per_token in [false, true] {
        let world = World::with(&revocable(per_token)).await;
        world.provider.always("/oauth/revoke", Reply::json(503, &json!({})));
        connected(&world).await;
        world.provider.next("/oauth/token", renewed(&json!({ "access_token": "a2", "refresh_token": "r2" })));
        connected(&world).await;
        let before = world.provider.calls_to("/oauth/revoke").len();
        world.clock.advance(30 * DAY);
        world.provider.always("/oauth/token", renewed(&json!({})));
        assert_eq!(world.run_schedule_again().await.forgotten, 1);
        assert_eq!(world.provider.calls_to("/oauth/revoke").len(), before, "{per_token}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_archived_connection_can_be_disconnected() {
    let world = World::new().await;
    let old = connected(&world).await;
    let new = connected(&world).await;
    let _ = world.take_events();
    for _ in 0..2 {
        let answer = disconnect(&world, &old).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
        assert!(!holds_tokens(&world).await);
    }
    assert_eq!(world.take_events(), [Value::Null; 0]);
    let read = world.connection(&old).await.json();
    assert_eq!((&read["disconnected"], read.get("credentialsKeptUntil")), (&json!(true), None));
    assert!(read["archivedAt"].is_string());
    assert_eq!(world.connection(&new).await.json()["connected"], true);
    world.clock.advance(30 * DAY);
    world.provider.always("/oauth/token", renewed(&json!({})));
    assert_eq!(world.run_schedule_again().await.forgotten, 0);
}

/// It is archived while a request to disconnect it waits.
#[tokio::test(start_paused = true)]
async fn a_connection_that_is_archived_while_it_is_disconnected_is_both() {
    let world = World::new().await;
    let id = connected(&world).await;
    let (browser, path) = (world.browser(), format!("/connections/{id}"));
    let token = customer(WORKSPACE, CUSTOMER);
    world.provider.next("/oauth/token", renewed(&json!({})).after(Duration::from_secs(3)));
    let refresh = format!("{path}/refresh-credentials");
    let refreshing = world.api(Method::POST, &refresh, &token, None);
    let replacing = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.connect(&browser, &Start::new()).await.assert_connected();
    };
    let disconnecting = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        disconnect(&world, &id).await
    };
    let (_, (), disconnected) = tokio::join!(refreshing, replacing, disconnecting);
    assert_eq!(disconnected.status, 204, "{}", disconnected.body);
    assert!(!holds_tokens(&world).await);
}

/// One write: the lists' index stays as it is. The mark of what is done is another.
#[tokio::test(start_paused = true)]
async fn forgetting_costs_one_write() {
    let world = World::new().await;
    let id = connected(&world).await;
    archive(&world, &id).await;
    world.clock.advance(30 * DAY);
    world.schedule_ran(HOUR).await;
    let _ = world.wire.take_consumed();
    assert_eq!(world.run_schedule().await, forgotten());
    let cost = world.wire.take_consumed();
    assert_eq!(cost, Consumed { write_units: 2.0, ..cost });
}
