//! What becomes of a connection request leaves as an event, once, and in the same write.

use std::time::Duration;

use flow::lifecycle::refresh::Swept;
use http::Method;
use serde_json::{Value, json};
use tests::World;
use tests::definitions::{INTEGRATION, integration_id};
use tests::tokens::{CUSTOMER, WORKSPACE, admin};
use tests::wire::Fault;

use crate::connection_requests::{at_provider, cancelled, consented, denied, made, now};
use crate::erased_customer::erase;

const MINUTE: Duration = Duration::from_mins(1);

/// The names of the events of requests since the last call, each of this request.
fn told(world: &World, request: &Value) -> Vec<String> {
    let events = world.take_events().into_iter();
    let of_requests =
        events.filter(|event| event["detail-type"].as_str().unwrap().starts_with("connection-request."));
    of_requests
        .map(|event| {
            let detail = &event["detail"];
            assert_eq!(detail["connectionId"], request["subject"]);
            assert_eq!((&detail["workspaceKey"], &detail["userId"]), (&json!(WORKSPACE), &json!(CUSTOMER)));
            assert_eq!(detail["integrationId"], integration_id(WORKSPACE, INTEGRATION));
            let name = event["detail-type"].as_str().unwrap();
            name.strip_prefix("connection-request.").unwrap().to_owned()
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_request_that_succeeds_tells_so_once_and_beside_the_connection() {
    let world = World::new().await;
    let noted = json!({ "tags": ["beta"], "meta": { "a": 1 } });
    let request = made(&world, &noted).await;
    assert_eq!(world.take_events(), Vec::<Value>::new());
    let browser = world.browser().for_a_person();
    // An answer that is lost is no second event.
    let flow = at_provider(&browser, &request).await;
    world.wire.fail("TransactWriteItems", 1, Fault::LostAnswer);
    consented(&browser, &flow).await;
    assert!(world.wire.recover());
    let records = world.take_records();
    let events = world.events_of(&records);
    for event in &events {
        let detail = &event["detail"];
        assert_eq!((&detail["tags"], &detail["meta"]), (&json!(r#"["beta"]"#), &json!(r#"{"a":1}"#)));
    }
    let mut names: Vec<String> =
        events.iter().map(|event| event["detail-type"].as_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["connection-request.succeeded", "connection.created"]);
    // Its time is over later, and nobody is told that.
    cancelled(&world, &request).await;
    world.clock.advance(HOUR);
    assert_eq!(world.run_schedule_again().await.expired, 0);
    assert!(told(&world, &request).is_empty());
}

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test(start_paused = true)]
async fn a_request_that_is_cancelled_or_too_old_tells_so_once() {
    let world = World::new().await;
    let request = made(&world, &json!({})).await;
    cancelled(&world, &request).await;
    cancelled(&world, &request).await;
    assert_eq!(told(&world, &request), ["cancelled"]);

    let request = made(&world, &json!({})).await;
    world.schedule_ran(Duration::ZERO).await;
    world.clock.advance(30 * MINUTE);
    assert_eq!(world.run_schedule().await, Swept::default());
    world.clock.advance(MINUTE);
    assert_eq!(world.run_schedule().await, Swept { expired: 1, ..Swept::default() });
    assert_eq!(world.run_schedule().await, Swept::default());
    cancelled(&world, &request).await;
    assert_eq!(now(&world, &request).await["status"], "error");
    assert_eq!(told(&world, &request), ["expired"]);
}

/// An attempt fails, each time it is tried; the request goes on until it ends.
#[tokio::test(start_paused = true)]
async fn each_attempt_that_fails_is_told_until_the_request_ends() {
    let world = World::new().await;
    let request = made(&world, &json!({})).await;
    let browser = world.browser().for_a_person();
    for _ in 0..2 {
        denied(&browser, &at_provider(&browser, &request).await).await;
        assert_eq!(told(&world, &request), ["failed"]);
        world.clock.advance(Duration::from_secs(1));
    }
    let late = at_provider(&browser, &request).await;
    cancelled(&world, &request).await;
    denied(&browser, &late).await;
    assert_eq!(told(&world, &request), ["cancelled"]);
}

/// The clocks of two functions differ: the schedule's is ahead.
#[tokio::test(start_paused = true)]
async fn what_is_told_to_be_over_connects_nothing() {
    let world = World::new().await;
    let request = made(&world, &json!({})).await;
    world.schedule_ran(Duration::ZERO).await;
    let browser = world.browser().for_a_person();
    world.clock.advance(29 * MINUTE);
    let flow = at_provider(&browser, &request).await;
    world.clock.advance(2 * MINUTE);
    assert_eq!(world.run_schedule().await.expired, 1);
    world.clock.go_back(2 * MINUTE);
    let page = consented(&browser, &flow).await;
    assert!(page.body.contains("too old") || page.status == 410, "{} {}", page.status, page.body);
    assert_eq!(told(&world, &request), ["expired"]);
    assert_eq!(world.dump().await.live_connections().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_of_an_erased_customers_requests_and_nothing_says_whose_they_were() {
    let world = World::new().await;
    let request = made(&world, &json!({})).await;
    let ended = made(&world, &json!({})).await;
    cancelled(&world, &ended).await;
    assert_eq!(erase(&world).await.status, 200);
    let _ = world.take_events();
    assert!(!world.dump().await.contains(CUSTOMER.as_bytes()));
    world.schedule_ran(Duration::ZERO).await;
    world.clock.advance(HOUR);
    assert_eq!(world.run_schedule().await.expired, 0);
    assert!(told(&world, &request).is_empty());
}

/// The backend does not know yet, or tidies up: the request ends, and says so only to whoever has its id.
#[tokio::test(start_paused = true)]
async fn a_request_that_is_cancelled_after_its_customer_was_erased_tells_nothing_of_them() {
    let world = World::new().await;
    let request = made(&world, &json!({})).await;
    assert_eq!(erase(&world).await.status, 200);
    let _ = world.take_events();
    cancelled(&world, &request).await;
    assert_eq!(now(&world, &request).await["status"], "cancelled");
    assert!(told(&world, &request).is_empty());
    assert!(!world.dump().await.contains(CUSTOMER.as_bytes()));
}

#[tokio::test(start_paused = true)]
async fn no_write_of_a_requests_events_that_arrives_once_more_changes_anything() {
    let world = World::new().await;
    world.wire.keep_writes();
    for _ in 0..2 {
        let request = made(&world, &json!({})).await;
        world.schedule_ran(Duration::ZERO).await;
        world.clock.advance(HOUR);
        assert_eq!(world.run_schedule().await.expired, 1);
        cancelled(&world, &request).await;
    }
    let request = made(&world, &json!({})).await;
    let browser = world.browser().for_a_person();
    denied(&browser, &at_provider(&browser, &request).await).await;
    cancelled(&world, &request).await;
    assert_eq!(erase(&world).await.status, 200);
    world.assert_late_writes_change_nothing().await;
}

/// A request that an earlier version made: nothing beside it says whose it is.
#[tokio::test(start_paused = true)]
async fn a_request_of_an_earlier_version_ends_and_tells_so_as_well() {
    let world = World::new().await;
    for ends_by_connecting in [true, false] {
        let request = made(&world, &json!({})).await;
        world.delete_connection_item(request["subject"].as_str().unwrap()).await;
        if ends_by_connecting {
            let browser = world.browser().for_a_person();
            consented(&browser, &at_provider(&browser, &request).await).await;
            assert_eq!(told(&world, &request), ["succeeded"]);
        } else {
            cancelled(&world, &request).await;
            assert_eq!(told(&world, &request), ["cancelled"]);
        }
    }
    // Of one that was not noted when it was made, nothing is told when its time is over.
    let request = made(&world, &json!({})).await;
    world.delete_connection_item(request["subject"].as_str().unwrap()).await;
    world.schedule_ran(Duration::ZERO).await;
    world.clock.advance(HOUR);
    let _ = world.run_schedule().await;
    assert!(told(&world, &request).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_making_fails_tells_nothing() {
    let world = World::new().await;
    world.schedule_ran(Duration::ZERO).await;
    world.wire.fail("PutItem", 3, Fault::Refused("AccessDeniedException"));
    let body = json!({ "userId": CUSTOMER, "integrationKey": INTEGRATION });
    let answer = world.api(Method::POST, "/connection-requests", &admin(WORKSPACE), Some(&body)).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    let _ = world.wire.recover();
    world.clock.advance(HOUR);
    assert_eq!(world.run_schedule().await.expired, 0);
    assert_eq!(world.take_events(), Vec::<Value>::new());
}
