//! `DELETE /customers/{id}`: nothing is left of a customer, and nothing that is under way brings them back.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{self, entered, integration_with};
use tests::form::Form;
use tests::provider::Reply;
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::wire::AwsRequest;
use tests::{Answer, Start, World};

use crate::refresh::{HOUR, connected, dies_refreshing, renewed};

pub(crate) const PATH: &str = "/customers/user-1";

pub(crate) async fn erase(world: &World) -> Answer {
    world.api(Method::DELETE, PATH, &admin(WORKSPACE), None).await
}

/// The erasure is done, and came to this.
async fn assert_erases(world: &World, erased: u32, revoked: u32, not_revoked: u32) {
    let answer = erase(world).await;
    let expected =
        json!({ "erased": erased, "revoked": revoked, "notRevoked": not_revoked, "remaining": false });
    assert_eq!((answer.status.as_u16(), answer.json()), (200, expected));
    let dump = world.dump().await;
    let of_customer = |item: &&tests::dump::Item| item["customer"].as_s().unwrap() == CUSTOMER;
    let mut left = dump.live_connections();
    left.extend(dump.archived_connections());
    assert_eq!(left.into_iter().filter(of_customer).count(), 0);
}

pub(crate) fn many() -> Start {
    Start::new().with(&json!({ "allowMultipleConnections": true }))
}

fn revocable() -> Value {
    integration_with(&json!({ "revocationUri": "https://provider.example/oauth/revoke" }))
}

pub(crate) fn a_moment_later(world: &World) {
    world.clock.advance(Duration::from_millis(1));
}

#[tokio::test(start_paused = true)]
async fn all_that_is_held_of_a_customer_goes_and_of_others_nothing() {
    let world = World::with(&revocable()).await;
    world.provider.always("/oauth/revoke", Reply::body(200, "text/plain", ""));
    world.define("mail", &definitions::api_key()).await;
    world.define("gone", &definitions::integration()).await;
    let browser = world.browser();
    // One that was replaced, two live ones beside each other, an API key, and one whose integration is deleted.
    for start in [Start::new(), Start::new(), many()] {
        world.connect(&browser, &start).await.assert_connected();
    }
    let key = json!({ "integrationKey": "mail", "connectionParameters": entered() });
    browser.send(Start::new().with(&key).form()).await.assert_connected();
    world
        .connect(&browser, &Start::new().with(&json!({ "integrationKey": "gone" })))
        .await
        .assert_connected();
    let forced = world.api(Method::DELETE, "/integrations/gone?force=true", &admin(WORKSPACE), None).await;
    assert_eq!(forced.status, 204);
    world.forget_definitions();
    let other = world.connect(&browser, &Start::new().by("user-10")).await.connection_id();
    let _ = world.take_events();

    // The customer's whole grants go: nobody is left to live by them. The provider gave each the same token.
    assert_erases(&world, 5, 3, 0).await;
    assert!(world.connection_is_live(&other).await);
    assert_eq!(world.dump().await.slot_ids(), [other]);
    let attempts = world.api(Method::GET, "/connection-attempt-logs", &admin(WORKSPACE), None).await.json();
    let left: Vec<&str> =
        attempts["items"].as_array().unwrap().iter().filter_map(|item| item["userId"].as_str()).collect();
    assert_eq!(left, ["user-10"]);
    let events = world.take_events();
    let erased = events.iter().filter(|event| event["detail-type"] == "connection.erased").count();
    assert_eq!(erased, 5);
    assert!(events.iter().all(|event| event["detail"]["userId"] == CUSTOMER));
    // Once more: nothing is left to do.
    assert_erases(&world, 0, 0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn only_who_manages_the_workspace_erases_its_own_customers() {
    let world = World::new().await;
    world.define_workspace("globex", &definitions::workspace("globex")).await;
    let id = connected(&world).await;
    let answer = world.api(Method::DELETE, PATH, &customer(WORKSPACE, CUSTOMER), None).await;
    assert_eq!(answer.refusal().key, "access_denied");
    let foreign = world.api(Method::DELETE, PATH, &admin("globex"), None).await;
    assert_eq!((foreign.status.as_u16(), foreign.json()["erased"].as_u64()), (200, Some(0)));
    assert!(world.connection_is_live(&id).await);
    let too_long = format!("/customers/{}", "x".repeat(256));
    for path in [&too_long, "/customers/a%0ab"] {
        let answer = world.api(Method::DELETE, path, &admin(WORKSPACE), None).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", "id"));
    }
}

/// The customer is at the provider, or before our form, when they are erased.
#[tokio::test(start_paused = true)]
async fn what_was_begun_before_connects_nothing_and_its_tokens_are_revoked() {
    for start in [Start::new(), many()] {
        let world = World::with(&revocable()).await;
        world.provider.always("/oauth/revoke", Reply::body(200, "text/plain", ""));
        let browser = world.browser();
        let callback = world.begin(&browser, &start).await.consent();
        assert_erases(&world, 0, 0, 0).await;
        let answered = browser.get(&callback).await;
        assert_eq!(browser.get(answered.location()).await.redirected_refusal().key, "customer_erased");
        assert_eq!(world.provider.calls_to("/oauth/token").len(), 1);
        assert_eq!(world.provider.calls_to("/oauth/revoke").len(), 1);
        assert!(world.dump().await.live_connections().is_empty());
        // Who comes back after it begins anew.
        a_moment_later(&world);
        let id = connected(&world).await;
        let dump = world.dump().await;
        assert_eq!(dump.slot_ids(), [id]);
        let slot = dump.connections.iter().find(|item| item.contains_key("live")).unwrap();
        assert!(!slot.contains_key("ttl"), "a slot with a connection is not deleted by itself");
    }
}

#[tokio::test(start_paused = true)]
async fn a_form_that_was_shown_before_connects_nothing() {
    let world = World::with(&definitions::api_key()).await;
    let browser = world.browser().for_a_person();
    let form = Form::read(&browser.send(Start::new().form()).await);
    let form = form.fill("input/subdomain", "acme").fill("input/apiKey", definitions::API_KEY);
    a_moment_later(&world);
    assert_erases(&world, 0, 0, 0).await;
    a_moment_later(&world);
    let refused = browser.send(form.submit()).await;
    assert_eq!(refused.redirected_refusal().key, "customer_erased");
    assert!(world.dump().await.live_connections().is_empty());
}

/// Whichever of the two writes comes first, no connection is left.
#[tokio::test(start_paused = true)]
async fn a_connection_that_is_saved_at_the_same_time_is_not_left() {
    let world = World::new().await;
    let browser = world.browser();
    for start in [Start::new(), many()] {
        let callback = world.begin(&browser, &start).await.consent();
        let (functions, token) = (browser.clone(), admin(WORKSPACE));
        world.wire.meanwhile("TransactWriteItems", async move {
            let request = tests::browser::api_request(&Method::DELETE, PATH, &token, None);
            assert_eq!(functions.send(request).await.json()["erased"], 0);
        });
        let answered = browser.get(&callback).await;
        assert_eq!(browser.get(answered.location()).await.redirected_refusal().key, "customer_erased");
        a_moment_later(&world);
    }
    let callback = world.begin(&browser, &Start::new()).await.consent();
    let functions = browser.clone();
    // The mark of the one slot is on its way when the connection is saved.
    world.wire.meanwhile("UpdateItem", async move {
        let answered = functions.get(&callback).await;
        functions.get(answered.location()).await.assert_connected();
    });
    assert_erases(&world, 1, 0, 0).await;
}

/// It was archived before the erasure, and somebody restores it while that is under way.
#[tokio::test(start_paused = true)]
async fn what_is_from_before_is_not_restored() {
    let world = World::new().await;
    let id = connected(&world).await;
    let token = admin(WORKSPACE);
    world.api(Method::DELETE, &format!("/connections/{id}"), &token, None).await;
    let (browser, path) = (world.browser(), format!("/connections/{id}/restore"));
    a_moment_later(&world);
    world.wire.meanwhile("PutItem", async move {
        let request = tests::browser::api_request(&Method::POST, &path, &token, None);
        assert_eq!(browser.send(request).await.refusal().key, "customer_erased");
    });
    assert_erases(&world, 1, 0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_erased_yet_remains_and_the_next_request_goes_on() {
    let world = World::new().await;
    let first = connected(&world).await;
    world.connect(&world.browser(), &many()).await.assert_connected();
    world.clock.advance(HOUR);
    dies_refreshing(&world, &first).await;
    let answer = erase(&world).await;
    let expected = json!({ "erased": 1, "revoked": 0, "notRevoked": 0, "remaining": true });
    assert_eq!((answer.status.as_u16(), answer.json()), (202, expected));
    world.clock.advance(Duration::from_mins(1));
    assert_erases(&world, 1, 0, 0).await;
}

/// Each revocation takes all of its ten seconds.
#[tokio::test(start_paused = true)]
async fn many_connections_at_a_provider_that_hangs_are_erased_part_by_part_in_time() {
    let world = World::with(&revocable()).await;
    world.provider.always("/oauth/revoke", Reply::hangs());
    let browser = world.browser();
    for _ in 0..60 {
        browser.get(&world.begin(&browser, &many()).await.consent()).await;
    }
    let mut erased = 0;
    for answers in 1.. {
        let began = tokio::time::Instant::now();
        let answer = erase(&world).await;
        assert!(began.elapsed() < Duration::from_secs(29), "{:?}", began.elapsed());
        let body = answer.json();
        assert_eq!(body["erased"], body["notRevoked"]);
        erased += body["erased"].as_u64().unwrap();
        if answer.status == 200 {
            assert!(answers > 1, "there was no time for all of them at once");
            break;
        }
    }
    assert_eq!(erased, 60);
    assert_erases(&world, 0, 0, 0).await;
}

/// A write for each integration of the workspace, whether or not the customer has connections with it, one for what they may
/// have set of themselves, and two that tell it.
#[tokio::test(start_paused = true)]
async fn a_customer_of_whom_nothing_is_held_costs_a_write_for_each_integration() {
    let world = World::new().await;
    for key in ["a", "b"] {
        world.define(key, &definitions::integration()).await;
    }
    let _ = (world.wire.take_requests(), world.wire.take_consumed());
    assert_erases(&world, 0, 0, 0).await;
    let marks = |requests: &[AwsRequest]| requests.iter().filter(|it| it.operation == "UpdateItem").count();
    assert_eq!(marks(&world.wire.take_requests()), 6);
    assert!((6.0..7.0).contains(&world.wire.take_consumed().write_units));
    let dump = world.dump().await;
    assert_eq!(dump.connections.len(), 5);
    assert!(dump.connections.iter().all(|mark| mark.contains_key("erasedAt") && mark.contains_key("ttl")));
    assert!(!dump.contains(CUSTOMER.as_bytes()));
}

/// What every write of a customer's life would do, if the network delivered it once more after the erasure.
#[tokio::test(start_paused = true)]
async fn no_write_that_arrives_late_brings_a_customer_back() {
    let world = World::new().await;
    world.wire.keep_writes();
    let browser = world.browser();
    let id = connected(&world).await;
    world.provider.next("/oauth/token", renewed(&json!({})));
    let path = format!("/connections/{id}/refresh-credentials");
    world.api(Method::POST, &path, &admin(WORKSPACE), None).await;
    connected(&world).await;
    world.connect(&browser, &many()).await.assert_connected();
    a_moment_later(&world);
    assert_erases(&world, 3, 0, 0).await;
    world.assert_late_writes_change_nothing().await;
}
