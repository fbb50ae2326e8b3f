//! What callers note beside a connection: `tags` and `meta`.

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::INTEGRATION;
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Answer, Start, World};

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
