//! A connection is changed while it is refreshed or connected again: nobody's work is lost.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::browser::api_request;
use tests::provider::Reply;
use tests::tokens::{WORKSPACE, admin};
use tests::{Answer, Start, World, definitions};

async fn connected() -> (World, String, String) {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    (world, format!("/connections/{id}"), id)
}

async fn patch(world: &World, path: &str, body: &Value) -> Answer {
    world.api(Method::PATCH, path, &admin(WORKSPACE), Some(body)).await
}

async fn refresh(world: &World, path: &str) -> Answer {
    world.api(Method::POST, &format!("{path}/refresh-credentials"), &admin(WORKSPACE), None).await
}

fn slow_tokens() -> Reply {
    let tokens = json!({ "access_token": "renewed", "refresh_token": "rotated", "expires_in": 3600 });
    Reply::json(200, &tokens).after(Duration::from_secs(5))
}

async fn a_second_later<T>(what: impl Future<Output = T>) -> T {
    tokio::time::sleep(Duration::from_secs(1)).await;
    what.await
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_given_during_a_refresh_and_its_tokens_both_stay() {
    let (world, path, id) = connected().await;
    world.provider.next("/oauth/token", slow_tokens());
    let name = json!({ "name": "New" });
    let started = tokio::time::Instant::now();
    let (refreshed, took) = tokio::join!(
        refresh(&world, &path),
        a_second_later(async {
            assert_eq!(patch(&world, &path, &name).await.json()["name"], "New");
            started.elapsed()
        })
    );
    assert_eq!(refreshed.status.as_u16(), 204);
    assert!(took < Duration::from_secs(5), "a name need not wait: {took:?}");
    let read = world.secrets(&id).await;
    assert_eq!((&read["name"], &read["credentials"]["refresh_token"]), (&json!("New"), &json!("rotated")));
    assert_eq!(world.dump().await.live_connections()[0]["version"].as_n().unwrap(), "2");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_given_while_the_tokens_are_written_stays() {
    let (world, path, id) = connected().await;
    let (browser, wire) = (world.browser(), world.wire.clone());
    let request = api_request(&Method::PATCH, &path, &admin(WORKSPACE), Some(&json!({ "name": "New" })));
    // The first update is the lease, the second the tokens.
    world.wire.meanwhile("UpdateItem", async move {
        wire.meanwhile("UpdateItem", async move {
            assert_eq!(browser.send(request).await.status.as_u16(), 200);
        });
    });
    world.provider.next("/oauth/token", slow_tokens());
    assert_eq!(refresh(&world, &path).await.status.as_u16(), 204);
    let read = world.secrets(&id).await;
    assert_eq!((&read["name"], &read["credentials"]["access_token"]), (&json!("New"), &json!("renewed")));
}

#[tokio::test(start_paused = true)]
async fn a_sealed_change_waits_for_the_refresh_that_is_under_way() {
    let (world, path, id) = connected().await;
    world.provider.next("/oauth/token", slow_tokens());
    let body = json!({ "connectorParameters": { "region": "eu" } });
    let (refreshed, changed) =
        tokio::join!(refresh(&world, &path), a_second_later(patch(&world, &path, &body)));
    assert_eq!((refreshed.status.as_u16(), changed.status.as_u16()), (204, 200));
    let read = world.secrets(&id).await;
    assert_eq!(read["credentials"]["refresh_token"], "rotated");
    assert_eq!(read["connectorParameters"], json!({ "region": "eu" }));
    let dump = world.dump().await;
    assert_eq!(dump.live_connections()[0]["version"].as_n().unwrap(), "3");
    assert_eq!(dump.leased(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_is_asked_for_during_a_change_of_the_credentials_takes_them() {
    let (world, path, id) = connected().await;
    let proof = Reply::json(200, &json!({})).after(Duration::from_secs(5));
    world.provider.next("/api/me", proof);
    let body = json!({ "credentials": { "access_token": "given", "refresh_token": "given" } });
    let (changed, refreshed) =
        tokio::join!(patch(&world, &path, &body), a_second_later(refresh(&world, &path)));
    assert_eq!((changed.status.as_u16(), refreshed.status.as_u16()), (200, 204));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "given");
    assert_eq!(world.provider.calls_to("/oauth/token").len(), 1, "only the connection's first");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_meets_a_reconnection_is_made_once_more_on_top_of_it() {
    let (world, path, id) = connected().await;
    let browser = world.browser();
    let again = Start::new().with(&json!({ "connectionId": id }));
    let callback = world.begin(&browser, &again).await.consent();
    // The first update is the lease, the second would write the change.
    let wire = world.wire.clone();
    world.wire.meanwhile("UpdateItem", async move {
        wire.meanwhile("UpdateItem", async move {
            let answered = browser.get(&callback).await;
            browser.get(answered.location()).await.assert_connected();
        });
    });
    let tokens = json!({ "access_token": "of the reconnection", "expires_in": 3600 });
    world.provider.next("/oauth/token", Reply::json(200, &tokens));
    let body = json!({ "name": "New", "connectorParameters": { "region": "eu" } });
    let changed = patch(&world, &path, &body).await;
    assert_eq!(changed.json()["name"], "New");
    let read = world.secrets(&id).await;
    assert_eq!(read["name"], "New");
    assert_eq!(read["connectorParameters"], json!({ "region": "eu" }));
    assert_eq!(read["credentials"]["access_token"], "of the reconnection");
    assert_eq!(world.dump().await.live_connections()[0]["version"].as_n().unwrap(), "3");
}

/// A reconnection writes the record too: by which option the connection was made is not lost to a name.
#[tokio::test(start_paused = true)]
async fn a_name_that_meets_a_reconnection_by_another_option_changes_the_name_alone() {
    let mut second = definitions::integration();
    second["authOptions"][0]["key"] = "second".into();
    let world = World::with(&definitions::with_options(definitions::integration(), &[&second])).await;
    let browser = world.browser();
    let id = world.connect(&browser, &Start::new()).await.connection_id();
    let again = Start::new().with(&json!({ "connectionId": id, "authOptionKey": "second" }));
    let callback = world.begin(&browser, &again).await.consent();
    world.wire.meanwhile("UpdateItem", async move {
        let answered = browser.get(&callback).await;
        browser.get(answered.location()).await.assert_connected();
    });
    let path = format!("/connections/{id}");
    let changed = patch(&world, &path, &json!({ "name": "New" })).await.json();
    assert_eq!((&changed["name"], &changed["authOptionKey"]), (&json!("New"), &json!("second")));
    assert_eq!(world.connection(&id).await.json(), changed);
}

#[tokio::test(start_paused = true)]
async fn of_two_names_at_once_one_stays_and_neither_fails() {
    let (world, path, _) = connected().await;
    let browser = world.browser();
    let request = api_request(&Method::PATCH, &path, &admin(WORKSPACE), Some(&json!({ "name": "Two" })));
    world.wire.meanwhile("UpdateItem", async move {
        assert_eq!(browser.send(request).await.json()["name"], "Two");
    });
    assert_eq!(patch(&world, &path, &json!({ "name": "One" })).await.json()["name"], "One");
    let read = world.api(Method::GET, &path, &admin(WORKSPACE), None).await.json();
    assert_eq!(read["name"], "One");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_meets_a_deletion_is_not_found() {
    let (world, path, _) = connected().await;
    let browser = world.browser();
    let request = api_request(&Method::DELETE, &path, &admin(WORKSPACE), None);
    // The first update is the lease of the deletion itself.
    world.wire.meanwhile("UpdateItem", async move {
        assert_eq!(browser.send(request).await.status.as_u16(), 204);
    });
    let answer = patch(&world, &path, &json!({ "name": "New" })).await;
    assert_eq!(answer.refusal(), tests::answer::refusal(404, "not_found", "connectionId"));
    let dump = world.dump().await;
    assert_eq!((dump.live_connections().len(), dump.slot_ids().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_waits_for_a_change_of_what_is_sealed() {
    let (world, path, _) = connected().await;
    let body = json!({ "credentials": { "access_token": "given" } });
    world.provider.next("/api/me", Reply::json(200, &json!({})).after(Duration::from_secs(3)));
    let (changed, deleted) = tokio::join!(patch(&world, &path, &body), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.api(Method::DELETE, &path, &admin(WORKSPACE), None).await
    });
    assert_eq!((changed.status.as_u16(), deleted.status.as_u16()), (200, 204));
    let dump = world.dump().await;
    assert_eq!((dump.live_connections().len(), dump.slot_ids().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_given_while_a_reconnection_is_saved_stays() {
    let (world, path, id) = connected().await;
    let world = Arc::new(world);
    let again = Start::new().with(&json!({ "connectionId": id }));
    for (start, name) in [(again.clone(), "Given"), (again.with(&json!({ "name": "Its own" })), "Its own")] {
        let (other, at) = (Arc::clone(&world), path.clone());
        world.wire.meanwhile("TransactWriteItems", async move {
            assert_eq!(patch(&other, &at, &json!({ "name": "Given" })).await.status, 200);
        });
        world.provider.next("/oauth/token", Reply::json(200, &json!({ "access_token": name })));
        world.connect(&world.browser(), &start).await.assert_connected();
        assert_eq!(world.connection(&id).await.json()["name"], name);
        assert_eq!(world.secrets(&id).await["credentials"]["access_token"], name);
    }
}
