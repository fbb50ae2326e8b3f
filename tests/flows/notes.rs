//! What callers note beside a connection: `tags` and `meta`.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::INTEGRATION;
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Answer, Start, World};

use crate::erased_customer::erase;

async fn ask(world: &World, method: Method, path: &str, body: Option<&Value>) -> Answer {
    world.api(method, path, &customer(WORKSPACE, CUSTOMER), body).await
}

fn notes(connection: &Value) -> (Value, Value) {
    (connection["tags"].clone(), connection["meta"].clone())
}

#[tokio::test(start_paused = true)]
async fn a_start_gives_them_and_a_reconnection_keeps_them_unless_it_gives_others() {
    let world = World::new().await;
    let given = json!({ "tags": ["beta", "eu", "beta"], "meta": { "team": { "id": 7 } } });
    let id = world.connect(&world.browser(), &Start::new().with(&given)).await.connection_id();
    let shown = world.connection(&id).await.json();
    assert_eq!(notes(&shown), (json!(["beta", "eu"]), json!({ "team": { "id": 7 } })));
    let again = Start::new().with(&json!({ "connectionId": id }));
    world.connect(&world.browser(), &again).await.assert_connected();
    assert_eq!(notes(&world.connection(&id).await.json()), notes(&shown));
    let others = again.with(&json!({ "tags": ["us"] }));
    world.connect(&world.browser(), &others).await.assert_connected();
    let shown = world.connection(&id).await.json();
    assert_eq!(notes(&shown), (json!(["us"]), json!({ "team": { "id": 7 } })));
}

/// What somebody changes while the customer is at the provider stays, where the start gives nothing else.
#[tokio::test(start_paused = true)]
async fn a_reconnection_overwrites_no_change_that_came_meanwhile() {
    let world = World::new().await;
    let browser = world.browser();
    let id = world.connect(&browser, &Start::new()).await.connection_id();
    let again = Start::new().with(&json!({ "connectionId": id, "tags": ["start"] }));
    let at_provider = world.begin(&browser, &again).await;
    let changes = json!({ "tags": ["change"], "meta": { "a": 1 }, "name": "New" });
    ask(&world, Method::PATCH, &format!("/connections/{id}"), Some(&changes)).await;
    let answered = browser.get(&at_provider.consent()).await;
    browser.get(answered.location()).await.assert_connected();
    let shown = world.connection(&id).await.json();
    assert_eq!(notes(&shown), (json!(["start"]), json!({ "a": 1 })));
    assert_eq!(shown["name"], "New");
}

#[tokio::test(start_paused = true)]
async fn calls_give_and_change_them() {
    let world = World::new().await;
    let body = json!({
        "integrationKey": INTEGRATION, "userId": CUSTOMER, "credentials": { "access_token": "a" },
        "tags": ["beta"], "meta": { "a": 1 },
    });
    let made = world.api(Method::POST, "/connections", &admin(WORKSPACE), Some(&body)).await.json();
    assert_eq!(notes(&made), (json!(["beta"]), json!({ "a": 1 })));
    let path = format!("/connections/{}", made["id"].as_str().unwrap());
    let _ = world.take_events();
    for (change, tags, meta) in [
        (json!({ "meta": { "b": 2 } }), json!(["beta"]), json!({ "b": 2 })),
        (json!({ "tags": ["x", "y"] }), json!(["x", "y"]), json!({ "b": 2 })),
        (json!({ "tags": null, "meta": null, "name": "N" }), json!(["x", "y"]), json!({ "b": 2 })),
        (json!({ "tags": [], "meta": {} }), json!(null), json!(null)),
    ] {
        let changed = ask(&world, Method::PATCH, &path, Some(&change)).await.json();
        assert_eq!(notes(&changed), (tags, meta), "{change}");
    }
    assert_eq!(world.take_events().len(), 4);
}

/// Each event says what is noted when it happens, whatever its write is about. What is erased is not told once more.
#[tokio::test(start_paused = true)]
async fn events_say_them() {
    let world = World::new().await;
    let said = || -> Vec<(String, String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let events = world.take_events().into_iter();
        let of_event = |event: Value| {
            let detail = &event["detail"];
            (text(&event["detail-type"]), text(&detail["tags"]), text(&detail["meta"]))
        };
        events.map(of_event).collect()
    };
    let expected =
        |name: &str, tags: &str, meta: &str| vec![(name.to_owned(), tags.to_owned(), meta.to_owned())];
    let given = json!({ "tags": ["beta", "a\"b"], "meta": { "team": { "id": 7 } } });
    let (tags, meta) = (r#"["beta","a\"b"]"#, r#"{"team":{"id":7}}"#);
    let id = world.connect(&world.browser(), &Start::new().with(&given)).await.connection_id();
    assert_eq!(said(), expected("connection.created", tags, meta));
    let path = format!("/connections/{id}");

    ask(&world, Method::PATCH, &path, Some(&json!({ "name": "New" }))).await;
    assert_eq!(said(), expected("connection.updated", tags, meta));
    let again = Start::new().with(&json!({ "connectionId": id }));
    world.connect(&world.browser(), &again).await.assert_connected();
    assert_eq!(said(), expected("connection.reconnected", tags, meta));
    // These writes are of its credentials and of its place in the lists, and not of its record.
    ask(&world, Method::POST, &format!("{path}/disconnect"), None).await;
    assert_eq!(said(), expected("connection.disconnected", tags, meta));
    ask(&world, Method::DELETE, &path, None).await;
    assert_eq!(said(), expected("connection.deleted", tags, meta));
    ask(&world, Method::POST, &format!("{path}/restore"), None).await;
    ask(&world, Method::PATCH, &path, Some(&json!({ "tags": [], "meta": { "b": 2 } }))).await;
    assert_eq!(said().last(), expected("connection.updated", "[]", r#"{"b":2}"#).last());
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(erase(&world).await.status, 200);
    let erased = said();
    assert_eq!(erased[0], expected("connection.deleted", "[]", r#"{"b":2}"#)[0]);
    assert_eq!(erased[1], expected("connection.erased", "[]", "{}")[0]);
}

/// An item that was written before there were notes has no such attributes, and its events leave all the same.
#[tokio::test(start_paused = true)]
async fn an_older_connection_has_none_and_its_events_say_so() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let mut item = world.dump().await.live_connections()[0].clone();
    item.retain(|name, _| name != "tags" && name != "meta" && name != "event");
    world.write("connections", &item).await;
    let _ = world.take_events();
    ask(&world, Method::POST, &format!("/connections/{id}/disconnect"), None).await;
    let again = Start::new().with(&json!({ "connectionId": id, "tags": ["new"] }));
    world.connect(&world.browser(), &again).await.assert_connected();
    let events = world.take_events();
    let tags: Vec<&Value> = events.iter().map(|event| &event["detail"]["tags"]).collect();
    assert_eq!(tags, ["[]", r#"["new"]"#]);
}

#[tokio::test(start_paused = true)]
async fn they_have_bounds() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let many: Vec<String> = (0..21).map(|number| number.to_string()).collect();
    for (field, bad) in [
        ("tags", json!("beta")),
        ("tags", json!([1])),
        ("tags", json!([""])),
        ("tags", json!(["t".repeat(65)])),
        ("tags", json!(["a\nb"])),
        ("tags", json!(many)),
        ("meta", json!([])),
        ("meta", json!({ "a": "m".repeat(2048) })),
    ] {
        let body = json!({ field: bad });
        let refused = ask(&world, Method::PATCH, &format!("/connections/{id}"), Some(&body)).await;
        assert_eq!(refused.refusal(), refusal(400, "request_malformed", field), "{bad}");
        let refused = world.browser().send(Start::new().with(&body).form()).await.refusal();
        assert_eq!((&*refused.key, &*refused.field), ("request_malformed", field), "{bad}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_is_asked_for_a_tag() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for tags in [json!(["beta"]), json!([]), json!(["beta", "eu"])] {
        let start = Start::new().with(&json!({ "tags": tags, "allowMultipleConnections": true }));
        ids.push(world.connect(&world.browser(), &start).await.connection_id());
    }
    for (tag, expected) in [("beta", vec![&ids[0], &ids[2]]), ("eu", vec![&ids[2]]), ("bet", vec![])] {
        let page = ask(&world, Method::GET, &format!("/connections?tag={tag}"), None).await.json();
        let mut found: Vec<&str> =
            page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
        found.sort_unstable();
        let mut expected: Vec<&str> = expected.into_iter().map(String::as_str).collect();
        expected.sort_unstable();
        assert_eq!(found, expected, "{tag}");
    }
}
