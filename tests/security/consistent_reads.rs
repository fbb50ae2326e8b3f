//! Reads that a decision stands on are strongly consistent: the emulator would not notice, the wire does.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::wire::AwsRequest;
use tests::{Start, World};

/// The reads among these requests: their operation, their table, and whether they are strong.
fn reads(requests: &[AwsRequest]) -> BTreeSet<(String, String, bool)> {
    let mut reads = BTreeSet::new();
    for request in requests {
        let body = &request.body;
        let strong = |of: &Value| of["ConsistentRead"] == json!(true);
        match request.operation.as_str() {
            "GetItem" | "Query" => {
                let index = body["IndexName"].as_str().map(|index| format!("/{index}")).unwrap_or_default();
                let table = format!("{}{index}", body["TableName"].as_str().unwrap());
                reads.insert((request.operation.clone(), table, strong(body)));
            }
            "BatchGetItem" => {
                for (table, keys) in body["RequestItems"].as_object().unwrap() {
                    reads.insert((request.operation.clone(), table.clone(), strong(keys)));
                }
            }
            "PutItem" | "UpdateItem" | "TransactWriteItems" => {}
            other => panic!("an operation that no function uses: {other}"),
        }
    }
    reads
}

#[tokio::test(start_paused = true)]
async fn every_read_of_a_flow_is_strong() {
    let world = World::new().await;
    world.forget_definitions();
    let browser = world.browser();
    let id = world.connect(&browser, &Start::new()).await.connection_id();
    world.connect(&browser, &Start::new().with(&json!({ "connectionId": id }))).await.assert_connected();
    world.connection(&id).await;
    let token = tests::tokens::customer("acme", "user-1");
    world.forget_definitions();
    for path in ["/connections", "/connection-attempt-logs", "/integrations", "/integrations/crm"] {
        world.api(http::Method::GET, path, &token, None).await;
    }
    let read = |operation: &str, table: &str, strong| (operation.to_owned(), table.to_owned(), strong);
    let expected = BTreeSet::from([
        // Lists may lag a moment.
        read("BatchGetItem", "connections", false),
        read("BatchGetItem", "flows", false),
        read("BatchGetItem", "integrations", true),
        read("GetItem", "connections", true),
        read("GetItem", "flows", true),
        read("GetItem", "integrations", true),
        read("Query", "integrations", true),
        // An index cannot be read consistently.
        read("Query", "connections/owner", false),
        read("Query", "flows/attempts", false),
    ]);
    assert_eq!(reads(&world.wire.take_requests()), expected);
}

/// What a warm flow costs: initiation one put, callback one update, one put and one transaction, result one get.
#[tokio::test(start_paused = true)]
async fn a_warm_flow_asks_the_database_five_times() {
    let world = World::new().await;
    let browser = world.browser();
    world.connect(&browser, &Start::new()).await.assert_connected();
    let _ = world.wire.take_requests();
    let mut operations = Vec::new();
    let mut note = |world: &World| {
        let requests = world.wire.take_requests();
        operations.push(requests.into_iter().map(|request| request.operation).collect::<Vec<_>>());
    };
    let at_provider = world.begin(&browser, &Start::new().by("user-2")).await;
    note(&world);
    let answered = browser.get(&at_provider.consent()).await;
    note(&world);
    browser.get(answered.location()).await.assert_connected();
    note(&world);
    let callback = vec!["UpdateItem", "PutItem", "TransactWriteItems"];
    assert_eq!(operations, [vec!["PutItem"], callback, vec!["GetItem"]]);
}
