//! The incidents, played. Each sets off the alarms that docs/operate.md says, and no other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use flow::seal::KmsKey;
use http::Method;
use serde_json::json;
use tests::alarms::{
    ENDPOINT_FAILS, GRANTS_ENDED, Incident, KEY_DENIED, PROVIDER_DOWN, PROVIDER_HANGS, REFRESH_LATE,
    REFRESH_STOPPED, ROOT_TOKENS_FORGED, SECRET_REVOKED, Seen, TABLE_THROTTLED, WEBHOOKS_LAID_ASIDE,
};
use tests::definitions::workspace;
use tests::provider::Reply;
use tests::tokens::{ROOT, WORKSPACE, admin, customer, in_an_hour, signed};
use tests::wire::{EVERYTHING, FOR_GOOD, Wire};
use tests::{Fault, Start, World};

use crate::scene::{Queue, Scene};

/// More than one that is due is renewed at once, and the alarms ask for five.
const CONNECTIONS: usize = 6;

/// Half an hour of runs: what is seen once could be chance.
const RUNS: usize = 6;

#[track_caller]
fn assert_sets_off(incident: &Incident, seen: &Seen) {
    assert!(seen.line(incident.says).is_some(), "{}: {:#?}", incident.name, seen.lines);
    assert_eq!(seen.alarms(), incident.by_lines(), "{}: {:?}", incident.name, seen.metrics.names());
}

/// Customers who begin flows while connections are due, in front of a token endpoint that answers so.
async fn half_an_hour_with(reply: Reply, customers: usize) -> Seen {
    let scene = Scene::of(World::new().await).await.with_connections(CONNECTIONS).await;
    scene.world.provider.always("/oauth/token", reply);
    for run in 0..RUNS {
        for at in 0..customers {
            scene.connects(&format!("late-{run}-{at}")).await;
        }
        scene.goes_on(1).await;
    }
    scene.seen()
}

#[tokio::test(start_paused = true)]
async fn a_revoked_client_secret_is_told_apart_from_customers_who_fail() {
    let seen = half_an_hour_with(Reply::json(401, &json!({ "error": "invalid_client" })), 1).await;
    assert_sets_off(&SECRET_REVOKED, &seen);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_down_is_seen_in_flows_and_in_renewals() {
    let seen = half_an_hour_with(Reply::json(503, &json!({})), 4).await;
    assert_sets_off(&PROVIDER_DOWN, &seen);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_hangs_is_seen_by_how_long_it_is_waited_for() {
    let seen = half_an_hour_with(Reply::hangs(), 1).await;
    assert_sets_off(&PROVIDER_HANGS, &seen);
}

#[tokio::test(start_paused = true)]
async fn grants_that_end_together_are_no_everyday_disconnections() {
    let seen = half_an_hour_with(Reply::json(400, &json!({ "error": "invalid_grant" })), 0).await;
    assert_sets_off(&GRANTS_ENDED, &seen);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_leaves_what_is_due_is_late() {
    let scene = Scene::of(World::new().await).await.with_connections(CONNECTIONS).await;
    // None begins that could not end in time.
    scene.goes_on_with(RUNS, Duration::from_secs(30)).await;
    assert_sets_off(&REFRESH_LATE, &scene.seen());
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_does_not_run_is_missed() {
    let scene = Scene::of(World::new().await).await;
    scene.goes_on(RUNS).await;
    scene.world.clock.advance(Duration::from_mins(30));
    assert_sets_off(&REFRESH_STOPPED, &scene.seen());
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_throttled_is_seen_before_and_after_patience_ends() {
    let scene = Scene::of(World::new().await).await;
    scene.world.wire.fail(EVERYTHING, FOR_GOOD, Fault::Throttled);
    for run in 0..RUNS {
        scene.world.forget_definitions();
        scene.connects(&format!("late-{run}")).await;
        scene.goes_on(1).await;
    }
    assert_sets_off(&TABLE_THROTTLED, &scene.seen());
}

/// A key in a KMS that denies everything.
fn denied() -> Arc<KmsKey> {
    let wire = Wire::new();
    wire.fail(EVERYTHING, FOR_GOOD, Fault::Refused("AccessDeniedException"));
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url("http://127.0.0.1:9")
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(wire)
        .build();
    Arc::new(KmsKey::new("alias/linkspan", &config))
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_denied_is_seen_while_the_tables_are_well() {
    let scene = Scene::of(World::new().await.deployed_with(denied())).await;
    for run in 0..RUNS {
        scene.connects(&format!("late-{run}")).await;
        scene.goes_on(1).await;
    }
    assert_sets_off(&KEY_DENIED, &scene.seen());
}

#[tokio::test(start_paused = true)]
async fn forged_tokens_of_the_root_workspace_are_seen_at_once() {
    let scene = Scene::of(World::new().await).await;
    scene.goes_on(1).await;
    for _ in 0..4 {
        let claims = json!({ "iss": ROOT, "isAdmin": true, "exp": in_an_hour() });
        let forged = signed(&claims, "what an attacker guesses the root secret to be");
        let answer =
            scene.world.api(Method::PUT, "/workspaces/mine", &forged, Some(&workspace("mine"))).await;
        assert_eq!(answer.status, 401);
    }
    scene.goes_on(1).await;
    assert_sets_off(&ROOT_TOKENS_FORGED, &scene.seen());
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_fails_is_told_apart_from_those_that_do_not() {
    let scene = Scene::of(World::new().await).await;
    scene.has_endpoint("/hooks/takes", 204).await;
    scene.has_endpoint("/hooks/fails", 503).await;
    let mut queue = Queue::new();
    for run in 0..RUNS {
        for at in 0..3 {
            scene.connects(&format!("late-{run}-{at}")).await;
        }
        scene.goes_on_with_webhooks(&mut queue).await;
    }
    let seen = scene.seen();
    assert_sets_off(&ENDPOINT_FAILS, &seen);
    let failed = seen.line(ENDPOINT_FAILS.says).unwrap();
    let status = (&failed["webhook"], &failed["status"], &failed["workspace"]);
    assert_eq!((status.0.as_str().unwrap().len(), status.1, status.2), (24, &json!(503), &json!(WORKSPACE)));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_among_the_events_is_a_fault() {
    let scene = Scene::of(World::new().await).await;
    scene.goes_on(1).await;
    assert!(scene.world.webhook_refused(&json!({ "detail-type": "of somebody else" }), 1).await);
    scene.goes_on(1).await;
    assert_sets_off(&WEBHOOKS_LAID_ASIDE, &scene.seen());
}

/// Without this, alarms that are always on would pass.
#[tokio::test(start_paused = true)]
async fn an_everyday_half_hour_sets_off_nothing() {
    let scene = Scene::of(World::new().await).await.with_connections(CONNECTIONS).await;
    scene.has_endpoint("/hooks/takes", 204).await;
    let mut queue = Queue::new();
    for run in 0..RUNS {
        scene.connects(&format!("late-{run}")).await;
        let browser = scene.world.browser();
        let begun = scene.world.begin(&browser, &Start::new().by("says-no")).await;
        let back = browser.get(&begun.back(&[("error", "access_denied")])).await;
        browser.get(back.location()).await;
        let token = customer(WORKSPACE, "user-1") + "x";
        scene.world.api(Method::GET, "/self", &token, None).await;
        scene.world.api(Method::GET, "/connections/none", &admin(WORKSPACE), None).await;
        scene.goes_on_with_webhooks(&mut queue).await;
    }
    let seen = scene.seen();
    assert_eq!(seen.alarms(), [""; 0], "{:?}", seen.metrics.names());
    let expected = [
        "Connected",
        "Failed",
        "Refused",
        "Renewed",
        "Started",
        "TokensRefused",
        "WebhooksDelivered",
        "WebhooksFailed",
        "overdue_ms",
    ];
    assert_eq!(seen.metrics.names(), BTreeSet::from(expected));
}
