//! Writes that arrive late or twice: after their repetition, and after everything that followed.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::definitions::{self, INTEGRATION};
use tests::tokens::{WORKSPACE, admin};
use tests::wire::FOR_GOOD;
use tests::{Fault, Start, World};

use crate::refresh::{HOUR, connected, renewed};

async fn call(world: &World, method: Method, path: &str, body: Option<&Value>) {
    let answer = world.api(method, path, &admin(WORKSPACE), body).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.body);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_arrives_after_its_callback_changes_nothing() {
    let world = World::new().await;
    let browser = world.browser();
    world.wire.fail("PutItem", 1, Fault::Late);
    let callback = world.begin(&browser, &Start::new()).await.consent();
    assert!(world.wire.recover());
    let late = world.wire.take_kept();
    assert_eq!(late.len(), 1);

    let answered = browser.get(&callback).await;
    let before = world.dump().await;
    world.wire.deliver(&late[0]).await;
    assert_eq!(world.dump().await, before);
    let id = browser.get(answered.location()).await.connection_id();
    // Nor does a callback that is repeated exchange anything.
    let again = browser.get(&callback).await;
    assert_eq!(browser.get(again.location()).await.connection_id(), id);
    assert_eq!(world.provider.calls_to("/oauth/token").len(), 1);
}

/// A holder that died without a word, and whose writes arrive when another has taken the lease.
#[tokio::test(start_paused = true)]
async fn what_a_dead_holder_sent_is_not_written_once_another_has_the_lease() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    let rotated = json!({ "access_token": "access/2", "refresh_token": "refresh/2" });
    world.provider.next("/oauth/token", renewed(&rotated).after(Duration::from_secs(1)));
    let wire = world.wire.clone();
    let breaks = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(900)).await;
        wire.fail("UpdateItem", FOR_GOOD, Fault::Late);
    });
    assert_eq!(world.read_secrets(&id).await.refusal().key, "lock_timeout");
    breaks.await.unwrap();
    // Whoever asked has gone; the holder tries until its lease ends.
    tokio::time::sleep(Duration::from_mins(1)).await;
    let _ = world.wire.recover();
    let late = world.wire.take_kept();
    assert!(!late.is_empty());

    // The next one has asked, and its answer is on the way.
    world.clock.advance(Duration::from_mins(5));
    let rotated = json!({ "access_token": "access/3", "refresh_token": "refresh/3" });
    world.provider.next("/oauth/token", renewed(&rotated).after(Duration::from_secs(5)));
    let arrives = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let before = world.dump().await;
        for request in &late {
            world.wire.deliver(request).await;
            assert_eq!(world.dump().await, before);
        }
    };
    let (read, ()) = tokio::join!(world.secrets(&id), arrives);
    assert_eq!(read["credentials"]["refresh_token"], "refresh/3");
    assert_eq!(world.secrets(&id).await["credentials"]["refresh_token"], "refresh/3");
}

/// What every write of a connection's life would do, if the network delivered it once more at the end.
#[tokio::test(start_paused = true)]
async fn no_write_that_arrives_once_more_changes_anything() {
    let world = World::new().await;
    world.wire.keep_writes();
    let browser = world.browser();
    let id = connected(&world).await;
    let path = format!("/connections/{id}");
    world.clock.advance(2 * HOUR);
    world.secrets(&id).await;
    call(&world, Method::PATCH, &path, Some(&json!({ "name": "New" }))).await;
    let parameters = json!({ "connectorParameters": { "region": "eu" } });
    call(&world, Method::PATCH, &path, Some(&parameters)).await;
    world.clock.advance(HOUR);
    world.run_schedule_again().await;
    call(&world, Method::DELETE, &path, None).await;
    call(&world, Method::POST, &format!("{path}/restore"), None).await;
    let reconnected = Start::new().with(&json!({ "connectionId": id }));
    world.connect(&browser, &reconnected).await.assert_connected();
    world.connect(&browser, &Start::new()).await.assert_connected();
    let keyed = Start::new().with(&json!({ "connectionKey": "main", "allowMultipleConnections": true }));
    let keyed = world.connect(&browser, &keyed).await.connection_id();
    let path = format!("/connections/{keyed}");
    call(&world, Method::PATCH, &path, Some(&json!({ "key": "other" }))).await;
    call(&world, Method::DELETE, &path, None).await;
    let beside = json!({ "allowMultipleConnections": true });
    call(&world, Method::POST, &format!("{path}/restore"), Some(&beside)).await;
    world.connect(&browser, &Start::new().with(&beside)).await.assert_connected();
    call(&world, Method::DELETE, &format!("{path}?erase=true"), None).await;
    call(&world, Method::DELETE, &format!("/integrations/{INTEGRATION}?force=true"), None).await;
    let mut defined = definitions::integration();
    defined["name"] = json!("Defined anew");
    world.define(INTEGRATION, &defined).await;
    world.clock.advance(HOUR);
    world.run_schedule_again().await;

    world.assert_late_writes_change_nothing().await;
}
