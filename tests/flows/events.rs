//! What happens to a connection stands in its item, from where it leaves.

use serde_json::json;
use tests::dump::Item;
use tests::{Start, World};

fn event(item: &Item) -> (&str, &str) {
    let event = item["event"].as_m().unwrap();
    (event["name"].as_s().unwrap(), event["time"].as_s().unwrap())
}

#[tokio::test(start_paused = true)]
async fn the_last_event_of_a_connection_stands_in_its_item() {
    let world = World::new().await;
    let browser = world.browser();
    let id = world.connect(&browser, &Start::new()).await.connection_id();
    let time = "2026-01-01T00:00:00.000Z";
    assert_eq!(event(world.dump().await.live_connections()[0]), ("connection.created", time));

    let again = Start::new().with(&json!({ "connectionId": id }));
    world.connect(&browser, &again).await.assert_connected();
    assert_eq!(event(world.dump().await.live_connections()[0]), ("connection.reconnected", time));

    world.connect(&browser, &Start::new()).await.assert_connected();
    let dump = world.dump().await;
    assert_eq!(event(dump.archived_connections()[0]), ("connection.deleted", time));
    assert_eq!(event(dump.live_connections()[0]), ("connection.created", time));
}
