//! Endpoints that do not answer: they are called once in a while, and what waits for them has a bound.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use flow::webhook::{MAX_WAITING, Outcome, TRIES};
use http::Method;
use serde_json::{Value, json};
use tests::World;
use tests::permissions::by_hand;
use tests::provider::Reply;
use tests::tokens::WORKSPACE;

use crate::refresh_together::together;
use crate::webhooks::{answers, api, event, got, log, made, path_of};

/// The event as if it had happened so often: each is another one.
fn many(event: &Value, count: usize) -> Vec<Value> {
    let numbered = |number: usize| {
        let mut event = event.clone();
        event["detail"]["sequence"] = json!(format!("9{number}"));
        event
    };
    (0..count).map(numbered).collect()
}

async fn all_tried(world: &World, events: &[Value]) -> Vec<Outcome> {
    together(events.iter().map(|event| world.webhook(event, 1))).await
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_does_not_answer_is_called_once_in_a_while_until_it_does() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({})).await;
    let event = event(&world).await;
    world.provider.always("/hooks", Reply::hangs());
    // For a minute it is called as ever.
    all_tried(&world, &many(&event, 3)).await;
    world.clock.advance(Duration::from_mins(1));
    all_tried(&world, &many(&event, 6)[3..]).await;
    assert_eq!(got(&world).len(), 6);

    // Then each try is one without a call.
    let waiting = &many(&event, 20)[6..];
    let outcomes = all_tried(&world, waiting).await;
    assert_eq!(got(&world).len(), 6);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Again(_))));
    let held: Vec<Value> = log(&world, &endpoint).await;
    let held: Vec<&Value> = held.iter().filter(|of| of["lastProblem"] == "endpoint_silent").collect();
    assert_eq!(held.len(), 14);
    assert!(held.iter().all(|of| of["status"] == "pending" && of["attempts"] == 1));

    // After that one asks for all. It hangs still, and the next time is later.
    world.clock.advance(Duration::from_secs(30));
    all_tried(&world, waiting).await;
    assert_eq!(got(&world).len(), 7);
    world.clock.advance(Duration::from_secs(29));
    all_tried(&world, waiting).await;
    assert_eq!(got(&world).len(), 7);

    // Any answer is one, and from then on all are called again.
    world.clock.advance(Duration::from_mins(2));
    world.provider.always("/hooks", Reply::json(500, &json!({})));
    world.webhook(&waiting[0], 3).await;
    assert_eq!(got(&world).len(), 8);
    all_tried(&world, &waiting[1..]).await;
    assert_eq!(got(&world).len(), 7 + waiting.len());
    world.provider.always("/hooks", Reply::json(200, &json!({})));
    world.clock.advance(Duration::from_hours(9));
    let outcomes = all_tried(&world, waiting).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Done));
}

/// One event alone is called for at each of its tries: an endpoint is held for less than the pauses between them.
#[tokio::test(start_paused = true)]
async fn no_try_of_an_event_that_comes_alone_is_left_out() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({})).await;
    let event = event(&world).await;
    world.provider.always("/hooks", Reply::hangs());
    for received in 1..TRIES {
        let Outcome::Again(pause) = world.webhook(&event, received).await else { panic!("{received}") };
        world.clock.advance(pause);
    }
    assert_eq!(world.webhook(&event, TRIES).await, Outcome::Done);
    assert_eq!(got(&world).len(), usize::try_from(TRIES).unwrap());
    assert_eq!(log(&world, &endpoint).await[0]["lastProblem"], "timeout");
}

/// Who asks for a call gets one, and its answer counts for all.
#[tokio::test(start_paused = true)]
async fn a_test_reaches_an_endpoint_that_is_held_and_ends_that() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({})).await;
    let event = event(&world).await;
    world.provider.always("/hooks", Reply::hangs());
    all_tried(&world, &many(&event, 1)).await;
    world.clock.advance(Duration::from_mins(1));
    all_tried(&world, &many(&event, 2)[1..]).await;
    all_tried(&world, &many(&event, 3)[2..]).await;
    assert_eq!(got(&world).len(), 2);
    answers(&world, &[204]);
    let tested = api(&world, Method::POST, &format!("{}/test", path_of(&endpoint)), None).await.json();
    assert_eq!(tested["status"], "success");
    world.provider.always("/hooks", Reply::json(200, &json!({})));
    assert_eq!(world.webhook(&many(&event, 4)[3], 1).await, Outcome::Done);
    assert_eq!(got(&world).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn only_so_many_deliveries_of_a_workspace_begin_to_wait_in_an_hour() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({})).await;
    let event = event(&world).await;
    world.provider.always("/hooks", Reply::json(503, &json!({})));
    let hour = 1_767_225_600 / 3600;
    let waiting = [
        ("pk", AttributeValue::S(format!("webhook#{WORKSPACE}#waiting"))),
        ("sk", AttributeValue::S(hour.to_string())),
        ("waiting", AttributeValue::N((MAX_WAITING - 1).to_string())),
    ];
    world.write("schedule", &waiting.map(|(name, value)| (name.to_owned(), value)).into()).await;
    let events = many(&event, 4);
    let Outcome::Again(pause) = world.webhook(&events[0], 1).await else { panic!("there is room for one") };
    assert_eq!(world.webhook(&events[1], 1).await, Outcome::Done);
    let refused = log(&world, &endpoint).await;
    let refused = refused.iter().find(|of| of["lastProblem"] == "too_many_waiting").unwrap();
    assert_eq!(
        (&refused["status"], &refused["lastStatus"], &refused["attempts"]),
        (&json!("failed"), &json!(503), &json!(1))
    );
    // What waits goes on, what is taken never waits, and what was given up can be sent again.
    world.clock.advance(pause);
    assert!(matches!(world.webhook(&events[0], 2).await, Outcome::Again(_)));
    answers(&world, &[200, 200]);
    assert_eq!(world.webhook(&events[2], 1).await, Outcome::Done);
    let path = format!("/webhook-deliveries/{}/replay", refused["id"].as_str().unwrap());
    assert_eq!(api(&world, Method::POST, &path, None).await.json()["status"], "success");
    // Another hour has room again.
    world.clock.advance(Duration::from_hours(1));
    assert!(matches!(world.webhook(&events[3], 1).await, Outcome::Again(_)));
}

/// A function that is late may still write of an endpoint that is deleted. That goes too.
#[tokio::test(start_paused = true)]
async fn nothing_of_a_deleted_endpoint_stays() {
    let world = World::new().await;
    let event = event(&world).await;
    let (gone, silent) = (made(&world, &json!({})).await, made(&world, &json!({})).await);
    world.provider.always("/hooks", Reply::json(410, &json!({})));
    world.webhook(&event, 1).await;
    for endpoint in [&gone, &silent] {
        assert_eq!(api(&world, Method::DELETE, &path_of(endpoint), None).await.status, 204);
    }
    let late = Arc::clone(&world.deps);
    for endpoint in [&gone, &silent] {
        let id = endpoint["id"].as_str().unwrap();
        world.clock.advance(Duration::from_secs(1));
        by_hand(late.store.mark_gone(id, late.clock.now())).await.unwrap();
        by_hand(late.store.mark_silent(id, late.clock.now())).await.unwrap();
    }
    let dump = world.dump().await;
    let of_webhooks = dump.schedule.iter().filter(|item| item["pk"].as_s().unwrap().starts_with("webhook#"));
    let left: Vec<_> = of_webhooks.collect();
    assert!(left.len() >= 4, "{left:?}");
    for item in left {
        let ttl: i64 = item["ttl"].as_n().unwrap().parse().unwrap();
        assert!(ttl <= 1_767_225_600 + 31 * 86_400, "{item:?}");
    }
    // Of a live endpoint the answer stays: it says that it is off.
    let live = made(&world, &json!({})).await;
    by_hand(late.store.mark_gone(live["id"].as_str().unwrap(), late.clock.now())).await.unwrap();
    let state = |item: &&tests::dump::Item| {
        item["pk"].as_s().unwrap() == &format!("webhook#{}#state", live["id"].as_str().unwrap())
    };
    assert!(!world.dump().await.schedule.iter().find(state).unwrap().contains_key("ttl"));
}
