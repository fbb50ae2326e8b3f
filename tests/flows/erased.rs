//! `DELETE /connections/{id}?erase=true`: nothing is left of the connection.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::integration_with;
use tests::provider::{REFRESH_TOKEN, Reply};
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::wire::Consumed;
use tests::{Answer, Fault, Start, World};

use crate::refresh::{HOUR, connected, renewed};

async fn erase(world: &World, id: &str) -> Answer {
    world.api(Method::DELETE, &format!("/connections/{id}?erase=true"), &admin(WORKSPACE), None).await
}

async fn assert_erased(world: &World, id: &str) {
    let answer = erase(world, id).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
    assert_eq!(world.connection(id).await.refusal(), refusal(404, "not_found", "connectionId"));
    let dump = world.dump().await;
    let left = dump.connections.iter().find(|item| item["pk"].as_s().unwrap() == id).unwrap();
    let names: Vec<&str> = left.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["customer", "erasedAt", "event", "integration", "meta", "pk", "tags", "ttl", "workspace"]
    );
    assert!(!dump.slot_ids().contains(&id.to_owned()));
}

fn revocable() -> Value {
    integration_with(&json!({ "revocationUri": "https://provider.example/oauth/revoke" }))
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_a_live_connection_and_the_provider_revokes_it() {
    let world = World::with(&revocable()).await;
    world.provider.always("/oauth/revoke", Reply::body(200, "text/plain", ""));
    let id = world
        .connect(&world.browser(), &Start::new().with(&json!({ "name": "a name" })))
        .await
        .connection_id();
    let _ = world.take_events();
    assert_erased(&world, &id).await;
    assert!(!world.dump().await.contains(b"a name"));
    let revoked = world.provider.calls_to("/oauth/revoke");
    assert_eq!(revoked.len(), 1);
    assert_eq!(revoked[0].parameter("token").as_deref(), Some(REFRESH_TOKEN));
    let events = world.take_events();
    let names: Vec<&str> = events.iter().map(|event| event["detail-type"].as_str().unwrap()).collect();
    assert_eq!(names, ["connection.deleted", "connection.erased"]);
    assert!(events.iter().all(|event| event["detail"]["connectionId"] == id.as_str()));
    let list = "/connections?includeArchived=true";
    let token = customer(WORKSPACE, CUSTOMER);
    assert_eq!(world.api(Method::GET, list, &token, None).await.json()["items"], json!([]));
    // What is not there is not found.
    assert_eq!(erase(&world, &id).await.refusal(), refusal(404, "not_found", "connectionId"));
}

#[tokio::test(start_paused = true)]
async fn archived_replaced_and_disconnected_ones_are_erased_too() {
    let world = World::new().await;
    let replaced = connected(&world).await;
    let live = connected(&world).await;
    assert_erased(&world, &replaced).await;
    let token = customer(WORKSPACE, CUSTOMER);
    for (method, below) in [(Method::POST, "/disconnect"), (Method::DELETE, "")] {
        world.api(method, &format!("/connections/{live}{below}"), &token, None).await;
    }
    assert_erased(&world, &live).await;
    assert_eq!(world.dump().await.archived_connections().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn only_who_manages_the_workspace_erases() {
    let world = World::new().await;
    let id = connected(&world).await;
    let path = format!("/connections/{id}?erase=");
    let ask = async |value: &str, token: &str| {
        world.api(Method::DELETE, &format!("{path}{value}"), token, None).await.refusal()
    };
    assert_eq!(ask("true", &customer(WORKSPACE, CUSTOMER)).await, refusal(403, "access_denied", "erase"));
    assert_eq!(ask("yes", &admin(WORKSPACE)).await, refusal(400, "request_malformed", "erase"));
    assert!(world.connection_is_live(&id).await);
}

/// A page of the provider's is open when the connection is erased.
#[tokio::test(start_paused = true)]
async fn a_reconnection_that_is_under_way_does_not_bring_it_back() {
    let world = World::new().await;
    let browser = world.browser();
    let id = connected(&world).await;
    let again = Start::new().with(&json!({ "connectionId": id }));
    let early = world.begin(&browser, &again).await.consent();
    let late = world.begin(&browser, &again).await.consent();
    assert_erased(&world, &id).await;
    let answered = browser.get(&early).await;
    assert_eq!(browser.get(answered.location()).await.redirected_refusal().key, "not_found");

    // The very write meets the erasure.
    let id = connected(&world).await;
    let again = Start::new().with(&json!({ "connectionId": id }));
    let callback = world.begin(&browser, &again).await.consent();
    let (functions, path) = (browser.clone(), format!("/connections/{id}?erase=true"));
    world.wire.meanwhile("TransactWriteItems", async move {
        let request = tests::browser::api_request(&Method::DELETE, &path, &admin(WORKSPACE), None);
        assert_eq!(functions.send(request).await.status, 204);
    });
    let answered = browser.get(&callback).await;
    assert_eq!(browser.get(answered.location()).await.redirected_refusal().key, "not_found");
    assert_eq!(browser.get(&late).await.status, 303);
    assert_eq!(world.dump().await.live_connections().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_is_under_way_is_waited_for_and_what_it_brings_is_revoked() {
    let world = World::with(&revocable()).await;
    world.provider.always("/oauth/revoke", Reply::body(200, "text/plain", ""));
    let id = connected(&world).await;
    let rotated = json!({ "access_token": "a2", "refresh_token": "r2" });
    world.provider.next("/oauth/token", renewed(&rotated).after(Duration::from_secs(3)));
    let path = format!("/connections/{id}/refresh-credentials");
    let token = admin(WORKSPACE);
    let erasing = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_erased(&world, &id).await;
    };
    tokio::join!(world.api(Method::POST, &path, &token, None), erasing);
    let revoked = world.provider.calls_to("/oauth/revoke").pop().unwrap();
    assert_eq!(revoked.parameter("token").as_deref(), Some("r2"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_erases_once_and_a_provider_that_hangs_keeps_nothing() {
    let world = World::with(&revocable()).await;
    world.provider.always("/oauth/revoke", Reply::hangs());
    let id = connected(&world).await;
    let token = admin(WORKSPACE);
    world.api(Method::DELETE, &format!("/connections/{id}"), &token, None).await;
    world.wire.fail("PutItem", 1, Fault::LostAnswer);
    let began = tokio::time::Instant::now();
    assert_erased(&world, &id).await;
    assert!(world.wire.recover());
    assert!(began.elapsed() <= Duration::from_secs(11), "{:?}", began.elapsed());
}

/// What every write of a connection's life would do, if the network delivered it once more after the erasure.
#[tokio::test(start_paused = true)]
async fn no_write_that_arrives_late_brings_anything_back() {
    let world = World::new().await;
    world.wire.keep_writes();
    let browser = world.browser();
    let id = connected(&world).await;
    let path = format!("/connections/{id}");
    let token = admin(WORKSPACE);
    world.clock.advance(2 * HOUR);
    world.secrets(&id).await;
    for (method, below, body) in [
        (Method::PATCH, "", Some(json!({ "name": "New" }))),
        (Method::PATCH, "", Some(json!({ "connectorParameters": { "region": "eu" } }))),
        (Method::DELETE, "", None),
        (Method::POST, "/restore", None),
        (Method::POST, "/disconnect", None),
    ] {
        let answer = world.api(method, &format!("{path}{below}"), &token, body.as_ref()).await;
        assert!(answer.status.is_success(), "{}", answer.body);
    }
    let again = Start::new().with(&json!({ "connectionId": id }));
    world.connect(&browser, &again).await.assert_connected();
    let new = connected(&world).await;
    assert_erased(&world, &id).await;
    assert_erased(&world, &new).await;
    world.assert_late_writes_change_nothing().await;
}

/// The lease, the entry of the schedule, the transaction that archives it, and what is left.
#[tokio::test(start_paused = true)]
async fn erasing_costs_what_archiving_costs_and_three_more() {
    let world = World::new().await;
    let token = admin(WORKSPACE);
    let mut cost = Vec::new();
    for erase in ["", "?erase=true"] {
        let id = connected(&world).await;
        let _ = world.wire.take_consumed();
        world.api(Method::DELETE, &format!("/connections/{id}{erase}"), &token, None).await;
        cost.push(world.wire.take_consumed());
    }
    let (archived, erased) = (cost[0], cost[1]);
    let expected = Consumed { write_units: archived.write_units + 2.0, ..erased };
    assert_eq!(erased, expected);
}
