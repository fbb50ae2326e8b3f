//! The database conflicts, loses answers or is away while a connection is changed: it is changed once, or not at all.

use http::Method;
use serde_json::{Value, json};
use tests::tokens::{WORKSPACE, admin};
use tests::wire::FOR_GOOD;
use tests::{Answer, Fault, Start, World};

async fn call(world: &World, method: Method, path: &str, body: Option<&Value>) -> Answer {
    world.api(method, path, &admin(WORKSPACE), body).await
}

async fn connected() -> (World, String) {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    (world, format!("/connections/{id}"))
}

/// The one connection's version.
async fn version(world: &World) -> String {
    let dump = world.dump().await;
    let found = [dump.live_connections(), dump.archived_connections()].concat();
    assert_eq!(found.len(), 1);
    found[0]["version"].as_n().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn archiving_and_restoring_happen_once_whatever_answers_are_lost() {
    for (fault, times) in [
        (Fault::LostAnswer, 1),
        (Fault::LostAnswer, 2),
        (Fault::LostAnswer, 3),
        (Fault::LostAnswer, 5),
        (Fault::Conflict, 6),
        (Fault::Throttled, 1),
    ] {
        let (world, path) = connected().await;
        world.wire.fail("TransactWriteItems", times, fault);
        let answer = call(&world, Method::DELETE, &path, None).await;
        assert_eq!(answer.status.as_u16(), 204, "{fault:?} {times}: {}", answer.body);
        assert!(world.wire.recover());
        assert_eq!(version(&world).await, "2");
        assert_eq!(world.dump().await.slot_ids(), [""; 0]);

        world.wire.fail("TransactWriteItems", times, fault);
        let answer = call(&world, Method::POST, &format!("{path}/restore"), None).await;
        assert_eq!(answer.status.as_u16(), 200, "{fault:?} {times}: {}", answer.body);
        assert!(world.wire.recover());
        assert_eq!(version(&world).await, "3");
        assert_eq!(world.dump().await.slot_ids().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn archiving_and_restoring_give_up_in_time_and_leave_nothing_half_written() {
    for fault in [Fault::Conflict, Fault::Outage, Fault::Silence] {
        let (world, path) = connected().await;
        let mut before = world.dump().await;
        let started = tokio::time::Instant::now();
        world.wire.fail("TransactWriteItems", FOR_GOOD, fault);
        assert_eq!(call(&world, Method::DELETE, &path, None).await.refusal().key, "lock_timeout");
        assert!(started.elapsed().as_secs() <= 25, "{:?}", started.elapsed());
        let mut after = world.dump().await;
        // The lease that it took has ended, and was no event.
        assert!(after.connections[0].remove("endedBy").is_some());
        assert_eq!(after.leased(), [""; 0]);
        for item in [&mut before.connections[0], &mut after.connections[0]] {
            item.remove("event");
            item.remove("turn");
        }
        assert_eq!(after.connections, before.connections);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_happens_once_whatever_answers_are_lost() {
    let sealed = json!({ "name": "New", "connectorParameters": { "region": "eu" } });
    let named = json!({ "name": "New" });
    for (body, expected) in [(&named, "1"), (&sealed, "2")] {
        for (fault, times) in [(Fault::LostAnswer, 1), (Fault::LostAnswer, 2), (Fault::Throttled, 1)] {
            let (world, path) = connected().await;
            world.wire.fail("UpdateItem", times, fault);
            let answer = call(&world, Method::PATCH, &path, Some(body)).await;
            assert!(world.wire.recover(), "{fault:?} {times} {body}: {}", answer.body);
            assert_eq!(answer.json()["name"], "New", "{fault:?} {times}: {}", answer.body);
            assert_eq!(version(&world).await, expected);
            let dump = world.dump().await;
            assert_eq!(dump.leased(), [""; 0]);
        }
    }
}

/// The lease is taken, and then the database is away: nothing changes, and the lease ends by itself.
#[tokio::test(start_paused = true)]
async fn a_change_that_cannot_be_written_is_told_and_can_be_made_again() {
    let (world, path) = connected().await;
    let wire = world.wire.clone();
    world.wire.meanwhile("UpdateItem", async move { wire.fail("UpdateItem", FOR_GOOD, Fault::Outage) });
    let body = json!({ "connectorParameters": { "region": "eu" } });
    let answer = call(&world, Method::PATCH, &path, Some(&body)).await;
    assert_eq!(answer.refusal().key, "storage_unavailable");
    assert!(!world.wire.recover());
    assert_eq!(version(&world).await, "1");
    world.clock.advance(std::time::Duration::from_secs(46));
    assert_eq!(call(&world, Method::PATCH, &path, Some(&body)).await.status.as_u16(), 200);
    assert_eq!(version(&world).await, "2");
}
