//! `customer.erased`: the event that nothing is held of a customer any more, and the mark that it leaves by.

use std::time::Duration;

use flow::store::CUSTOMER_ERASED;
use http::Method;
use serde_json::{Value, json};
use tests::browser::api_request;
use tests::dump::text;
use tests::tokens::{CUSTOMER, WORKSPACE, admin};
use tests::wire::{FOR_GOOD, Wire};
use tests::{Fault, World, definitions};

use crate::erased_customer::{PATH, a_moment_later, erase, many};
use crate::refresh::{HOUR, connected, dies_refreshing};

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["detail-type"].as_str().unwrap()).collect()
}

/// The customer's mark says nothing but when, and that it is deleted some time.
async fn assert_marked(world: &World) {
    let dump = world.dump().await;
    let marks: Vec<_> =
        dump.connections.iter().filter(|item| text(item, "pk").starts_with("customer#")).collect();
    assert_eq!(marks.len(), 1);
    let names: Vec<&str> = marks[0].keys().map(String::as_str).collect();
    assert_eq!(names, ["erasedAt", "pk", "ttl"]);
}

/// Breaks the updates that follow the first `sound` ones.
fn breaks_after(wire: &Wire, sound: usize, times: usize, fault: Fault) {
    let next = wire.clone();
    wire.meanwhile("UpdateItem", async move {
        match sound {
            1 => next.fail("UpdateItem", times, fault),
            _ => breaks_after(&next, sound - 1, times, fault),
        }
    });
}

#[tokio::test(start_paused = true)]
async fn it_is_told_last_and_once_nothing_is_left() {
    let world = World::new().await;
    let first = connected(&world).await;
    world.connect(&world.browser(), &many()).await.assert_connected();
    world.clock.advance(HOUR);
    dies_refreshing(&world, &first).await;
    let _ = world.take_events();
    assert_eq!(erase(&world).await.status, 202);
    let events = world.take_events();
    assert_eq!(names(&events), ["connection.deleted", "connection.erased"]);

    world.clock.advance(Duration::from_mins(1));
    assert_eq!(erase(&world).await.status, 200);
    let events = world.take_events();
    assert_eq!(names(&events), ["connection.deleted", "connection.erased", CUSTOMER_ERASED]);
    let told = &events[2];
    let detail = &told["detail"];
    assert_eq!(told["source"], "linkspan");
    let expected = json!({
        "connectionId": detail["connectionId"],
        "workspaceKey": WORKSPACE,
        "userId": CUSTOMER,
        "tenantId": CUSTOMER,
        "integrationId": "*",
        "time": events[1]["detail"]["time"],
        "sequence": detail["sequence"],
        "tags": "[]",
        "meta": "{}",
    });
    assert_eq!(detail, &expected);
    assert!(detail["connectionId"].as_str().unwrap().starts_with("customer#"));
    let number = |event: &Value| event["detail"]["sequence"].as_str().unwrap().parse::<u128>().unwrap();
    assert!(number(told) > number(&events[1]));
    assert_marked(&world).await;
}

/// What names the customer afterwards is what erased connections leave, and nothing else.
#[tokio::test(start_paused = true)]
async fn the_mark_says_of_nobody_whose_it_is() {
    let world = World::new().await;
    let id = connected(&world).await;
    a_moment_later(&world);
    assert_eq!(erase(&world).await.status, 200);
    assert_marked(&world).await;
    let mut dump = world.dump().await;
    assert!(dump.contains(CUSTOMER.as_bytes()), "the search finds what is there");
    dump.connections.retain(|item| text(item, "pk") != id);
    assert!(!dump.contains(CUSTOMER.as_bytes()));
    // It is no connection, and nobody's.
    let path = text(dump.connections.iter().find(|item| text(item, "pk").contains('#')).unwrap(), "pk");
    let path = format!("/connections/{}", path.replace('#', "%23"));
    assert_eq!(world.api(Method::GET, &path, &admin(WORKSPACE), None).await.status, 404);
    let list = world.api(Method::GET, "/connections?includeArchived=true", &admin(WORKSPACE), None).await;
    assert_eq!(list.json()["items"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn each_erasure_that_is_done_tells_it_also_of_whom_nothing_was_held() {
    let world = World::new().await;
    world.define_workspace("globex", &definitions::workspace("globex")).await;
    let mut marks = Vec::new();
    for (workspace, path) in
        [(WORKSPACE, PATH), (WORKSPACE, PATH), ("globex", PATH), (WORKSPACE, "/customers/b")]
    {
        a_moment_later(&world);
        assert_eq!(world.api(Method::DELETE, path, &admin(workspace), None).await.status, 200);
        let events = world.take_events();
        assert_eq!(names(&events), [CUSTOMER_ERASED]);
        let detail = &events[0]["detail"];
        assert_eq!(detail["workspaceKey"], workspace);
        assert_eq!(detail["userId"], path.rsplit('/').next().unwrap());
        marks.push(detail["connectionId"].clone());
    }
    assert_eq!(marks[0], marks[1]);
    marks.dedup();
    assert_eq!(marks.len(), 3, "each customer of each workspace has a mark of its own");
}

/// The event has left, and what names the customer is still there.
#[tokio::test(start_paused = true)]
async fn what_fails_between_its_two_writes_the_next_request_mends() {
    let world = World::new().await;
    // The first marks the slot, the second forgets what the customer set of themselves, the third tells it.
    breaks_after(&world.wire, 3, FOR_GOOD, Fault::Outage);
    assert_eq!(erase(&world).await.refusal().key, "storage_unavailable");
    let _ = world.wire.recover();
    assert_eq!(names(&world.take_events()), [CUSTOMER_ERASED]);
    assert!(world.dump().await.contains(CUSTOMER.as_bytes()));
    a_moment_later(&world);
    assert_eq!(erase(&world).await.status, 200);
    assert_eq!(names(&world.take_events()), [CUSTOMER_ERASED]);
    assert_marked(&world).await;
    assert!(!world.dump().await.contains(CUSTOMER.as_bytes()));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_tells_it_once() {
    let world = World::new().await;
    // Of the first of the two writes, and then of the second. A slot that has a mark takes two updates.
    for sound in [1, 3] {
        a_moment_later(&world);
        breaks_after(&world.wire, sound, 1, Fault::LostAnswer);
        assert_eq!(erase(&world).await.status, 200);
        assert!(world.wire.recover());
        assert_eq!(names(&world.take_events()), [CUSTOMER_ERASED]);
        assert_marked(&world).await;
        assert!(!world.dump().await.contains(CUSTOMER.as_bytes()));
    }
}

/// Somebody else erases the customer a moment later, and comes first: to the end, or only to the first of the two writes.
#[tokio::test(start_paused = true)]
async fn of_two_at_once_the_later_one_tells_it_and_the_other_forgets_whose_it_is() {
    for (breaks, status) in [(false, 200), (true, 503)] {
        let world = World::new().await;
        let (browser, clock, wire) = (world.browser(), world.clock.clone(), world.wire.clone());
        world.wire.meanwhile("UpdateItem", async move {
            let other = wire.clone();
            wire.meanwhile("UpdateItem", async move {
                clock.advance(Duration::from_millis(1));
                if breaks {
                    breaks_after(&other, 3, FOR_GOOD, Fault::Outage);
                }
                let request = api_request(&Method::DELETE, PATH, &admin(WORKSPACE), None);
                assert_eq!(browser.send(request).await.status, status);
                let _ = other.recover();
            });
        });
        assert_eq!(erase(&world).await.status, 200);
        assert_eq!(names(&world.take_events()), [CUSTOMER_ERASED]);
        assert_marked(&world).await;
        assert!(!world.dump().await.contains(CUSTOMER.as_bytes()));
    }
}

#[tokio::test(start_paused = true)]
async fn no_write_of_it_that_arrives_late_tells_it_again() {
    let world = World::new().await;
    connected(&world).await;
    world.wire.keep_writes();
    for _ in 0..2 {
        a_moment_later(&world);
        assert_eq!(erase(&world).await.status, 200);
    }
    let _ = world.take_events();
    world.assert_late_writes_change_nothing().await;
    assert_eq!(world.take_events(), [Value::Null; 0]);
    assert_marked(&world).await;
}
