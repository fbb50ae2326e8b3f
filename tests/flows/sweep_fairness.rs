//! A provider that hangs holds up its own connections only.

use std::time::Duration;

use flow::lifecycle::refresh::{Swept, sweep};
use protocol::clock::Clock;
use serde_json::json;
use tests::definitions::integration_with;
use tests::permissions::as_refresh;
use tests::provider::Reply;
use tests::{Start, World};

use crate::refresh::HOUR;

/// More than there are slots.
const HANGING: usize = 80;
const ELSEWHERE: usize = 12;

/// A world in which connections of two integrations are due, those with the slow provider first.
async fn due() -> World {
    let world = World::new().await;
    let slow = json!({
        "authorizeUri": "https://slow.example/oauth/authorize",
        "tokenUri": "https://slow.example/slow/token",
    });
    world.define("slow", &integration_with(&slow)).await;
    let token = Reply::json(200, &tests::provider::tokens());
    world.provider.always("/slow/token", token);
    let several = json!({ "allowMultipleConnections": true });
    let browser = world.browser();
    for _ in 0..HANGING {
        let start = Start::new().with(&several).with(&json!({ "integrationKey": "slow" }));
        world.connect(&browser, &start).await.assert_connected();
    }
    // All of the first are due before the others.
    world.clock.advance(Duration::from_mins(1));
    for _ in 0..ELSEWHERE {
        world.connect(&browser, &Start::new().with(&several)).await.assert_connected();
    }
    world.clock.advance(HOUR);
    world.provider.always("/slow/token", Reply::hangs());
    world
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_behind_a_provider_that_hangs() {
    let world = due().await;
    let called = |path: &str| world.provider.calls_to(path).len();
    let (slow, fast) = (called("/slow/token"), called("/oauth/token"));
    let end = world.clock.now() + Duration::from_mins(4);
    let (deps, begun) = (world.deps.clone(), tokio::time::Instant::now());
    let run = tokio::spawn(async move { as_refresh(sweep(&deps, end)).await.unwrap() });
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(called("/oauth/token") - fast, ELSEWHERE, "before the first timeout");

    let swept = run.await.unwrap();
    let (renewed, failed) = (u32::try_from(ELSEWHERE).unwrap(), u32::try_from(HANGING).unwrap());
    assert_eq!(swept, Swept { renewed, failed, ..Swept::default() });
    // After the first timeouts, the breaker answers for the host.
    assert!(called("/slow/token") - slow <= 64, "{}", called("/slow/token") - slow);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_host_that_answers_again_is_called_again_by_the_next_run() {
    let world = due().await;
    let end = world.clock.now() + Duration::from_mins(4);
    world.run_schedule_until(end).await.unwrap();
    world.provider.always("/slow/token", Reply::json(200, &tests::provider::tokens()));
    world.clock.advance(Duration::from_mins(5));
    let end = world.clock.now() + Duration::from_mins(4);
    let renewed = u32::try_from(HANGING).unwrap();
    assert_eq!(world.run_schedule_until(end).await.unwrap(), Swept { renewed, ..Swept::default() });
}
