//! When an endpoint is tried: by its own schedule, however often the queue hands an event over; and with how many at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use flow::deps::WEBHOOKS_AT_ONCE;
use flow::webhook::Outcome;
use http::{Method, Request, Response, StatusCode};
use protocol::BoxFuture;
use protocol::provider::client::{Provider, ProviderError};
use serde_json::{Value, json};
use tests::World;
use tests::provider::Reply;

use crate::refresh_together::together;
use crate::webhooks::{answers, api, event, got, log, made};

/// The pause that the event has to make, which is this one or up to a tenth longer.
fn assert_pause(outcome: Outcome, least: Duration) -> Duration {
    let pause = match outcome {
        Outcome::Again(pause) => Some(pause),
        Outcome::Done => None,
    };
    let pause = pause.unwrap();
    assert!((least..=least * 11 / 10).contains(&pause), "{pause:?} for {least:?}");
    pause
}

#[tokio::test(start_paused = true)]
async fn an_event_that_comes_often_is_tried_when_it_is_due_and_no_try_is_lost() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({})).await;
    let event = event(&world).await;
    world.provider.always("/hooks", Reply::json(500, &json!({})));
    // Batches are lost and function calls throttled: it comes for the thirtieth time, and is tried for the first.
    let pause = assert_pause(world.webhook(&event, 30).await, Duration::from_secs(10));
    for received in 31..60 {
        assert_pause(world.webhook(&event, received).await, Duration::from_secs(10));
    }
    assert_eq!(got(&world).len(), 1);
    world.clock.advance(Duration::from_secs(4));
    assert_pause(world.webhook(&event, 60).await, Duration::from_secs(6));
    world.clock.advance(pause.saturating_sub(Duration::from_secs(4)));
    let mut tries = 1;
    for (least, received) in [60, 300, 1800, 7200, 18000, 28800, 28800].into_iter().zip(61..) {
        let pause = assert_pause(world.webhook(&event, received).await, Duration::from_secs(least));
        world.clock.advance(pause);
        tries += 1;
        let [delivery] = &log(&world, &endpoint).await[..] else { panic!("one delivery") };
        assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("pending"), &json!(tries)));
    }
    assert_eq!(world.webhook(&event, 90).await, Outcome::Done);
    assert_eq!(got(&world).len(), 9);
    assert_eq!(log(&world, &endpoint).await[0]["status"], "failed");
}

/// Who sends an event again neither uses up its tries nor puts off the next one.
#[tokio::test(start_paused = true)]
async fn what_is_sent_again_on_request_is_no_try_of_the_schedule() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({})).await;
    let event = event(&world).await;
    world.provider.always("/hooks", Reply::json(500, &json!({})));
    let pause = assert_pause(world.webhook(&event, 1).await, Duration::from_secs(10));
    world.clock.advance(pause);
    let id = log(&world, &endpoint).await[0]["id"].as_str().unwrap().to_owned();
    let mut replayed = Value::Null;
    for _ in 0..9 {
        let path = format!("/webhook-deliveries/{id}/replay");
        replayed = api(&world, Method::POST, &path, None).await.json();
    }
    assert_eq!((&replayed["status"], &replayed["attempts"]), (&json!("pending"), &json!(10)));
    assert_pause(world.webhook(&event, 2).await, Duration::from_mins(1));
    assert_eq!(got(&world).len(), 11);
}

#[tokio::test(start_paused = true)]
async fn each_endpoint_is_tried_by_its_own_schedule() {
    let world = World::new().await;
    made(&world, &json!({})).await;
    let event = event(&world).await;
    world.provider.always("/hooks", Reply::json(500, &json!({})));
    for least in [10, 60] {
        let pause = assert_pause(world.webhook(&event, 1).await, Duration::from_secs(least));
        world.clock.advance(pause);
    }
    assert_pause(world.webhook(&event, 3).await, Duration::from_mins(5));
    // A second endpoint begins where the first one waits for its fourth try.
    let late = made(&world, &json!({})).await;
    let pause = assert_pause(world.webhook(&event, 4).await, Duration::from_secs(10));
    assert_eq!(got(&world).len(), 4);
    world.clock.advance(pause);
    answers(&world, &[200]);
    let Outcome::Again(left) = world.webhook(&event, 5).await else { panic!("the first is left") };
    assert!(left > Duration::from_secs(280), "{left:?}");
    assert_eq!(log(&world, &late).await[0]["status"], "success");
    assert_eq!(got(&world).len(), 5);
}

/// A provider whose answers nobody may read, since they never end.
#[derive(Default)]
struct Endless {
    now: AtomicUsize,
    most: AtomicUsize,
    all: AtomicUsize,
}

impl Provider for Endless {
    fn send(&self, _: Request<Bytes>, _: Duration) -> BoxFuture<'_, Result<Response<Bytes>, ProviderError>> {
        // Somebody reads the answer.
        Box::pin(std::future::pending())
    }

    fn send_for_status(
        &self,
        _: Request<Bytes>,
        _: Duration,
    ) -> BoxFuture<'_, Result<StatusCode, ProviderError>> {
        Box::pin(async {
            self.all.fetch_add(1, Ordering::SeqCst);
            self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // Longer than anybody waits for a turn.
            tokio::time::sleep(Duration::from_secs(40)).await;
            self.now.fetch_sub(1, Ordering::SeqCst);
            Ok(StatusCode::OK)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn no_answer_is_read_and_only_so_many_are_waited_for_at_once() {
    let world = World::new().await;
    for _ in 0..8 {
        made(&world, &json!({})).await;
    }
    let mut events = Vec::new();
    for _ in 0..9 {
        events.push(event(&world).await);
    }
    let endless = Arc::new(Endless::default());
    world.provider.answered_by(Arc::clone(&endless) as Arc<dyn Provider>);
    let outcomes = together(events.iter().map(|event| world.webhook(event, 1))).await;
    assert_eq!(endless.most.load(Ordering::SeqCst), WEBHOOKS_AT_ONCE);
    // Whose turn did not come in time was not tried, and comes again soon.
    assert_eq!(endless.all.load(Ordering::SeqCst), WEBHOOKS_AT_ONCE);
    world.clock.advance(Duration::from_secs(11));
    for (event, outcome) in events.iter().zip(outcomes) {
        if outcome != Outcome::Done {
            assert_pause(outcome, Duration::from_secs(10));
            assert_eq!(world.webhook(event, 2).await, Outcome::Done);
        }
    }
    assert_eq!(endless.all.load(Ordering::SeqCst), 8 * 9);
}
