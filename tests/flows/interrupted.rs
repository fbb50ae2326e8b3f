//! A callback that dies half-way.

use std::time::Duration;

use tests::provider::Reply;
use tests::{Browser, Start, World};
use tokio::sync::oneshot::channel;

/// A flow whose callback was cut off while the provider was being asked. Returns the result's address.
async fn cut_off(world: &World, browser: &Browser) -> String {
    world.provider.next("/oauth/token", Reply::hangs());
    let callback = world.begin(browser, &Start::new()).await.consent();
    let cut = tokio::time::timeout(Duration::from_secs(1), browser.get(&callback)).await;
    assert!(cut.is_err(), "the function was stopped");
    let answered = browser.get(&callback).await;
    answered.location().to_owned()
}

#[tokio::test(start_paused = true)]
async fn after_35_seconds_the_flow_is_interrupted_and_says_so_for_good() {
    let world = World::new().await;
    let browser = world.browser();
    let result = cut_off(&world, &browser).await;
    world.clock.advance(Duration::from_secs(33));
    // At 34 s it may still be at work.
    assert_eq!(browser.get(&result).await.json()["status"], "working");
    world.clock.advance(Duration::from_secs(1));
    let first = browser.get(&result).await;
    assert_eq!(first.redirected_refusal().key, "flow_interrupted");
    assert_eq!(browser.get(&result).await.location(), first.location());
    assert!(world.dump().await.connections.is_empty());
    assert_eq!(world.provider.calls_to("/oauth/token").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn before_35_seconds_it_may_still_be_at_work() {
    let world = World::new().await;
    let browser = world.browser();
    let result = cut_off(&world, &browser).await;
    let before = world.dump().await;
    assert_eq!(browser.get(&result).await.json()["status"], "working");
    assert_eq!(world.dump().await, before);
}

#[tokio::test(start_paused = true)]
async fn the_customer_can_simply_connect_again() {
    let world = World::new().await;
    let browser = world.browser();
    let result = cut_off(&world, &browser).await;
    world.clock.advance(Duration::from_secs(35));
    assert_eq!(browser.get(&result).await.redirected_refusal().key, "flow_interrupted");
    world.connect(&browser, &Start::new()).await.assert_connected();
    assert_eq!(world.dump().await.live_connections().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_save_that_comes_too_late_changes_nothing() {
    let world = World::new().await;
    let browser = world.browser();
    let callback = world.begin(&browser, &Start::new()).await.consent();
    let flow = browser.cookie_names()[0].strip_prefix("__Host-f-").unwrap().to_owned();
    let result = format!("/connection-result/{flow}");
    // The save is on its way when the function freezes; meanwhile the customer sees that the flow was interrupted.
    let (clock, customer, address) = (world.clock.clone(), browser.clone(), result.clone());
    world.wire.meanwhile("TransactWriteItems", async move {
        clock.advance(Duration::from_secs(40));
        assert_eq!(customer.get(&address).await.redirected_refusal().key, "flow_interrupted");
    });
    let answered = browser.get(&callback).await;
    assert_eq!(answered.location(), format!("{result}#"));
    assert_eq!(browser.get(&result).await.redirected_refusal().key, "flow_interrupted");
    assert!(world.dump().await.connections.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_save_that_was_just_in_time_is_the_result() {
    let world = World::new().await;
    let browser = world.browser();
    let callback = world.begin(&browser, &Start::new()).await.consent();
    let flow = browser.cookie_names()[0].strip_prefix("__Host-f-").unwrap().to_owned();
    let result = format!("/connection-result/{flow}");
    // The save is on its way when the function freezes. Meanwhile the customer looks, and finds the flow dead; but before
    // that is written down, the save lands.
    let ((look, looked), (reached, at_the_write), (saved, landed)) = (channel(), channel(), channel());
    let (clock, wire) = (world.clock.clone(), world.wire.clone());
    world.wire.meanwhile("TransactWriteItems", async move {
        clock.advance(Duration::from_secs(40));
        wire.meanwhile("UpdateItem", async move {
            reached.send(()).unwrap();
            landed.await.unwrap();
        });
        look.send(()).unwrap();
        at_the_write.await.unwrap();
    });
    let callback = async {
        browser.get(&callback).await;
        saved.send(()).unwrap();
    };
    let customer = async {
        looked.await.unwrap();
        browser.get(&result).await
    };
    let both = async { tokio::join!(callback, customer) };
    let ((), answer) = tokio::time::timeout(Duration::from_mins(2), both).await.unwrap();
    answer.assert_connected();
    assert_eq!(world.dump().await.live_connections().len(), 1);
}
