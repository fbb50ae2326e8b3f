//! The endpoints of webhooks, their secrets, and the log of their deliveries.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::World;
use tests::answer::refusal;
use tests::provider::Call;
use tests::tokens::{CUSTOMER, ROOT, WORKSPACE, admin, customer};
use tests::wire::Fault;

use crate::refresh_together::together;
use crate::webhooks::{URL, answers, api, event, got, is_signed, log, made, path_of};

#[tokio::test(start_paused = true)]
async fn an_endpoint_is_made_shown_changed_and_deleted_and_its_secret_is_shown_once() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({ "events": ["connection.created", "customer.erased"] })).await;
    assert!(endpoint["secret"].as_str().unwrap().starts_with("whsec_"));
    let mut expected = endpoint.clone();
    expected.as_object_mut().unwrap().remove("secret");
    assert_eq!(
        expected,
        json!({
            "id": endpoint["id"], "url": URL, "events": ["connection.created", "customer.erased"], "enabled": true,
            "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z",
        })
    );
    let path = path_of(&endpoint);
    assert_eq!(api(&world, Method::GET, &path, None).await.json(), expected);
    let listed = api(&world, Method::GET, "/webhook-endpoints", None).await.json();
    assert_eq!(listed, json!({ "items": [expected] }));

    world.clock.advance(Duration::from_secs(1));
    let change = json!({ "url": "https://other.example/", "events": null, "enabled": false });
    let changed = api(&world, Method::PATCH, &path, Some(&change)).await.json();
    assert_eq!(
        (&changed["url"], &changed["events"], &changed["enabled"], &changed["updatedAt"]),
        (&json!("https://other.example/"), &Value::Null, &json!(false), &json!("2026-01-01T00:00:01.000Z"))
    );
    assert_eq!(api(&world, Method::PATCH, &path, Some(&json!({}))).await.json()["enabled"], false);

    // The workspace is not empty while it has one.
    let workspace = format!("/workspaces/{WORKSPACE}");
    assert_eq!(api(&world, Method::DELETE, "/integrations/crm", None).await.status, 204);
    let delete = async || world.api(Method::DELETE, &workspace, &admin(ROOT), None).await;
    assert_eq!(delete().await.refusal().key, "workspace_not_empty");
    assert_eq!(api(&world, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(api(&world, Method::GET, &path, None).await.refusal(), refusal(404, "not_found", "id"));
    assert_eq!(api(&world, Method::DELETE, &path, None).await.refusal(), refusal(404, "not_found", "id"));
    assert_eq!(delete().await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_an_endpoint_is_refused_with_its_field() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({})).await;
    for (body, expected) in [
        (json!({}), refusal(400, "parameter_missing", "url")),
        (json!({ "url": 7 }), refusal(400, "request_malformed", "url")),
        (json!({ "url": "http://app.example/" }), refusal(400, "request_malformed", "url")),
        (json!({ "url": "https://127.0.0.1/" }), refusal(400, "request_malformed", "url")),
        (json!({ "url": "https://user:password@app.example/" }), refusal(400, "request_malformed", "url")),
        (
            json!({ "url": format!("https://app.example/{}", "a".repeat(2048)) }),
            refusal(400, "request_malformed", "url"),
        ),
        (
            json!({ "url": format!("https://{}/connections", tests::browser::HOST) }),
            refusal(400, "request_malformed", "url"),
        ),
        (json!({ "url": URL, "events": "connection.created" }), refusal(400, "request_malformed", "events")),
        (
            json!({ "url": URL, "events": ["connection.created", "connection.made"] }),
            refusal(400, "request_malformed", "events[1]"),
        ),
    ] {
        let made = api(&world, Method::POST, "/webhook-endpoints", Some(&body)).await;
        assert_eq!(made.refusal(), expected, "{body}");
        if !body["url"].is_null() {
            let changed = api(&world, Method::PATCH, &path_of(&endpoint), Some(&body)).await;
            assert_eq!(changed.refusal(), expected, "{body}");
        }
    }
    for _ in 1..20 {
        made(&world, &json!({})).await;
    }
    let body = json!({ "url": URL });
    let refused = api(&world, Method::POST, "/webhook-endpoints", Some(&body)).await;
    assert_eq!(refused.refusal().key, "already_exists");
    // What nobody sends, nobody can ask for.
    let refused = api(&world.without_webhooks(), Method::POST, "/webhook-endpoints", Some(&body)).await;
    assert_eq!(refused.refusal(), refusal(501, "not_supported", ""));
}

#[tokio::test(start_paused = true)]
async fn of_endpoints_that_are_made_at_once_there_are_twenty() {
    let world = World::new().await;
    let body = json!({ "url": URL });
    let make = || api(&world, Method::POST, "/webhook-endpoints", Some(&body));
    let mut statuses: Vec<u16> =
        together((0..60).map(|_| make())).await.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    let (made, refused) = statuses.split_at(20);
    assert!(made.iter().all(|status| *status == 201) && refused.iter().all(|status| *status == 409));
    let listed = api(&world, Method::GET, "/webhook-endpoints", None).await.json();
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 20);

    // Each that goes makes room for one, also where an answer was lost.
    for (fault, endpoint) in [(false, &items[0]), (true, &items[1])] {
        if fault {
            world.wire.fail("TransactWriteItems", 1, Fault::LostAnswer);
        }
        assert_eq!(api(&world, Method::DELETE, &path_of(endpoint), None).await.status, 204);
        if fault {
            world.wire.fail("TransactWriteItems", 1, Fault::LostAnswer);
        }
        assert_eq!(make().await.status, 201);
        assert_eq!(make().await.refusal().key, "already_exists");
    }
    assert!(world.wire.recover());
    let path = path_of(&items[2]);
    let gone = together((0..5).map(|_| api(&world, Method::DELETE, &path, None))).await;
    assert!(gone.iter().any(|answer| answer.status == 204));
    assert_eq!(make().await.status, 201);
    assert_eq!(make().await.refusal().key, "already_exists");
}

/// Neither customers nor other workspaces see or change an endpoint, or its deliveries.
#[tokio::test(start_paused = true)]
async fn an_endpoint_is_its_workspaces_own() {
    let world = World::new().await;
    world.define_workspace("other", &tests::definitions::workspace("other")).await;
    let endpoint = made(&world, &json!({})).await;
    let event = event(&world).await;
    answers(&world, &[200]);
    world.webhook(&event, 1).await;
    let delivery = log(&world, &endpoint).await[0]["id"].as_str().unwrap().to_owned();
    let path = path_of(&endpoint);
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::PATCH, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/rotate-secret")),
        (Method::POST, format!("{path}/test")),
        (Method::GET, format!("{path}/deliveries")),
        (Method::POST, format!("/webhook-deliveries/{delivery}/replay")),
    ] {
        let body = (method == Method::PATCH).then(|| json!({}));
        let theirs = world.api(method.clone(), &path, &admin("other"), body.as_ref()).await;
        assert_eq!(theirs.refusal(), refusal(404, "not_found", "id"), "{method} {path}");
        let customers = world.api(method, &path, &customer(WORKSPACE, CUSTOMER), body.as_ref()).await;
        assert_eq!(customers.refusal().key, "access_denied", "{path}");
    }
    assert_eq!(got(&world).len(), 1);
    let all = world.api(Method::GET, "/webhook-endpoints", &admin("other"), None).await;
    assert_eq!(all.json(), json!({ "items": [] }));
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_was_replaced_signs_beside_the_new_one_for_a_day() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({})).await;
    let rotated =
        api(&world, Method::POST, &format!("{}/rotate-secret", path_of(&endpoint)), None).await.json();
    assert_ne!(rotated["secret"], endpoint["secret"]);
    assert_eq!(rotated["previousSecretUntil"], "2026-01-02T00:00:00.000Z");
    answers(&world, &[200, 200, 200]);
    world.clock.advance(Duration::from_hours(24) - Duration::from_mins(1));
    world.webhook(&event(&world).await, 1).await;
    // Another change keeps both.
    let changed =
        api(&world, Method::PATCH, &path_of(&endpoint), Some(&json!({ "events": null }))).await.json();
    assert_eq!(changed["previousSecretUntil"], "2026-01-02T00:00:00.000Z");
    world.webhook(&event(&world).await, 1).await;
    world.clock.advance(Duration::from_mins(1));
    world.webhook(&event(&world).await, 1).await;
    let signed = |call: &Call| (is_signed(call, &endpoint["secret"]), is_signed(call, &rotated["secret"]));
    let signed: Vec<_> = got(&world).iter().map(signed).collect();
    assert_eq!(signed, [(true, true), (true, true), (false, true)]);
    let shown = api(&world, Method::GET, &path_of(&endpoint), None).await.json();
    assert_eq!((&shown["previousSecretUntil"], &shown["secret"]), (&Value::Null, &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn a_delivery_is_sent_again_with_the_same_id_and_the_same_body() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({})).await;
    let event = event(&world).await;
    answers(&world, &[200, 500, 200]);
    world.webhook(&event, 1).await;
    let [delivery] = &log(&world, &endpoint).await[..] else { panic!("one delivery") };
    let path = format!("/webhook-deliveries/{}/replay", delivery["id"].as_str().unwrap());
    world.clock.advance(Duration::from_mins(1));
    let failed = api(&world, Method::POST, &path, None).await.json();
    assert_eq!((&failed["status"], &failed["lastStatus"]), (&json!("failed"), &json!(500)));
    let replayed = api(&world, Method::POST, &path, None).await.json();
    assert_eq!((&replayed["status"], &replayed["attempts"]), (&json!("success"), &json!(3)));
    assert_eq!(log(&world, &endpoint).await, [replayed]);
    let calls = got(&world);
    for call in &calls {
        assert!(is_signed(call, &endpoint["secret"]));
        assert_eq!((call.header("webhook-id"), &call.body), (calls[0].header("webhook-id"), &calls[0].body));
    }
    // Of a customer who was erased nothing is held, and so nothing is sent.
    assert!(!world.dump().await.schedule.iter().any(|item| format!("{item:?}").contains(CUSTOMER)));
    for path in ["a", &format!("{}-01767225600000-{}", endpoint["id"].as_str().unwrap(), "0".repeat(32))] {
        let refused = api(&world, Method::POST, &format!("/webhook-deliveries/{path}/replay"), None).await;
        assert_eq!(refused.refusal(), refusal(404, "not_found", "id"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_test_arrives_or_says_why_not() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({ "events": ["connection.created"] })).await;
    let path = format!("{}/test", path_of(&endpoint));
    answers(&world, &[200, 400]);
    let arrived = api(&world, Method::POST, &path, None).await.json();
    assert_eq!((&arrived["status"], &arrived["type"]), (&json!("success"), &json!("webhook.test")));
    world.clock.advance(Duration::from_secs(1));
    let refused = api(&world, Method::POST, &path, None).await.json();
    assert_eq!((&refused["status"], &refused["lastStatus"]), (&json!("failed"), &json!(400)));
    assert!(got(&world).iter().all(|call| is_signed(call, &endpoint["secret"])));
    assert_eq!(log(&world, &endpoint).await, [refused, arrived.clone()]);
    answers(&world, &[200]);
    let path = format!("/webhook-deliveries/{}/replay", arrived["id"].as_str().unwrap());
    assert_eq!(api(&world, Method::POST, &path, None).await.json()["attempts"], 2);
}

#[tokio::test(start_paused = true)]
async fn deliveries_are_listed_page_by_page_for_thirty_days() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({})).await;
    let path = format!("{}/test", path_of(&endpoint));
    answers(&world, &[200, 200, 200]);
    for _ in 0..3 {
        api(&world, Method::POST, &path, None).await;
        world.clock.advance(Duration::from_secs(1));
    }
    let whole: Vec<Value> = log(&world, &endpoint).await;
    let (mut found, mut cursor) = (Vec::new(), "0".to_owned());
    loop {
        let path = format!("{}/deliveries?limit=2&cursor={cursor}", path_of(&endpoint));
        let page = api(&world, Method::GET, &path, None).await.json();
        found.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["cursor"].as_str() else { break };
        cursor = next.to_owned();
    }
    assert_eq!((found.len(), &found), (3, &whole));
    let times: Vec<&str> = whole.iter().map(|delivery| delivery["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|newer, older| newer > older), "{times:?}");
    let forged = format!("{}/deliveries?cursor=a", path_of(&endpoint));
    assert_eq!(
        api(&world, Method::GET, &forged, None).await.refusal(),
        refusal(400, "request_malformed", "cursor")
    );
    let dump = world.dump().await;
    let deliveries = dump.schedule.iter().filter(|item| item.contains_key("delivery"));
    let ttl: Vec<i64> = deliveries.map(|item| item["ttl"].as_n().unwrap().parse().unwrap()).collect();
    assert_eq!(ttl, [0, 1, 2].map(|after| 1_767_225_600 + after + 30 * 86_400));
}
