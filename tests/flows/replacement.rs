//! One connection for each customer and integration, unless more are wanted.

use serde_json::json;
use tests::{Start, World};

fn many() -> Start {
    Start::new().with(&json!({ "allowMultipleConnections": true }))
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_replaces_the_old_one() {
    let world = World::new().await;
    let browser = world.browser();
    let old = world.connect(&browser, &Start::new()).await.connection_id();
    let new = world.connect(&browser, &Start::new()).await.connection_id();
    assert_ne!(old, new);

    let dump = world.dump().await;
    assert_eq!(dump.slot_ids(), [new.as_str()]);
    assert_eq!(dump.live_connections().len(), 1);
    assert_eq!(dump.live_connections()[0]["pk"].as_s().unwrap(), &new);
    assert_eq!(dump.archived_connections()[0]["pk"].as_s().unwrap(), &old);
    let archived = world.connection(&old).await.json();
    assert_eq!(archived["archivedAt"], "2026-01-01T00:00:00.000Z");
    assert_eq!(archived["connected"], false);
}

#[tokio::test(start_paused = true)]
async fn old_and_new_change_places_in_one_transaction() {
    let world = World::new().await;
    let browser = world.browser();
    world.connect(&browser, &Start::new()).await.assert_connected();
    let _ = world.wire.take_requests();
    world.connect(&browser, &Start::new()).await.assert_connected();
    let writes: Vec<Vec<String>> = world
        .wire
        .take_requests()
        .into_iter()
        .filter(|request| request.operation != "GetItem" && request.operation != "BatchGetItem")
        .map(|request| match request.body["TransactItems"].as_array() {
            None => vec![request.operation],
            Some(items) => items
                .iter()
                .flat_map(|item| item.as_object().unwrap())
                .map(|(kind, write)| format!("{kind} {}", write["TableName"].as_str().unwrap()))
                .collect(),
        })
        .collect();
    // The second attempt knows the slot, because the first one's failed condition returned it.
    let first = ["Put connections", "Update flows", "Update connections"];
    let second =
        ["Put connections", "Update flows", "Update connections", "Update connections", "Put schedule"];
    let singly = [vec!["PutItem"], vec!["UpdateItem"], vec!["PutItem"]].concat();
    assert_eq!(writes.concat(), [singly, first.to_vec(), second.to_vec()].concat());
}

#[tokio::test(start_paused = true)]
async fn customers_may_have_several_if_the_application_says_so() {
    let world = World::new().await;
    let browser = world.browser();
    let mut ids = vec![
        world.connect(&browser, &Start::new()).await.connection_id(),
        world.connect(&browser, &many()).await.connection_id(),
        world.connect(&browser, &many()).await.connection_id(),
    ];
    ids.sort();
    let dump = world.dump().await;
    assert_eq!(dump.slot_ids(), ids);
    assert_eq!(dump.live_connections().len(), 3);

    let last = world.connect(&browser, &Start::new()).await.connection_id();
    let dump = world.dump().await;
    assert_eq!(dump.slot_ids(), [last]);
    assert_eq!(dump.live_connections().len(), 1);
    assert_eq!(dump.archived_connections().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn other_customers_and_other_integrations_are_not_touched() {
    let world = World::new().await;
    world.define("other", &tests::definitions::integration()).await;
    let browser = world.browser();
    let starts = [
        Start::new(),
        Start::new().by("user-2"),
        Start::new().by("user"),
        Start::new().with(&json!({ "integrationKey": "other" })),
    ];
    for start in &starts {
        world.connect(&browser, start).await.assert_connected();
    }
    assert_eq!(world.dump().await.live_connections().len(), 4);
    world.connect(&browser, &Start::new()).await.assert_connected();
    let dump = world.dump().await;
    assert_eq!((dump.live_connections().len(), dump.archived_connections().len()), (4, 1));
}

#[tokio::test(start_paused = true)]
async fn flows_that_finish_at_once_leave_exactly_one_connection() {
    let world = World::new().await;
    let browser = world.browser();
    let mut callbacks = Vec::new();
    for _ in 0..4 {
        callbacks.push(world.begin(&browser, &Start::new()).await.consent());
    }
    let finish = async |callback: &str| {
        let answered = browser.get(callback).await;
        browser.get(answered.location()).await.connection_id()
    };
    let (a, b, c, d) = tokio::join!(
        finish(&callbacks[0]),
        finish(&callbacks[1]),
        finish(&callbacks[2]),
        finish(&callbacks[3])
    );
    let dump = world.dump().await;
    assert_eq!((dump.live_connections().len(), dump.archived_connections().len()), (1, 3));
    let live = dump.live_connections()[0]["pk"].as_s().unwrap().clone();
    assert!([a, b, c, d].contains(&live));
    assert_eq!(dump.slot_ids(), [live]);
}

#[tokio::test(start_paused = true)]
async fn more_than_a_transaction_holds_are_replaced_too() {
    let world = World::new().await;
    let browser = world.browser();
    for _ in 0..100 {
        let at_provider = world.begin(&browser, &many()).await;
        browser.get(&at_provider.consent()).await;
    }
    assert_eq!(world.dump().await.slot_ids().len(), 100);
    let last = world.connect(&browser, &Start::new()).await.connection_id();
    let dump = world.dump().await;
    assert_eq!(dump.slot_ids(), [last]);
    assert_eq!((dump.live_connections().len(), dump.archived_connections().len()), (1, 100));
}

#[tokio::test(start_paused = true)]
async fn lists_show_the_live_connections_only() {
    let world = World::new().await;
    let browser = world.browser();
    world.connect(&browser, &Start::new()).await.assert_connected();
    let new = world.connect(&browser, &Start::new()).await.connection_id();
    let token = tests::tokens::customer("acme", "user-1");
    let list = world.api(http::Method::GET, "/connections", &token, None).await.json();
    let ids: Vec<&str> =
        list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [new.as_str()]);
}
