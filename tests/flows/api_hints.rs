//! Headers that a caller may replace, and what an API says of its own patience.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use protocol::clock::Clock;
use serde_json::{Value, json};
use tests::answer::{Answer, refusal};
use tests::definitions::integration;
use tests::provider::Reply;
use tests::tokens::{self, CUSTOMER, WORKSPACE, admin};
use tests::{Start, World};

async fn connected(api_client: &Value) -> (World, String) {
    let world = World::new().await;
    let mut definition = integration();
    for (setting, value) in api_client.as_object().unwrap() {
        definition["authOptions"][0]["apiClient"][setting] = value.clone();
    }
    let put = world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(&definition)).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.body);
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    (world, id)
}

async fn send(world: &World, method: &Method, id: &str, headers: &[(&str, &str)]) -> Answer {
    let token = tokens::customer(WORKSPACE, CUSTOMER);
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/connections/{id}/proxy/contacts"))
        .header("authorization", format!("Bearer {token}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.browser().send(request.body(Bytes::new()).unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn a_default_header_is_sent_unless_the_caller_has_it() {
    let defaults =
        json!({ "defaultHeaders": { "X-Version": "2026-01", "Accept": "application/vnd.x+json" } });
    let (world, id) = connected(&defaults).await;
    // The test call has them too.
    let tested = world.provider.calls_to("/api/me").pop().unwrap();
    assert_eq!((tested.header("x-version"), tested.header("accept")), ("2026-01", "application/vnd.x+json"));
    world.provider.always("/api/contacts", Reply::body(200, "text/plain", "here"));
    send(&world, &Method::GET, &id, &[]).await;
    send(&world, &Method::GET, &id, &[("x-version", "2027-01")]).await;
    let calls = world.provider.calls_to("/api/contacts");
    assert_eq!(calls.iter().map(|call| call.header("x-version")).collect::<Vec<_>>(), ["2026-01", "2027-01"]);
    assert!(calls.iter().all(|call| call.header("authorization").starts_with("Bearer ")));
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_too_often_is_asked_once_more_after_a_short_wait() {
    let retry = json!({ "retry": [
        { "status": 403, "headers": { "x-remaining": "0" }, "after": "x-after" },
        { "status": 403, "at": { "body": "error.message", "pattern": "Retry after (.+)$" } },
    ] });
    let (world, id) = connected(&retry).await;
    let busy = |status: u16, name: &'static str, seconds: &str| {
        Reply::body(status, "text/plain", "busy").header(name, seconds).header("x-remaining", "0")
    };
    let message = |wait: u64| {
        let at = (world.clock.now() + Duration::from_secs(wait)).to_rfc3339();
        Reply::json(403, &json!({ "error": { "message": format!("Too many requests. Retry after {at}") } }))
    };
    for (method, reply, asked, status) in [
        (Method::GET, message(2), 2, 200),
        (Method::GET, message(60), 1, 403),
        (Method::GET, busy(429, "retry-after", "1"), 2, 200),
        (Method::GET, busy(403, "x-after", "2"), 2, 200),
        // Too long to wait for, or not said to be for that.
        (Method::GET, busy(429, "retry-after", "3"), 1, 429),
        (Method::GET, busy(403, "retry-after", "1"), 1, 403),
        (Method::GET, busy(500, "retry-after", "1"), 1, 500),
        // It may have changed something already.
        (Method::POST, busy(429, "retry-after", "1"), 1, 429),
    ] {
        let before = world.provider.calls_to("/api/contacts").len();
        world.provider.next("/api/contacts", reply);
        world.provider.next("/api/contacts", Reply::body(200, "text/plain", "here"));
        let answer = send(&world, &method, &id, &[]).await;
        let calls = world.provider.calls_to("/api/contacts").len();
        assert_eq!((calls - before, answer.status.as_u16()), (asked, status), "{method} {status}");
        if asked == 1 {
            send(&world, &method, &id, &[]).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn hints_that_say_nothing_and_defaults_that_authenticate_are_refused() {
    let world = World::new().await;
    for (setting, value, field) in [
        ("defaultHeaders", json!({ "Authorization": "x" }), "defaultHeaders.Authorization"),
        ("defaultHeaders", json!({ "X-Key": "${credentials.access_token}" }), "defaultHeaders.X-Key"),
        ("retry", json!([{}]), "retry[0]"),
        ("retry", json!([{ "status": 429, "after": "a b" }]), "retry[0].after"),
        ("retry", json!([{ "status": 7 }]), "retry[0].status"),
        ("retry", json!([{ "status": 429, "at": { "body": "a..b" } }]), "retry[0].at.body"),
        (
            "retry",
            json!([{ "status": 429, "after": { "body": "a", "pattern": "x" } }]),
            "retry[0].after.pattern",
        ),
        ("pagination", json!({ "type": "cursor", "parameter": "after" }), "pagination.next"),
        ("pagination", json!({ "type": "offset" }), "pagination.parameter"),
        ("pagination", json!({ "type": "link", "next": "a..b" }), "pagination.next"),
    ] {
        let mut definition = integration();
        definition["authOptions"][0]["apiClient"][setting] = value;
        let answer = world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(&definition)).await;
        let field = format!("authOptions[0].apiClient.{field}");
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", &field), "{}", answer.body);
    }
    let mut definition = integration();
    let hint = json!({ "type": "link", "rel": "next", "items": "results", "limitParameter": "per_page", "limit": 100 });
    definition["authOptions"][0]["apiClient"]["pagination"] = hint.clone();
    let answer = world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(&definition)).await;
    assert_eq!(answer.json()["authOptions"][0]["apiClient"]["pagination"], hint);
}

/// A call that changes something there may have nothing to give.
#[tokio::test(start_paused = true)]
async fn a_call_after_connecting_may_only_tell_the_service_something() {
    let world = World::new().await;
    let mut definition = integration();
    for (method, status) in [("POST", 200), ("GET", 400)] {
        definition["authOptions"][0]["afterConnect"] = json!([{ "method": method, "path": "/installed" }]);
        let answer = world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(&definition)).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
    }
}
