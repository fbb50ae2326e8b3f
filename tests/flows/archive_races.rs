//! Archiving and restoring while others write the same: in the end the slot and the connections agree.

use std::time::Duration;

use http::Method;
use serde_json::json;
use tests::browser::api_request;
use tests::provider::{Reply, tokens as token_response};
use tests::tokens::{CUSTOMER, WORKSPACE, customer};
use tests::{Answer, Start, World};

/// A request of the customer's, to be made when the time comes.
fn asking(
    world: &World,
    method: &Method,
    path: &str,
) -> impl Future<Output = Answer> + Send + 'static + use<> {
    let browser = world.browser();
    let request = api_request(method, path, &customer(WORKSPACE, CUSTOMER), None);
    async move { browser.send(request).await }
}

async fn call(world: &World, method: &Method, path: &str) -> Answer {
    asking(world, method, path).await
}

fn path(id: &str) -> String {
    format!("/connections/{id}")
}

fn restoring(id: &str) -> String {
    format!("/connections/{id}/restore")
}

/// The live connections, which are those that the slot lists.
async fn live(world: &World) -> Vec<String> {
    let dump = world.dump().await;
    let mut live: Vec<String> =
        dump.live_connections().iter().map(|item| item["pk"].as_s().unwrap().clone()).collect();
    live.sort();
    assert_eq!(dump.slot_ids(), live);
    live
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_archived_while_it_is_replaced_is_archived_once() {
    let world = World::new().await;
    let browser = world.browser();
    let old = world.connect(&browser, &Start::new()).await.connection_id();
    let archiving = asking(&world, &Method::DELETE, &path(&old));
    world.wire.meanwhile("TransactWriteItems", async move {
        assert_eq!(archiving.await.status.as_u16(), 204);
    });
    let new = world.connect(&browser, &Start::new()).await.connection_id();
    assert_eq!(live(&world).await, [new]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_replaced_while_it_is_archived_is_archived_once() {
    let world = World::new().await;
    let browser = world.browser();
    let old = world.connect(&browser, &Start::new()).await.connection_id();
    let callback = world.begin(&browser, &Start::new()).await.consent();
    let (again, functions) = (browser.clone(), callback.clone());
    world.wire.meanwhile("TransactWriteItems", async move {
        again.get(&functions).await;
    });
    assert_eq!(call(&world, &Method::DELETE, &path(&old)).await.status.as_u16(), 204);
    let answered = browser.get(&callback).await;
    let new = browser.get(answered.location()).await.connection_id();
    assert_eq!(live(&world).await, [new]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_archived_while_it_reconnects_stays_archived() {
    let world = World::new().await;
    let browser = world.browser();
    let id = world.connect(&browser, &Start::new()).await.connection_id();
    let again = Start::new().with(&json!({ "connectionId": id }));
    let callback = world.begin(&browser, &again).await.consent();
    let archiving = asking(&world, &Method::DELETE, &path(&id));
    world.wire.meanwhile("TransactWriteItems", async move {
        archiving.await;
    });
    let answered = browser.get(&callback).await;
    let refused = browser.get(answered.location()).await.redirected_refusal();
    assert_eq!(refused.key, "not_found");
    assert_eq!(live(&world).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_archived_while_it_is_refreshed_stays_archived() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let slow = Reply::json(200, &token_response()).after(Duration::from_secs(5));
    world.provider.next("/oauth/token", slow);
    let path = path(&id);
    let refreshing = format!("{path}/refresh-credentials");
    let (refreshed, archived) = tokio::join!(call(&world, &Method::POST, &refreshing), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        call(&world, &Method::DELETE, &path).await
    });
    // What the refresh brought is kept with the archived connection, should it be restored.
    assert_eq!((refreshed.status.as_u16(), archived.status.as_u16()), (204, 204));
    assert_eq!(live(&world).await, [""; 0]);
    let dump = world.dump().await;
    assert_eq!((dump.due(), dump.leased()), (Vec::new(), Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn two_who_archive_at_once_both_have_done_so() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let path = path(&id);
    let second = asking(&world, &Method::DELETE, &path);
    world.wire.meanwhile("TransactWriteItems", async move {
        assert_eq!(second.await.status.as_u16(), 204);
    });
    assert_eq!(call(&world, &Method::DELETE, &path).await.status.as_u16(), 204);
    assert_eq!(world.dump().await.archived_connections()[0]["version"].as_n().unwrap(), "2");
    assert_eq!(live(&world).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn two_who_restore_at_once_both_have_done_so() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    call(&world, &Method::DELETE, &path(&id)).await;
    let second = asking(&world, &Method::POST, &restoring(&id));
    world.wire.meanwhile("TransactWriteItems", async move {
        assert_eq!(second.await.status.as_u16(), 200);
    });
    assert_eq!(call(&world, &Method::POST, &restoring(&id)).await.status.as_u16(), 200);
    assert_eq!(live(&world).await, [id]);
}

#[tokio::test(start_paused = true)]
async fn of_two_that_are_restored_at_once_one_stays() {
    let world = World::new().await;
    let browser = world.browser();
    let first = world.connect(&browser, &Start::new()).await.connection_id();
    let second = world.connect(&browser, &Start::new()).await.connection_id();
    call(&world, &Method::DELETE, &path(&second)).await;
    let other = asking(&world, &Method::POST, &restoring(&second));
    world.wire.meanwhile("TransactWriteItems", async move {
        assert_eq!(other.await.status.as_u16(), 200);
    });
    let answer = call(&world, &Method::POST, &restoring(&first)).await;
    assert_eq!(answer.refusal().key, "already_exists");
    assert_eq!(live(&world).await, [second]);
}

#[tokio::test(start_paused = true)]
async fn what_is_restored_while_another_connects_is_replaced_by_it() {
    let world = World::new().await;
    let browser = world.browser();
    let old = world.connect(&browser, &Start::new()).await.connection_id();
    call(&world, &Method::DELETE, &path(&old)).await;
    let restored = asking(&world, &Method::POST, &restoring(&old));
    world.wire.meanwhile("TransactWriteItems", async move {
        assert_eq!(restored.await.status.as_u16(), 200);
    });
    let new = world.connect(&browser, &Start::new()).await.connection_id();
    assert_eq!(live(&world).await, [new]);
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_at_once_the_slot_and_the_connections_agree() {
    let world = World::new().await;
    let first = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let second = world.connect(&world.browser(), &Start::new()).await.connection_id();
    for _ in 0..4 {
        let (browser, start) = (world.browser(), Start::new());
        let again = Start::new().with(&json!({ "connectionId": second }));
        let (delete, restore) = (path(&second), restoring(&first));
        tokio::join!(
            call(&world, &Method::DELETE, &delete),
            world.connect(&browser, &start),
            call(&world, &Method::POST, &restore),
            async {
                let begun = browser.send(again.form()).await;
                if begun.away().host_str() == Some("provider.example") {
                    let at_provider = tests::world::AtProvider { address: begun.away() };
                    browser.get(&at_provider.consent()).await;
                }
            },
        );
        assert!(live(&world).await.len() <= 2);
        call(&world, &Method::POST, &restoring(&second)).await;
        live(&world).await;
    }
}
