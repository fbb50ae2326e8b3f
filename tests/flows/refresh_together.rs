//! Many want new credentials of one connection at once: one of them asks the provider.

use std::time::Duration;

use serde_json::{Value, json};
use tests::World;
use tests::provider::Reply;

use crate::refresh::{HOUR, connected, dies_refreshing, refreshes, renewed};

/// A hundred callers read a connection at once, each as often as it is told to come back. Returns the tokens they hold
/// in the end.
async fn hundred_reads(world: &World, id: &str) -> Vec<Value> {
    let reads = (0..100).map(|_| async {
        loop {
            // A gateway gives up after 30 s, as it does when the function behind it died.
            let answer = tokio::time::timeout(Duration::from_secs(30), world.read_secrets(id)).await;
            match answer {
                Ok(answer) if answer.status == 200 => {
                    return answer.json()["credentials"]["access_token"].clone();
                }
                Ok(answer) => assert_eq!(answer.refusal().key, "lock_timeout"),
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    together(reads).await
}

/// Polls all of them side by side.
pub(crate) async fn together<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in futures.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test(start_paused = true)]
async fn a_hundred_reads_are_one_refresh_and_a_hundred_fresh_tokens() {
    for seconds in [0, 1, 20] {
        let world = World::new().await;
        let id = connected(&world).await;
        world.clock.advance(HOUR);
        // A second refresh with the same token is refused, as a provider does that rotates.
        world.provider.always("/oauth/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
        let rotated = json!({ "access_token": "access/2", "refresh_token": "refresh/2" });
        world.provider.next("/oauth/token", renewed(&rotated).after(Duration::from_secs(seconds)));
        let held = hundred_reads(&world, &id).await;
        assert_eq!(held, vec![json!("access/2"); 100], "after {seconds} s");
        assert_eq!(refreshes(&world), 1, "after {seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_first_dies_before_the_provider_rotated_the_next_asks_again() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    world.provider.next("/oauth/token", Reply::outlives_caller());
    world.provider.next("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    world.provider.always("/oauth/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    let held = hundred_reads(&world, &id).await;
    assert_eq!(held, vec![json!("access/2"); 100]);
    assert_eq!(refreshes(&world), 2, "one that died, and one");
}

#[tokio::test(start_paused = true)]
async fn when_it_dies_after_the_provider_rotated_the_connection_says_so() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    world.provider.next("/oauth/token", Reply::outlives_caller());
    world.provider.always("/oauth/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    hundred_reads(&world, &id).await;
    assert_eq!(refreshes(&world), 2);
    let connection = world.connection(&id).await.json();
    assert_eq!(connection["error"]["key"], "refresh_interrupted");
    assert_eq!(
        (&connection["disconnected"], &connection["state"]),
        (&json!(true), &json!("CLIENT_ACTION_REQUIRED"))
    );
}

#[tokio::test(start_paused = true)]
async fn while_a_lease_lasts_nobody_else_asks_the_provider() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    dies_refreshing(&world, &id).await;
    assert_eq!(world.read_secrets(&id).await.refusal().key, "lock_timeout");
    assert_eq!(refreshes(&world), 1);
}

/// A gateway that gives up cuts the caller off, and not the refresh.
#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_does_not_stop_the_refresh() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    world.provider.next(
        "/oauth/token",
        renewed(&json!({ "access_token": "access/2", "refresh_token": "refresh/2" }))
            .after(Duration::from_secs(10)),
    );
    let gone = tokio::time::timeout(Duration::from_secs(1), world.read_secrets(&id)).await;
    assert!(gone.is_err());
    assert_eq!(world.secrets(&id).await["credentials"]["refresh_token"], "refresh/2");
    assert_eq!(refreshes(&world), 1);
}

/// Who has waited for another's lease, and then leads a slow refresh, has an answer before API Gateway gives up.
#[tokio::test(start_paused = true)]
async fn a_caller_has_an_answer_in_time_however_long_they_waited_before() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    dies_refreshing(&world, &id).await;
    // Another 19 seconds of the lease are left.
    world.clock.advance(Duration::from_secs(25));
    let rotated = json!({ "access_token": "access/2", "refresh_token": "refresh/2" });
    world.provider.next("/oauth/token", renewed(&rotated).after(Duration::from_secs(15)));
    let asked = tokio::time::Instant::now();
    let answer = world.read_secrets(&id).await;
    assert!(asked.elapsed() < Duration::from_secs(28), "{:?}", asked.elapsed());
    assert_eq!(answer.refusal().key, "lock_timeout");
    assert_eq!(answer.headers["retry-after"], "2");
    // The refresh goes on.
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(world.secrets(&id).await["credentials"]["refresh_token"], "refresh/2");
    assert_eq!(refreshes(&world), 2);
}
