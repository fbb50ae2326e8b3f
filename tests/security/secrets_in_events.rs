//! Events leave the account's database, and nothing secret leaves with them: not even sealed.

use serde_json::{Value, json};
use tests::definitions::CLIENT_SECRET;
use tests::dump::holds;
use tests::provider::{ACCESS_TOKEN, REFRESH_TOKEN};
use tests::world::{CODE, WRAPPING_KEY};
use tests::{Start, World, tokens};

/// What the stream holds, the pipe of the SAM template leaves there: sealed secrets, the record, and whatever else it
/// does not name.
#[tokio::test(start_paused = true)]
async fn no_secret_leaves_with_an_event_not_even_sealed() {
    let world = World::new().await;
    let browser = world.browser();
    let start = Start::new().with(&json!({
        "name": "a name that stays",
        "connectionParameters": { "apiKey": "parameter!+secret/1" },
        "connectorParameters": { "key": "connector!+secret/1" },
    }));
    let id = world.connect(&browser, &start).await.connection_id();
    let again = Start::new().with(&json!({ "connectionId": id }));
    world.connect(&browser, &again).await.assert_connected();
    world.connect(&browser, &Start::new()).await.assert_connected();

    let dump = world.dump().await;
    let records = world.take_records();
    let events = world.events_of(&records);
    assert_eq!(events.len(), 4, "{events:?}");
    let (streamed, left) = (Value::from(records).to_string(), Value::from(events).to_string());
    let sealed: Vec<&[u8]> =
        dump.connections.iter().filter_map(|item| Some(item.get("sealed")?.as_b().ok()?.as_ref())).collect();
    assert_eq!(sealed.len(), 2);
    for sealed in &sealed {
        assert!(holds(streamed.as_bytes(), sealed), "the search finds what is there");
        assert!(!holds(left.as_bytes(), sealed), "sealed secrets left");
    }
    let secrets: [&[u8]; 10] = [
        b"a name that stays",
        b"authOptionKey",
        b"parameter!+secret/1",
        b"connector!+secret/1",
        ACCESS_TOKEN.as_bytes(),
        REFRESH_TOKEN.as_bytes(),
        CODE.as_bytes(),
        CLIENT_SECRET.as_bytes(),
        tokens::WORKSPACE_SECRET.as_bytes(),
        &WRAPPING_KEY,
    ];
    for secret in secrets {
        assert!(!holds(left.as_bytes(), secret), "{} left in {left}", String::from_utf8_lossy(secret));
    }
    assert!(holds(streamed.as_bytes(), b"a name that stays"), "the record is in the stream");
}
