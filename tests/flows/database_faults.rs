//! The database conflicts, loses answers, refuses or is away: every flow ends whole, or not at all.

use std::time::Duration;

use serde_json::json;
use tests::wire::{EVERYTHING, FOR_GOOD};
use tests::{Browser, Fault, Start, World};

async fn finish(world: &World, browser: &Browser) -> tests::Answer {
    let callback = world.begin(browser, &Start::new()).await.consent();
    finish_from(browser, &callback).await
}

async fn finish_from(browser: &Browser, callback: &str) -> tests::Answer {
    let answered = browser.get(callback).await;
    browser.get(answered.location()).await
}

async fn assert_one_connection(world: &World, id: &str) {
    let dump = world.dump().await;
    assert_eq!(dump.live_connections().len(), 1);
    assert_eq!(dump.live_connections()[0]["pk"].as_s().unwrap(), id);
    assert_eq!(dump.slot_ids(), [id]);
    assert_eq!(world.provider.calls_to("/oauth/token").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn conflicts_are_tried_again() {
    let world = World::new().await;
    world.wire.fail("TransactWriteItems", 6, Fault::Conflict);
    let id = finish(&world, &world.browser()).await.connection_id();
    assert!(world.wire.recover());
    assert_one_connection(&world, &id).await;
}

#[tokio::test(start_paused = true)]
async fn a_repeated_save_is_the_same_to_the_byte() {
    let world = World::new().await;
    world.wire.fail("TransactWriteItems", 3, Fault::Conflict);
    finish(&world, &world.browser()).await.assert_connected();
    let saves: Vec<_> = world
        .wire
        .take_requests()
        .into_iter()
        .filter(|request| request.operation == "TransactWriteItems")
        .collect();
    assert_eq!(saves.len(), 4);
    assert!(saves[0].body["ClientRequestToken"].is_string());
    assert!(saves.iter().all(|save| save.body == saves[0].body));
}

#[tokio::test(start_paused = true)]
async fn a_save_whose_answer_was_lost_is_saved_once() {
    for times in [1, 2, 3, 5] {
        let world = World::new().await;
        world.wire.fail("TransactWriteItems", times, Fault::LostAnswer);
        let id = finish(&world, &world.browser()).await.connection_id();
        assert!(world.wire.recover());
        assert_one_connection(&world, &id).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_replacement_whose_answer_was_lost_is_made_once() {
    let world = World::new().await;
    let browser = world.browser();
    let old = finish(&world, &browser).await.connection_id();
    world.wire.fail("TransactWriteItems", 4, Fault::LostAnswer);
    let new = finish(&world, &browser).await.connection_id();
    let dump = world.dump().await;
    assert_eq!(dump.slot_ids(), [new]);
    assert_eq!(dump.archived_connections()[0]["pk"].as_s().unwrap(), &old);
    assert_eq!((dump.live_connections().len(), dump.archived_connections().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_reconnect_whose_answer_was_lost_raises_the_version_once() {
    let world = World::new().await;
    let browser = world.browser();
    let id = finish(&world, &browser).await.connection_id();
    let again = Start::new().with(&json!({ "connectionId": id }));
    let callback = world.begin(&browser, &again).await.consent();
    world.wire.fail("TransactWriteItems", 3, Fault::LostAnswer);
    assert_eq!(finish_from(&browser, &callback).await.connection_id(), id);
    let dump = world.dump().await;
    assert_eq!(dump.live_connections()[0]["version"].as_n().unwrap(), "2");
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_answer_was_lost_is_ours() {
    let world = World::new().await;
    world.wire.fail("UpdateItem", 1, Fault::LostAnswer);
    let id = finish(&world, &world.browser()).await.connection_id();
    assert!(world.wire.recover());
    assert_one_connection(&world, &id).await;
}

#[tokio::test(start_paused = true)]
async fn throttled_requests_are_tried_again() {
    for operation in ["BatchGetItem", "PutItem", "UpdateItem", "TransactWriteItems", "GetItem"] {
        let world = World::new().await;
        world.forget_definitions();
        world.wire.fail(operation, 1, Fault::Throttled);
        let id = finish(&world, &world.browser()).await.connection_id();
        assert!(world.wire.recover(), "{operation}");
        assert_one_connection(&world, &id).await;
    }
}

#[tokio::test(start_paused = true)]
async fn lost_answers_anywhere_do_no_harm() {
    for operation in ["BatchGetItem", "PutItem", "UpdateItem", "TransactWriteItems", "GetItem"] {
        let world = World::new().await;
        world.forget_definitions();
        world.wire.fail(operation, 2, Fault::LostAnswer);
        let id = finish(&world, &world.browser()).await.connection_id();
        assert!(world.wire.recover(), "{operation}");
        assert_one_connection(&world, &id).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_at_the_save_interrupts_the_flow_and_leaves_nothing_half_written() {
    let world = World::new().await;
    let browser = world.browser();
    let callback = world.begin(&browser, &Start::new()).await.consent();
    world.wire.fail("TransactWriteItems", FOR_GOOD, Fault::Outage);
    let started = tokio::time::Instant::now();
    let answered = browser.get(&callback).await;
    assert!(started.elapsed().as_secs() <= 26, "{:?}", started.elapsed());
    assert!(!world.wire.recover());
    world.clock.advance(Duration::from_secs(35));
    assert_eq!(browser.get(answered.location()).await.redirected_refusal().key, "flow_interrupted");
    assert!(world.dump().await.connections.is_empty());
}

/// However the SDK's own repetitions fall: a single attempt must not outlive the function, whose limit is 28 s.
#[tokio::test(start_paused = true)]
async fn a_database_that_never_answers_is_given_up_in_time() {
    let world = World::new().await;
    let browser = world.browser();
    let callback = world.begin(&browser, &Start::new()).await.consent();
    world.wire.fail("TransactWriteItems", FOR_GOOD, Fault::Silence);
    let started = tokio::time::Instant::now();
    let answered = browser.get(&callback).await;
    assert!(started.elapsed().as_secs() <= 26, "{:?}", started.elapsed());
    assert!(answered.location().starts_with("/connection-result/"));
    assert!(world.dump().await.connections.is_empty());
}

#[tokio::test(start_paused = true)]
async fn conflicts_without_end_interrupt_the_flow() {
    let world = World::new().await;
    let browser = world.browser();
    let callback = world.begin(&browser, &Start::new()).await.consent();
    world.wire.fail("TransactWriteItems", FOR_GOOD, Fault::Conflict);
    let started = tokio::time::Instant::now();
    let answered = browser.get(&callback).await;
    assert!(started.elapsed().as_secs() <= 26, "{:?}", started.elapsed());
    world.clock.advance(Duration::from_secs(35));
    assert_eq!(browser.get(answered.location()).await.redirected_refusal().key, "flow_interrupted");
    assert!(world.dump().await.connections.is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_a_database_nothing_starts() {
    let world = World::new().await;
    let before = world.dump().await;
    world.forget_definitions();
    world.wire.fail(EVERYTHING, FOR_GOOD, Fault::Outage);
    let answer = world.browser().send(Start::new().form()).await;
    assert_eq!(answer.refusal().key, "storage_unavailable");
    assert_eq!(answer.status.as_u16(), 503);
    assert_eq!(world.dump().await, before);
}

#[tokio::test(start_paused = true)]
async fn without_a_database_a_flow_that_was_verified_is_told_at_its_target() {
    let world = World::new().await;
    world.wire.fail("PutItem", FOR_GOOD, Fault::Outage);
    let answer = world.browser().send(Start::new().form()).await;
    assert_eq!(answer.redirected_refusal().key, "storage_unavailable");
    assert!(answer.cookies().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_a_database_a_callback_sends_the_code_nowhere_and_can_be_repeated() {
    let world = World::new().await;
    let browser = world.browser();
    let callback = world.begin(&browser, &Start::new()).await.consent();
    world.wire.fail("UpdateItem", FOR_GOOD, Fault::Outage);
    assert_eq!(browser.get(&callback).await.refusal().key, "storage_unavailable");
    assert!(world.provider.calls().is_empty());
    assert!(!world.wire.recover());
    let id = finish_from(&browser, &callback).await.connection_id();
    assert_one_connection(&world, &id).await;
}
