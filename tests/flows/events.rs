//! What happens to a connection leaves as an event, through the SAM template's own filter and transformer, applied to
//! the records of a real stream.

use std::time::Duration;

use flow::store::CUSTOMER_ERASED;
use flow::store::ConnectionEvent::{
    self, Created, Deleted, Disconnected, Erased, Failing, Reconnected, Recovered, Updated,
};
use flow::store::RequestEvent::{self, Cancelled, Expired, Failed, Succeeded};
use http::Method;
use linkspan_local::events::pipe::Pipe;
use serde_json::{Value, json};
use tests::provider::Reply;
use tests::tokens::{CUSTOMER, WORKSPACE, admin};
use tests::{Start, World};

use crate::refresh::{HOUR, connected, refreshes, renewed};

fn again(id: &str) -> Start {
    Start::new().with(&json!({ "connectionId": id }))
}

/// The event, all of it but its place in the stream.
fn event(name: &str, id: &str, time: &str) -> Value {
    let integration = tests::definitions::integration_id(WORKSPACE, tests::definitions::INTEGRATION);
    json!({
        "source": "linkspan",
        "detail-type": name,
        "resources": ["arn:aws:dynamodb:local:000000000000:table/connections"],
        "detail": {
            "connectionId": id,
            "workspaceKey": WORKSPACE,
            "userId": CUSTOMER,
            "tenantId": CUSTOMER,
            "integrationId": integration,
            "time": time,
            "tags": "[]",
            "meta": "{}",
        },
    })
}

const START: &str = "2026-01-01T00:00:00.000Z";

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_made_connected_again_and_replaced_tells_so() {
    let world = World::new().await;
    let browser = world.browser();
    let id = world.connect(&browser, &Start::new()).await.connection_id();
    let mut order = Order::default();
    assert_eq!(order.checked(world.take_events()), [event("connection.created", &id, START)]);

    // The same event twice in a row is two events.
    world.connect(&browser, &again(&id)).await.assert_connected();
    world.clock.advance(Duration::from_mins(1));
    world.connect(&browser, &again(&id)).await.assert_connected();
    let later = "2026-01-01T00:01:00.000Z";
    let reconnected = |time| event("connection.reconnected", &id, time);
    assert_eq!(order.checked(world.take_events()), [reconnected(START), reconnected(later)]);

    let new = world.connect(&browser, &Start::new()).await.connection_id();
    let mut events = order.checked(world.take_events());
    // One transaction: its records stand in the stream in no particular order.
    events.sort_by_key(|event| event["detail-type"].to_string());
    let created = event("connection.created", &new, later);
    assert_eq!(events, [created, event("connection.deleted", &id, later)]);
}

/// The greatest sequence number so far.
#[derive(Default)]
struct Order(u128);

impl Order {
    /// The events without their sequence numbers, which grow.
    fn checked(&mut self, mut events: Vec<Value>) -> Vec<Value> {
        for event in &mut events {
            let sequence = event["detail"].as_object_mut().unwrap().remove("sequence").unwrap();
            let sequence = sequence.as_str().unwrap().parse().unwrap();
            assert!(sequence > self.0, "{sequence} comes after {}", self.0);
            self.0 = sequence;
        }
        events
    }
}

/// The example of docs/events.md is an event as it leaves, and what only EventBridge adds.
#[tokio::test(start_paused = true)]
async fn events_are_those_of_the_documentation() {
    let page = include_str!("../../docs/events.md");
    let (_, example) = page.split_once("```json\n").unwrap();
    let documented: Value = serde_json::from_str(example.split("```").next().unwrap()).unwrap();

    let world = World::new().await;
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    let [event] = &world.take_events()[..] else { panic!("one event") };
    for member in ["source", "detail-type"] {
        assert_eq!(event[member], documented[member]);
    }
    for event in [event, &documented] {
        let [table] = &event["resources"].as_array().unwrap()[..] else { panic!("one table") };
        assert!(table.as_str().unwrap().starts_with("arn:aws:dynamodb:"), "{table}");
    }
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&event["detail"]), names(&documented["detail"]));
    assert!(documented["detail"].as_object().unwrap().values().all(Value::is_string));
    assert!(event["detail"].as_object().unwrap().values().all(Value::is_string));
    let of_connections = [Created, Updated, Reconnected, Failing, Recovered, Disconnected, Deleted, Erased]
        .map(ConnectionEvent::name);
    let of_requests = [Succeeded, Cancelled, Failed, Expired].map(RequestEvent::name);
    for name in of_connections.into_iter().chain(of_requests).chain([CUSTOMER_ERASED]) {
        assert!(page.contains(&format!("| `{name}` |")), "{name} is not documented");
    }
}

#[tokio::test(start_paused = true)]
async fn each_connection_that_is_replaced_tells_so_however_many_there_are() {
    let world = World::new().await;
    let browser = world.browser();
    for _ in 0..100 {
        let start = Start::new().with(&json!({ "allowMultipleConnections": true }));
        browser.get(&world.begin(&browser, &start).await.consent()).await;
    }
    let named = |events: &[Value], name: &str| -> Vec<Value> {
        events
            .iter()
            .filter(|event| event["detail-type"] == name)
            .map(|event| event["detail"].clone())
            .collect()
    };
    let before = world.take_events();
    world.connect(&browser, &Start::new()).await.assert_connected();
    let after = world.take_events();
    let ids = |details: Vec<Value>| {
        let mut ids: Vec<String> = details.iter().map(|detail| detail["connectionId"].to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(named(&before, "connection.created")), ids(named(&after, "connection.deleted")));
    assert_eq!((before.len(), after.len()), (100, 101));
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_or_fails_tells_nothing() {
    let world = World::new().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    assert!(browser.get(&at_provider.back(&[("error", "access_denied")])).await.status.is_redirection());
    world.provider.next("/oauth/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    let _ = world.connect(&browser, &Start::new()).await;
    assert_eq!(world.take_events(), Vec::<Value>::new());
}

/// A refresh writes three times, and none of it is an event unless the provider refuses for good. What was one before
/// does not leave once more.
#[tokio::test(start_paused = true)]
async fn a_refresh_tells_nothing_but_a_refusal() {
    let world = World::new().await;
    let id = connected(&world).await;
    assert_eq!(world.take_events().len(), 1);
    world.clock.advance(HOUR);
    world
        .provider
        .always("/oauth/token", renewed(&json!({ "access_token": "access/2", "expires_in": 3600 })));
    world.secrets(&id).await;
    assert_eq!(refreshes(&world), 1);
    let records = world.take_records();
    assert!(!records.is_empty());
    assert_eq!(world.events_of(&records), Vec::<Value>::new());

    world.clock.advance(HOUR);
    world.provider.always("/oauth/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    world.read_secrets(&id).await;
    let [disconnected] = &world.take_events()[..] else { panic!("one event") };
    assert_eq!(disconnected["detail-type"], "connection.disconnected");
}

/// The names of the events since the last call.
fn names(world: &World) -> Vec<String> {
    world.take_events().iter().map(|event| event["detail-type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn refreshes_that_fail_and_succeed_again_tell_so_once() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    let _ = names(&world);
    for _ in 0..3 {
        world.provider.next("/oauth/token", Reply::json(503, &json!({})));
        let _ = world.read_secrets(&id).await;
        world.clock.advance(HOUR);
    }
    assert_eq!(refreshes(&world), 3);
    assert_eq!(names(&world), ["connection.failing"]);
    world.provider.next("/oauth/token", renewed(&json!({ "access_token": "access/2", "expires_in": 3600 })));
    world.secrets(&id).await;
    assert_eq!(names(&world), ["connection.recovered"]);

    // What ends for good while it fails has not recovered.
    for reply in [Reply::json(503, &json!({})), Reply::json(400, &json!({ "error": "invalid_grant" }))] {
        world.clock.advance(HOUR);
        world.provider.next("/oauth/token", reply);
        let _ = world.read_secrets(&id).await;
    }
    assert_eq!(names(&world), ["connection.failing", "connection.disconnected"]);
    world.connect(&world.browser(), &again(&id)).await.assert_connected();
    assert_eq!(names(&world), ["connection.reconnected"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_customer_is_called_cannot_change_an_event() {
    let world = World::new().await;
    let browser = world.browser();
    let customer = "\",\"userId\":\"user-2\\<$.dynamodb.NewImage.sealed.B>";
    world.connect(&browser, &Start::new().by(customer)).await.assert_connected();
    let [created] = &world.take_events()[..] else { panic!("one event") };
    assert_eq!(created["detail"]["userId"], customer);
    assert_eq!(created["detail"].as_object().unwrap().len(), 9);
}

/// The template's second pipe, on the records of the stream.
#[tokio::test(start_paused = true)]
async fn a_replay_sends_once_more_what_happened_in_its_hours() {
    let world = World::new().await;
    let id = connected(&world).await;
    world.clock.advance(HOUR);
    world.connect(&world.browser(), &again(&id)).await.assert_connected();
    world.clock.advance(HOUR);
    let erased = world.api(Method::DELETE, "/customers/user-1", &admin(WORKSPACE), None).await;
    assert_eq!(erased.status, 200);
    let records = world.take_records();
    let events = world.events_of(&records);
    let expected = [Created, Reconnected, Deleted, Erased].map(ConnectionEvent::name);
    let names: Vec<&str> = events.iter().map(|event| event["detail-type"].as_str().unwrap()).collect();
    assert_eq!(names, [&expected[..], &[CUSTOMER_ERASED]].concat());

    let replayed = |hours: &str| -> Vec<Value> {
        let pipe = Pipe::that_replays(hours).unwrap();
        records.iter().filter_map(|record| pipe.event(record).unwrap()).collect()
    };
    assert_eq!(replayed("2026-01-01T01"), events[1..2]);
    assert_eq!(replayed("2026-01-01T02"), events[2..]);
    assert_eq!(replayed("2026-01-01T00,2026-01-01T01:00"), events[..2]);
    assert_eq!(replayed("2026-01-01T03,2025-12-31T01"), [Value::Null; 0]);
}
