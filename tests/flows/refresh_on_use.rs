//! `refreshOnUse`: a connection that nobody uses costs nothing.

use std::time::Duration;

use flow::lifecycle::refresh::Swept;
use serde_json::json;
use tests::World;
use tests::definitions::integration_with;
use tests::provider::Reply;
use tests::wire::Consumed;

use crate::refresh::{HOUR, connected, refreshes, renewed};

async fn world() -> World {
    World::with(&integration_with(&json!({ "refreshOnUse": true }))).await
}

#[tokio::test(start_paused = true)]
async fn nothing_is_refreshed_until_somebody_needs_it() {
    let world = world().await;
    let id = connected(&world).await;
    assert_eq!(world.connection(&id).await.json().get("nextCredentialsRefreshAt"), None);
    assert!(world.dump().await.schedule.is_empty());
    for _ in 0..20 {
        world.clock.advance(24 * HOUR);
        assert_eq!(world.run_schedule_again().await, Swept::default());
    }
    assert_eq!(refreshes(&world), 0);
    world.provider.next("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "access/2");
    assert_eq!(world.dump().await.due(), [""; 0]);
}

/// The lease and the save are what is left.
#[tokio::test(start_paused = true)]
async fn a_refresh_costs_one_unit_less() {
    let world = world().await;
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    let _ = world.wire.take_consumed();
    world.secrets(&id).await;
    // The use is noted, too.
    let cost = world.wire.take_consumed();
    assert_eq!(cost, Consumed { write_units: 3.0, ..cost });
}

#[tokio::test(start_paused = true)]
async fn one_that_failed_is_tried_again_on_schedule() {
    let world = world().await;
    let id = connected(&world).await;
    world.clock.advance(2 * HOUR);
    world.provider.next("/oauth/token", Reply::json(503, &json!({})));
    assert_eq!(world.read_secrets(&id).await.refusal().key, "provider_unreachable");
    assert_eq!(world.dump().await.due(), [id.as_str()]);
    world.clock.advance(Duration::from_mins(5));
    world.provider.next("/oauth/token", renewed(&json!({})));
    assert_eq!(world.run_schedule_again().await, Swept { renewed: 1, ..Swept::default() });
    assert_eq!(world.dump().await.due(), [""; 0]);
}
