//! Nothing about an erased customer is sent again, whatever the log of webhooks says of it.

use http::Method;
use serde_json::json;
use tests::answer::refusal;
use tests::tokens::{CUSTOMER, WORKSPACE, admin};
use tests::{Start, World};

use crate::connection_requests::{cancelled, made as requested};
use crate::erased_customer::{a_moment_later, erase};
use crate::webhooks::{answers, api, got, log, made};

async fn replay(world: &World, delivery: &serde_json::Value) -> tests::Answer {
    let path = format!("/webhook-deliveries/{}/replay", delivery["id"].as_str().unwrap());
    api(world, Method::POST, &path, None).await
}

#[tokio::test(start_paused = true)]
async fn no_event_of_an_erased_customer_is_sent_again() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({})).await;
    let request = requested(&world, &json!({})).await;
    cancelled(&world, &request).await;
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    let other = world.connect(&world.browser(), &Start::new().by("user-2")).await.connection_id();
    a_moment_later(&world);
    let mut events = world.take_events();
    assert_eq!(erase(&world).await.status, 200);
    events.extend(world.take_events());
    for event in &events {
        answers(&world, &[200]);
        world.webhook(event, 1).await;
    }
    let deliveries = log(&world, &endpoint).await;
    let mut names: Vec<&str> = deliveries.iter().map(|delivery| delivery["type"].as_str().unwrap()).collect();
    names.sort_unstable();
    let expected = [
        "connection-request.cancelled",
        "connection.created",
        "connection.created",
        "connection.deleted",
        "connection.erased",
        "customer.erased",
    ];
    assert_eq!(names, expected);
    // What is left of the connection still says whose it was.
    assert!(world.dump().await.contains(CUSTOMER.as_bytes()));
    let sent = got(&world).len();
    for delivery in &deliveries {
        if delivery["connectionId"] == *other {
            continue;
        }
        let refused = replay(&world, delivery).await;
        assert_eq!(refused.refusal(), refusal(404, "not_found", "id"), "{delivery}");
        assert!(!refused.body.contains(CUSTOMER));
    }
    assert_eq!(got(&world).len(), sent);
    // Another customer's is.
    let theirs = deliveries.iter().find(|delivery| delivery["connectionId"] == *other).unwrap();
    answers(&world, &[200]);
    assert_eq!(replay(&world, theirs).await.json()["status"], "success");
    assert!(got(&world).last().unwrap().body.contains("user-2"));
}

/// A connection that is erased by itself is held no more than one of an erased customer.
#[tokio::test(start_paused = true)]
async fn no_event_of_an_erased_connection_is_sent_again() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({})).await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let created = world.take_events().remove(0);
    answers(&world, &[200]);
    world.webhook(&created, 1).await;
    let [delivery] = &log(&world, &endpoint).await[..] else { panic!("one delivery") };
    answers(&world, &[200]);
    assert_eq!(replay(&world, delivery).await.json()["status"], "success");
    let path = format!("/connections/{id}?erase=true");
    let erased = world.api(Method::DELETE, &path, &admin(WORKSPACE), None).await;
    assert!(erased.status.is_success(), "{}", erased.body);
    assert_eq!(replay(&world, delivery).await.refusal(), refusal(404, "not_found", "id"));
    assert_eq!(got(&world).len(), 2);
}
