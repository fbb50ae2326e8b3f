//! Credentials that have ended are renewed when somebody needs them.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::definitions::integration_with;
use tests::provider::{REFRESH_TOKEN, Reply, tokens};
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::wire::Fault;
use tests::{Start, World};

pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// A token response with these fields in place of the usual ones; `null` takes one away.
pub(crate) fn renewed(changes: &Value) -> Reply {
    let mut response = tokens();
    tests::definitions::merge(&mut response, changes);
    Reply::json(200, &response)
}

pub(crate) async fn connected(world: &World) -> String {
    world.connect(&world.browser(), &Start::new()).await.connection_id()
}

/// The calls to the token endpoint after the first, which made the connection.
pub(crate) fn refreshes(world: &World) -> usize {
    world.provider.calls_to("/oauth/token").len() - 1
}

/// Somebody's process dies while it waits for the provider, and with it who asked.
pub(crate) async fn dies_refreshing(world: &World, id: &str) {
    world.provider.next("/oauth/token", Reply::outlives_caller());
    let dying = tokio::time::timeout(Duration::from_secs(1), world.read_secrets(id)).await;
    assert!(dying.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_token_that_lasts_is_left_alone() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(Duration::from_mins(58));
    assert_eq!(world.secrets(&id).await["credentials"], tokens());
    assert_eq!(refreshes(&world), 0);
}

#[tokio::test(start_paused = true)]
async fn one_that_has_ended_is_renewed_by_its_refresh_token() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    world
        .provider
        .next("/oauth/token", renewed(&json!({ "access_token": "access/2", "refresh_token": "refresh/2" })));
    let read = world.secrets(&id).await;
    assert_eq!(read["credentials"]["access_token"], "access/2");
    assert_eq!(read["credentials"]["refresh_token"], "refresh/2");
    assert_eq!(read["nextCredentialsRefreshAt"], "2026-01-01T01:45:00.000Z");
    let request = world.provider.calls_to("/oauth/token").pop().unwrap();
    let expected = [
        ("grant_type", "refresh_token"),
        ("refresh_token", REFRESH_TOKEN),
        ("client_id", "client!+ID"),
        ("client_secret", tests::definitions::CLIENT_SECRET),
    ];
    let mut sent = request.form();
    sent.sort();
    let mut expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    expected.sort();
    assert_eq!(sent, expected);

    // The next one goes on with the rotated token.
    world.clock.advance(HOUR);
    world.provider.next("/oauth/token", renewed(&json!({ "refresh_token": null })));
    assert_eq!(world.secrets(&id).await["credentials"]["refresh_token"], "refresh/2");
    let request = world.provider.calls_to("/oauth/token").pop().unwrap();
    assert_eq!(request.parameter("refresh_token").as_deref(), Some("refresh/2"));
}

#[tokio::test(start_paused = true)]
async fn reading_without_secrets_asks_nobody() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(2 * HOUR);
    assert_eq!(world.connection(&id).await.status, 200);
    assert_eq!(refreshes(&world), 0);
}

#[tokio::test(start_paused = true)]
async fn the_definition_may_name_an_address_and_a_lifetime() {
    let definition = integration_with(&json!({
        "refreshUri": "https://provider.example/oauth/refresh",
        "expiresIn": 7200,
    }));
    let world = World::with(&definition).await;
    world.provider.next("/oauth/token", renewed(&json!({ "expires_in": null })));
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    assert_eq!(world.secrets(&id).await["credentials"].get("expires_in"), None);
    assert!(world.provider.calls_to("/oauth/refresh").is_empty());
    world.clock.advance(HOUR);
    world.provider.next("/oauth/refresh", renewed(&json!({ "access_token": "access/2" })));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "access/2");
    assert_eq!(refreshes(&world), 0);
}

#[tokio::test(start_paused = true)]
async fn asking_for_new_credentials_gets_them_whatever_the_age_of_the_old() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.provider.next("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    let path = format!("/connections/{id}/refresh-credentials");
    let answer = world.api(Method::POST, &path, &customer(WORKSPACE, CUSTOMER), None).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "access/2");
    assert_eq!(refreshes(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn the_test_call_says_whether_the_credentials_work() {
    let world = World::new().await;
    let id = connected(&world).await;
    let path = format!("/connections/{id}/test");
    let test = async || world.api(Method::POST, &path, &admin(WORKSPACE), None).await.json();
    assert_eq!(test().await, json!({ "success": true }));
    world.provider.next("/api/me", Reply::json(401, &json!({})));
    let failed = test().await;
    assert_eq!(
        (&failed["success"], &failed["error"]["key"]),
        (&json!(false), &json!("credentials_rejected"))
    );
    // An hour later it is made with a new token.
    world.clock.advance(HOUR);
    world.provider.next("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    assert_eq!(test().await, json!({ "success": true }));
    let call = world.provider.calls_to("/api/me").pop().unwrap();
    assert_eq!(call.header("authorization"), "Bearer access/2");
}

#[tokio::test(start_paused = true)]
async fn a_401_through_the_proxy_is_answered_by_one_refresh_and_one_more_try() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(Duration::from_mins(1));
    let path = format!("/connections/{id}/proxy/contacts?q=1");
    world.provider.next("/api/contacts", Reply::json(401, &json!({ "message": "expired" })));
    world.provider.next("/api/contacts", Reply::json(200, &json!({ "ok": true })));
    world.provider.next("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    let body = json!({ "name": "Ada" });
    let answer = world.api(Method::POST, &path, &customer(WORKSPACE, CUSTOMER), Some(&body)).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "ok": true })));
    let calls = world.provider.calls_to("/api/contacts");
    assert_eq!(calls[1].header("authorization"), "Bearer access/2");
    assert_eq!((&calls[0].body, &calls[0].uri), (&calls[1].body, &calls[1].uri));

    // A provider that says 401 whatever the token is believed.
    world.clock.advance(Duration::from_mins(1));
    world.provider.always("/api/contacts", Reply::json(401, &json!({ "message": "no" })));
    let answer = world.api(Method::GET, &path, &customer(WORKSPACE, CUSTOMER), None).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (401, json!({ "message": "no" })));
    assert_eq!(world.provider.calls_to("/api/contacts").len(), 4);
    assert_eq!(refreshes(&world), 2);
}

#[tokio::test(start_paused = true)]
async fn a_save_whose_answer_is_lost_or_that_must_wait_is_still_one() {
    for (fault, times) in [(Fault::LostAnswer, 1), (Fault::Throttled, 5), (Fault::Silence, 2)] {
        let world = World::new().await;
        let id = connected(&world).await;
        world.clock.advance(HOUR);
        world.provider.next(
            "/oauth/token",
            renewed(&json!({ "access_token": "access/2", "refresh_token": "refresh/2" }))
                .after(Duration::from_secs(1)),
        );
        // The lease is taken in the first second, the save comes after it.
        let wire = world.wire.clone();
        let breaks = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(900)).await;
            wire.fail("UpdateItem", times, fault);
        });
        let read = world.secrets(&id).await;
        breaks.await.unwrap();
        assert_eq!(read["credentials"]["refresh_token"], "refresh/2", "{fault:?}");
        assert!(world.wire.recover(), "{fault:?}");
        assert_eq!(world.secrets(&id).await["credentials"]["refresh_token"], "refresh/2", "{fault:?}");
        assert_eq!(refreshes(&world), 1, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_whose_answer_is_lost_is_the_callers_own() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    world.provider.next("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    // The first update notes that the connection is used.
    world.wire.fail("UpdateItem", 2, Fault::LostAnswer);
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "access/2");
    assert!(world.wire.recover());
    assert_eq!(refreshes(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reconnection_during_a_refresh_wins() {
    let world = World::new().await;
    let browser = world.browser();
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    let start = Start::new().with(&json!({ "connectionId": id }));
    let callback = world.begin(&browser, &start).await.consent();
    world
        .provider
        .next("/oauth/token", renewed(&json!({ "access_token": "refreshed" })).after(Duration::from_secs(5)));
    let reconnect = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.provider.next("/oauth/token", renewed(&json!({ "access_token": "reconnected" })));
        let answered = browser.get(&callback).await;
        browser.get(answered.location()).await.assert_connected();
    };
    let (read, ()) = tokio::join!(world.secrets(&id), reconnect);
    assert_eq!(read["credentials"]["access_token"], "reconnected");
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "reconnected");
}
