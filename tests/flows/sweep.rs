//! The scheduled refresh: it finds what is due, renews it, and comes back to what failed.

use std::time::Duration;

use flow::lifecycle::refresh::{self, Swept};
use protocol::clock::{Clock, Timestamp};
use protocol::record::Invocation;
use serde_json::{Value, json};
use tests::definitions::integration_with;
use tests::logs::Logs;
use tests::permissions::by_hand;
use tests::provider::Reply;
use tests::wire::{AwsRequest, Consumed, FOR_GOOD, Fault};
use tests::{Start, World};

use crate::refresh::{HOUR, connected, dies_refreshing, refreshes, renewed};

const DAY: Duration = Duration::from_hours(24);

/// Runs whenever the connection is due, for as long as that is before `end`.
async fn swept_until(world: &World, end: Timestamp) {
    loop {
        let dump = world.dump().await;
        let health = dump.live_connections()[0]["health"].as_s().unwrap();
        let due = serde_json::from_str::<Value>(health).unwrap()["nextRefreshAt"].as_i64().unwrap();
        if due > end.0 {
            world.clock.advance(end.since(world.clock.now()));
            return;
        }
        world.clock.advance(Timestamp(due).since(world.clock.now()));
        world.run_schedule().await;
    }
}

fn none() -> Swept {
    Swept::default()
}

fn count(requests: &[AwsRequest], operation: &str) -> usize {
    requests.iter().filter(|request| request.operation == operation).count()
}

#[tokio::test(start_paused = true)]
async fn what_is_due_is_renewed_before_it_ends_and_what_is_not_is_left_alone() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(Duration::from_mins(44));
    assert_eq!(world.run_schedule().await, none());
    world.clock.advance(Duration::from_mins(1));
    world.provider.next("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    assert_eq!(world.run_schedule().await, Swept { renewed: 1, ..none() });
    assert_eq!(world.run_schedule().await, none());
    // Nobody waited for it.
    let read = world.secrets(&id).await;
    assert_eq!(read["credentials"]["access_token"], "access/2");
    assert_eq!(read["nextCredentialsRefreshAt"], "2026-01-01T01:30:00.000Z");
    assert_eq!(refreshes(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_nobody_uses_is_renewed_once_a_week() {
    let world = World::new().await;
    let id = connected(&world).await;
    swept_until(&world, world.clock.now() + DAY).await;
    assert_eq!(refreshes(&world), 32, "every 45 minutes of the first day");
    swept_until(&world, world.clock.now() + 14 * DAY).await;
    assert_eq!(refreshes(&world), 34);
    // Whoever uses it again gets a fresh token, and nobody waits for the next one.
    world.clock.advance(HOUR);
    world.secrets(&id).await;
    assert_eq!(refreshes(&world), 35);
    swept_until(&world, world.clock.now() + HOUR).await;
    assert_eq!(refreshes(&world), 36);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_three_days_disconnects_nobody() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.provider.always("/oauth/token", Reply::json(503, &json!({})));
    swept_until(&world, world.clock.now() + 3 * DAY).await;
    let tries = refreshes(&world);
    assert!((15..25).contains(&tries), "less and less often: {tries}");
    let connection = world.connection(&id).await.json();
    assert_eq!(
        (&connection["connected"], &connection["error"]["key"]),
        (&json!(true), &json!("provider_unreachable"))
    );
    world.provider.always("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    swept_until(&world, world.clock.now() + 8 * HOUR).await;
    let connection = world.connection(&id).await.json();
    assert_eq!(connection.get("error"), None);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_and_an_end_are_told() {
    for (reply, definition) in [
        (Reply::json(400, &json!({ "error": "invalid_grant" })), json!({})),
        (Reply::fails(protocol::provider::client::ProviderError::Timeout), json!({ "noRefreshToken": true })),
    ] {
        let world = World::with(&integration_with(&definition)).await;
        let id = connected(&world).await;
        world.provider.always("/oauth/token", reply);
        world.clock.advance(HOUR);
        assert_eq!(world.run_schedule().await, Swept { disconnected: 1, ..none() });
        assert_eq!(world.connection(&id).await.json()["error"]["key"], "access_token_expired");
        let dump = world.dump().await;
        let event = &dump.live_connections()[0]["event"].as_m().unwrap()["name"];
        assert_eq!(event.as_s().unwrap(), "connection.disconnected");
        world.clock.advance(DAY);
        assert_eq!(world.run_schedule().await, none());
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_somebody_has_in_hand_is_left_to_them() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    dies_refreshing(&world, &id).await;
    assert_eq!(world.run_schedule().await, Swept { left: 1, ..none() });
    // Once the lease has ended, what was left lying is taken up.
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(world.run_schedule().await, Swept { renewed: 1, ..none() });
}

#[tokio::test(start_paused = true)]
async fn what_a_run_leaves_says_how_long_it_has_been_due() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    dies_refreshing(&world, &id).await;
    let overdue = async || {
        let logs = Logs::record();
        let end = world.clock.now() + Duration::from_mins(4);
        refresh::run(&world.deps, Invocation::default(), end).await.unwrap();
        let lines = logs.lines();
        let line = lines.iter().find(|line| line["message"] == "scheduled work ended").unwrap();
        Duration::from_millis(line["overdue_ms"].as_u64().unwrap())
    };
    // It was due 45 minutes after it was made.
    let left = overdue().await;
    assert!((Duration::from_mins(15)..Duration::from_mins(16)).contains(&left), "{left:?}");
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(overdue().await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn two_runs_at_once_share_the_work() {
    let world = World::new().await;
    for _ in 0..20 {
        let start = Start::new().with(&json!({ "allowMultipleConnections": true }));
        world.connect(&world.browser(), &start).await.assert_connected();
    }
    let before = refreshes(&world);
    world.clock.advance(HOUR);
    let (first, second) = tokio::join!(world.run_schedule(), world.run_schedule());
    assert_eq!(first.renewed + second.renewed, 20);
    assert_eq!(refreshes(&world) - before, 20);
}

#[tokio::test(start_paused = true)]
async fn after_a_time_without_runs_nothing_is_forgotten() {
    let world = World::new().await;
    assert_eq!(world.run_schedule().await, none());
    connected(&world).await;
    world.clock.advance(3 * DAY);
    assert_eq!(world.run_schedule().await, Swept { renewed: 1, ..none() });
    // What was found empty is not looked at again.
    world.run_schedule().await;
    let _ = world.wire.take_requests();
    assert_eq!(world.run_schedule().await, none());
    let requests = world.wire.take_requests();
    assert_eq!((count(&requests, "Query"), count(&requests, "GetItem"), requests.len()), (16, 1, 17));
}

/// A run whose clock was five hours ahead has said that those hours are done.
#[tokio::test(start_paused = true)]
async fn a_checkpoint_that_lies_ahead_is_put_right_and_hides_nothing() {
    let world = World::new().await;
    connected(&world).await;
    by_hand(world.deps.store.write_checkpoint(world.clock.now() + 5 * HOUR, None)).await.unwrap();
    world.clock.advance(3 * HOUR);
    assert_eq!(world.run_schedule().await, Swept { renewed: 1, ..none() });
    assert_eq!(world.run_schedule().await, none());
    let done = world.clock.now() - Duration::from_mins(10);
    assert_eq!(by_hand(world.deps.store.read_checkpoint()).await.unwrap(), Some(done));
    // Otherwise it only moves on.
    by_hand(world.deps.store.write_checkpoint(done - HOUR, None)).await.unwrap();
    assert_eq!(by_hand(world.deps.store.read_checkpoint()).await.unwrap(), Some(done));
}

#[tokio::test(start_paused = true)]
async fn what_there_is_no_time_for_is_left_for_the_next_run() {
    let world = World::new().await;
    connected(&world).await;
    world.clock.advance(HOUR);
    let soon = world.clock.now() + Duration::from_secs(29);
    assert_eq!(world.run_schedule_until(soon).await.unwrap(), Swept { unfinished: true, ..none() });
    assert_eq!(refreshes(&world), 0);
    assert_eq!(world.run_schedule().await, Swept { renewed: 1, ..none() });
}

#[tokio::test(start_paused = true)]
async fn each_costs_four_requests() {
    let world = World::new().await;
    for _ in 0..5 {
        let start = Start::new().with(&json!({ "allowMultipleConnections": true }));
        world.connect(&world.browser(), &start).await.assert_connected();
    }
    world.run_schedule().await;
    world.clock.advance(Duration::from_mins(50));
    let _ = world.wire.take_requests();
    assert_eq!(world.run_schedule().await, Swept { renewed: 5, ..none() });
    let requests = world.wire.take_requests();
    // A lease and a save each; an entry each, and the checkpoint.
    assert_eq!((count(&requests, "UpdateItem"), count(&requests, "PutItem")), (10, 6));
    // The connection each, the checkpoint, and the definition for those that found it missing at the same time.
    assert!((7..=11).contains(&count(&requests, "GetItem")));
    assert_eq!(count(&requests, "Query"), 16);
    // What was renewed is looked at once more, and nothing is written.
    world.clock.advance(Duration::from_mins(5));
    let _ = (world.wire.take_requests(), world.wire.take_consumed());
    assert_eq!(world.run_schedule().await, none());
    let requests = world.wire.take_requests();
    assert_eq!((count(&requests, "Query"), count(&requests, "GetItem"), requests.len()), (8, 6, 15));
    let cost = world.wire.take_consumed();
    assert_eq!(cost, Consumed { write_units: 1.0, ..cost });
    world.clock.advance(Duration::from_mins(6));
    world.run_schedule().await;
    let _ = world.wire.take_requests();
    world.run_schedule().await;
    assert_eq!(count(&world.wire.take_requests(), "GetItem"), 1);
}

/// The database was away when a connection was to be taken, or when what came of it was to be written.
#[tokio::test(start_paused = true)]
async fn what_could_not_be_written_is_found_again_however_late() {
    for (operation, at) in [("UpdateItem", 0), ("GetItem", 1), ("PutItem", 0), ("UpdateItem", 1)] {
        let world = World::new().await;
        let id = connected(&world).await;
        world.run_schedule().await;
        world.clock.advance(HOUR);
        let wire = world.wire.clone();
        let breaks = async move { wire.fail(operation, FOR_GOOD, Fault::Outage) };
        match at {
            0 => breaks.await,
            // The first one works.
            _ => world.wire.meanwhile(operation, breaks),
        }
        let end = world.clock.now() + Duration::from_mins(4);
        let failed = world.run_schedule_until(end).await;
        assert!(failed.is_err() || failed.unwrap().failed == 1, "{operation} {at}");
        let _ = world.wire.recover();
        world.clock.advance(DAY);
        assert_eq!(world.run_schedule().await, Swept { renewed: 1, ..none() }, "{operation} {at}");
        assert_eq!(world.dump().await.due(), [id]);
    }
}

/// The new credentials last for another time than the old ones, and the database does not take the entry for it.
#[tokio::test(start_paused = true)]
async fn credentials_are_saved_though_their_next_refresh_cannot_be_noted() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(Duration::from_mins(50));
    let mut rotated = json!({ "access_token": "access/2", "refresh_token": "refresh/2", "expires_in": 7200 });
    let reply = renewed(&rotated).after(Duration::from_secs(1));
    world.provider.next("/oauth/token", reply);
    let wire = world.wire.clone();
    let breaks = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(900)).await;
        wire.fail("PutItem", FOR_GOOD, Fault::Outage);
    });
    let end = world.clock.now() + Duration::from_mins(4);
    assert!(world.run_schedule_until(end).await.is_err(), "the checkpoint is not written either");
    breaks.await.unwrap();
    let _ = world.wire.recover();
    assert_eq!(world.secrets(&id).await["credentials"]["refresh_token"], "refresh/2");
    // Its next refresh is the one that was noted before, for credentials like the old ones.
    assert_eq!(world.dump().await.due(), [id.as_str()]);
    rotated["refresh_token"] = json!("refresh/3");
    world.provider.next("/oauth/token", renewed(&rotated));
    world.clock.advance(Duration::from_mins(46));
    assert_eq!(world.run_schedule().await, Swept { renewed: 1, ..none() });
    assert_eq!(refreshes(&world), 2);
}

/// What was begun a provider may give out only once.
#[tokio::test(start_paused = true)]
async fn a_run_that_cannot_read_on_ends_what_it_began() {
    let world = World::new().await;
    let id = connected(&world).await;
    assert_eq!(world.run_schedule().await, none());
    world.clock.advance(HOUR);
    let rotated = json!({ "access_token": "access/2", "refresh_token": "refresh/2" });
    world.provider.next("/oauth/token", renewed(&rotated).after(Duration::from_secs(5)));
    let wire = world.wire.clone();
    world.wire.meanwhile("UpdateItem", async move { wire.fail("Query", FOR_GOOD, Fault::Outage) });
    let end = world.clock.now() + Duration::from_mins(4);
    assert_eq!(world.run_schedule_until(end).await.unwrap_err().key().facts().key, "storage_unavailable");
    let _ = world.wire.recover();
    assert_eq!(world.secrets(&id).await["credentials"]["refresh_token"], "refresh/2");
    assert_eq!(refreshes(&world), 1);
}
