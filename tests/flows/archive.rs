//! `DELETE /connections/{id}` and `POST /connections/{id}/restore`.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Answer, Start, World};

async fn call(world: &World, method: Method, path: &str, body: Option<&Value>) -> Answer {
    world.api(method, path, &customer(WORKSPACE, CUSTOMER), body).await
}

async fn archive(world: &World, id: &str) {
    let answer = call(world, Method::DELETE, &format!("/connections/{id}"), None).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
}

async fn restore(world: &World, id: &str, body: Option<&Value>) -> Answer {
    call(world, Method::POST, &format!("/connections/{id}/restore"), body).await
}

fn event(item: &tests::dump::Item) -> &str {
    item["event"].as_m().unwrap()["name"].as_s().unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_archived_connection_leaves_its_slot_and_the_lists() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    world.clock.advance(Duration::from_mins(1));
    archive(&world, &id).await;
    let dump = world.dump().await;
    let [item] = dump.archived_connections()[..] else { panic!("{dump:?}") };
    assert_eq!(item["ownerPk"].as_s().unwrap(), "acme#archived");
    assert_eq!(item["version"].as_n().unwrap(), "2");
    assert_eq!((dump.due(), dump.leased()), (Vec::new(), Vec::new()));
    assert_eq!(event(item), "connection.deleted");
    assert_eq!(dump.slot_ids(), [""; 0]);
    let read = world.connection(&id).await.json();
    assert_eq!(
        (&read["archivedAt"], &read["connected"]),
        (&json!("2026-01-01T00:01:00.000Z"), &json!(false))
    );
    assert_eq!(read.get("nextCredentialsRefreshAt"), None);
    assert_eq!(call(&world, Method::GET, "/connections", None).await.json()["items"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn archiving_twice_changes_nothing() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    archive(&world, &id).await;
    let before = world.dump().await;
    world.clock.advance(Duration::from_mins(1));
    archive(&world, &id).await;
    assert_eq!(world.dump().await, before);
}

#[tokio::test(start_paused = true)]
async fn what_is_archived_cannot_be_used_or_changed() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    archive(&world, &id).await;
    let before = world.dump().await;
    let calls = world.provider.calls().len();
    let body = json!({ "name": "Other" });
    for (method, path) in [
        (Method::PATCH, ""),
        (Method::PUT, ""),
        (Method::POST, "/refresh-credentials"),
        (Method::POST, "/test"),
        (Method::GET, "/proxy/me"),
    ] {
        let path = format!("/connections/{id}{path}");
        let answer = call(&world, method.clone(), &path, Some(&body)).await;
        assert_eq!(answer.refusal(), refusal(404, "not_found", "connectionId"), "{method} {path}");
    }
    assert_eq!(world.dump().await, before);
    assert_eq!(world.provider.calls().len(), calls);
}

#[tokio::test(start_paused = true)]
async fn a_restored_connection_is_as_it_was() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let before = world.connection(&id).await.json();
    archive(&world, &id).await;
    world.clock.advance(Duration::from_mins(1));
    let answer = restore(&world, &id, None).await;
    let mut expected = before;
    expected["updatedAt"] = "2026-01-01T00:01:00.000Z".into();
    expected["version"] = "3-1767225660000".into();
    assert_eq!((answer.status.as_u16(), answer.json()), (200, expected.clone()));
    assert_eq!(world.connection(&id).await.json(), expected);
    assert_eq!(call(&world, Method::GET, "/connections", None).await.json()["items"], json!([expected]));
    let dump = world.dump().await;
    assert_eq!(dump.slot_ids(), [id.as_str()]);
    let item = dump.live_connections()[0];
    assert_eq!((item["ownerPk"].as_s().unwrap().as_str(), event(item)), (WORKSPACE, "connection.updated"));
    assert_eq!(dump.due(), [id.as_str()]);
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "access!+token/1");
    // Once more: nothing is left to do.
    assert_eq!(restore(&world, &id, Some(&json!({}))).await.json(), expected);
    assert_eq!(world.dump().await, dump);
}

/// The scheduled refresh does not look back.
#[tokio::test(start_paused = true)]
async fn what_was_due_while_it_was_archived_is_due_at_once() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    archive(&world, &id).await;
    world.clock.advance(Duration::from_hours(40));
    let token = admin_in_time(&world);
    let path = format!("/connections/{id}/restore");
    let restored = world.api(Method::POST, &path, &token, None).await.json();
    assert_eq!(restored["nextCredentialsRefreshAt"], "2026-01-02T16:00:00.000Z");
    assert_eq!(world.run_schedule_again().await.renewed, 1);
}

/// A management token that is valid now.
fn admin_in_time(world: &World) -> String {
    let exp = world.clock.now_plus(Duration::from_mins(1)).seconds();
    let claims = json!({ "iss": WORKSPACE, "isAdmin": true, "exp": exp });
    tests::tokens::signed(&claims, tests::tokens::WORKSPACE_SECRET)
}

#[tokio::test(start_paused = true)]
async fn one_without_credentials_comes_back_without() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    world.provider.next("/oauth/token", tests::Reply::json(400, &json!({ "error": "invalid_grant" })));
    call(&world, Method::POST, &format!("/connections/{id}/refresh-credentials"), None).await;
    archive(&world, &id).await;
    let restored = restore(&world, &id, None).await.json();
    assert_eq!((&restored["connected"], &restored["disconnected"]), (&json!(false), &json!(true)));
    assert_eq!(restored["error"]["key"], "access_token_expired");
    assert_eq!(world.dump().await.due(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn another_connection_stands_in_the_way_unless_several_are_allowed() {
    let world = World::new().await;
    let browser = world.browser();
    let old = world.connect(&browser, &Start::new()).await.connection_id();
    let new = world.connect(&browser, &Start::new()).await.connection_id();
    let before = world.dump().await;
    for body in [None, Some(json!({ "allowMultipleConnections": false }))] {
        let answer = restore(&world, &old, body.as_ref()).await;
        assert_eq!(answer.refusal(), refusal(409, "already_exists", "allowMultipleConnections"));
    }
    let malformed = restore(&world, &old, Some(&json!({ "allowMultipleConnections": 1 }))).await;
    assert_eq!(malformed.refusal(), refusal(400, "request_malformed", "allowMultipleConnections"));
    assert_eq!(world.dump().await, before);
    let answer = restore(&world, &old, Some(&json!({ "allowMultipleConnections": true }))).await;
    assert_eq!(answer.status.as_u16(), 200);
    let mut both = [old, new];
    both.sort();
    assert_eq!(world.dump().await.slot_ids(), both);
    // Who manages the workspace archives too; the next connection replaces what is left.
    let path = format!("/connections/{}", both[0]);
    world.api(Method::DELETE, &path, &admin(WORKSPACE), None).await;
    let last = world.connect(&browser, &Start::new()).await.connection_id();
    let dump = world.dump().await;
    assert_eq!((dump.slot_ids(), dump.live_connections().len()), (vec![last], 1));
}
