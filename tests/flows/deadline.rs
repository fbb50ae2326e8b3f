//! All work at the provider ends 22 seconds after the claim.

use std::time::Duration;

use protocol::provider::client::{ConnectionFailure, ProviderError};
use tests::provider::{Reply, tokens};
use tests::{Start, World};

/// The failure's key, and how long it took.
async fn failure(world: &World) -> (String, Duration) {
    let browser = world.browser();
    let callback = world.begin(&browser, &Start::new()).await.consent();
    let started = tokio::time::Instant::now();
    let answered = browser.get(&callback).await;
    let took = started.elapsed();
    let key = browser.get(answered.location()).await.redirected_refusal().key;
    assert!(world.dump().await.connections.is_empty());
    (key, took)
}

#[tokio::test(start_paused = true)]
async fn a_token_endpoint_that_hangs_is_given_up() {
    let world = World::new().await;
    world.provider.next("/oauth/token", Reply::hangs());
    let (key, took) = failure(&world).await;
    assert_eq!(key, "provider_unreachable");
    assert_eq!(took.as_secs(), 22);
}

#[tokio::test(start_paused = true)]
async fn the_test_call_gets_only_the_time_that_is_left() {
    let world = World::new().await;
    world.provider.next("/oauth/token", Reply::json(200, &tokens()).after(Duration::from_secs(15)));
    world.provider.next("/api/me", Reply::hangs());
    let (key, took) = failure(&world).await;
    assert_eq!(key, "provider_unreachable");
    assert_eq!(took.as_secs(), 22);
    let calls = world.provider.calls();
    assert_eq!(calls[0].limit, Duration::from_secs(22));
    assert!(calls[1].limit <= Duration::from_secs(7), "{:?}", calls[1].limit);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_cannot_be_reached_is_not_to_blame_the_customer_for() {
    for error in [
        ProviderError::connection(ConnectionFailure::Refused),
        ProviderError::connection(ConnectionFailure::Broken),
        ProviderError::Timeout,
    ] {
        for path in ["/oauth/token", "/api/me"] {
            let world = World::new().await;
            world.provider.next(path, Reply::fails(error.clone()));
            assert_eq!(failure(&world).await.0, "provider_unreachable", "{path} {error}");
        }
    }
    for path in ["/oauth/token", "/api/me"] {
        let world = World::new().await;
        world.provider.next(path, Reply::body(503, "text/html", "<h1>Maintenance</h1>"));
        assert_eq!(failure(&world).await.0, "provider_unreachable", "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_code_is_sent_once_even_when_no_answer_came() {
    let world = World::new().await;
    world.provider.always("/oauth/token", Reply::fails(ProviderError::connection(ConnectionFailure::Broken)));
    failure(&world).await;
    assert_eq!(world.provider.calls_to("/oauth/token").len(), 1);
}
