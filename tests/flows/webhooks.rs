//! Webhooks: what becomes of an event at each endpoint of its workspace.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flow::webhook::{Outcome, TRIES};
use http::Method;
use serde_json::{Value, json};
use tests::provider::{Call, Reply};
use tests::tokens::{WORKSPACE, admin};
use tests::wire::Fault;
use tests::{Answer, Start, World};

pub(crate) const URL: &str = "https://app.example/hooks?of=linkspan";

pub(crate) async fn api(world: &World, method: Method, path: &str, body: Option<&Value>) -> Answer {
    world.api(method, path, &admin(WORKSPACE), body).await
}

/// An endpoint that is made with these settings beside the address.
pub(crate) async fn made(world: &World, settings: &Value) -> Value {
    let mut body = json!({ "url": URL });
    tests::definitions::merge(&mut body, settings);
    let answer = api(world, Method::POST, "/webhook-endpoints", Some(&body)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()
}

pub(crate) fn path_of(endpoint: &Value) -> String {
    format!("/webhook-endpoints/{}", endpoint["id"].as_str().unwrap())
}

/// The endpoint's deliveries, the newest event first.
pub(crate) async fn log(world: &World, endpoint: &Value) -> Vec<Value> {
    let listed = api(world, Method::GET, &format!("{}/deliveries", path_of(endpoint)), None).await;
    assert_eq!(listed.status, 200, "{}", listed.body);
    listed.json()["items"].as_array().unwrap().clone()
}

/// An event, as it comes to the bus.
pub(crate) async fn event(world: &World) -> Value {
    let start = Start::new().with(&json!({ "tags": ["beta"], "meta": { "team": { "id": 7 } } }));
    world.connect(&world.browser(), &start).await.assert_connected();
    world.take_events().pop().unwrap()
}

/// What the endpoint got, newest last.
pub(crate) fn got(world: &World) -> Vec<Call> {
    world.provider.calls_to("/hooks")
}

pub(crate) fn answers(world: &World, statuses: &[u16]) {
    for status in statuses {
        world.provider.next("/hooks", Reply::json(*status, &json!({ "a": "body that nobody keeps" })));
    }
}

/// Verifies by the words of the specification alone, without our own code for it.
pub(crate) fn is_signed(call: &Call, secret: &Value) -> bool {
    let secret = secret.as_str().unwrap().strip_prefix("whsec_").unwrap();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &STANDARD.decode(secret).unwrap());
    let signed = format!("{}.{}.{}", call.header("webhook-id"), call.header("webhook-timestamp"), call.body);
    let expected = format!("v1,{}", STANDARD.encode(aws_lc_rs::hmac::sign(&key, signed.as_bytes())));
    call.header("webhook-signature").split(' ').any(|signature| signature == expected)
}

#[tokio::test(start_paused = true)]
async fn an_event_is_sent_signed_to_each_endpoint_that_wants_it_and_once() {
    let world = World::new().await;
    let wants = made(&world, &json!({ "events": ["connection.created"] })).await;
    made(&world, &json!({ "events": ["connection.deleted"] })).await;
    let off = made(&world, &json!({})).await;
    api(&world, Method::PATCH, &path_of(&off), Some(&json!({ "enabled": false }))).await;
    let event = event(&world).await;
    answers(&world, &[204]);
    assert_eq!(world.webhook(&event, 1).await, Outcome::Done);

    let [call] = &got(&world)[..] else { panic!("one request") };
    assert_eq!((call.method.clone(), &*call.uri), (Method::POST, URL));
    assert_eq!(call.header("content-type"), "application/json");
    assert_eq!(call.header("webhook-timestamp"), "1767225600");
    assert!(is_signed(call, &wants["secret"]) && !is_signed(call, &off["secret"]));
    let body: Value = serde_json::from_str(&call.body).unwrap();
    // The bus has texts in the place of what is noted.
    let mut data = event["detail"].clone();
    data["tags"] = json!(["beta"]);
    data["meta"] = json!({ "team": { "id": 7 } });
    let expected = json!({ "type": event["detail-type"], "timestamp": data["time"], "data": data });
    assert_eq!(body, expected);
    assert!(call.limit <= Duration::from_secs(15));

    // The queue hands it over once more, or the event comes to the bus a second time.
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.webhook(&event, 2).await, Outcome::Done);
    assert_eq!(got(&world).len(), 1);
    let [delivery] = &log(&world, &wants).await[..] else { panic!("one delivery") };
    assert_eq!(
        delivery,
        &json!({
            "id": delivery["id"], "webhookId": call.header("webhook-id"), "endpointId": wants["id"],
            "type": "connection.created", "connectionId": event["detail"]["connectionId"],
            "integrationId": event["detail"]["integrationId"], "time": "2026-01-01T00:00:00.000Z",
            "status": "success", "attempts": 1, "lastStatus": 204, "lastAttemptAt": "2026-01-01T00:00:00.000Z",
        })
    );
    assert!(log(&world, &off).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_again_for_a_day_and_then_given_up() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({})).await;
    let event = event(&world).await;
    let mut waited = Duration::ZERO;
    for attempt in 1..TRIES {
        answers(&world, &[[500, 302, 429, 404][usize::try_from(attempt % 4).unwrap()]]);
        let Outcome::Again(pause) = world.webhook(&event, attempt).await else { panic!("{attempt}") };
        world.clock.advance(pause);
        waited += pause;
        assert_eq!(log(&world, &endpoint).await[0]["status"], "pending");
    }
    assert!((Duration::from_hours(23)..Duration::from_hours(27)).contains(&waited), "{waited:?}");
    world.provider.next("/hooks", Reply::hangs());
    assert_eq!(world.webhook(&event, TRIES).await, Outcome::Done);
    let [delivery] = &log(&world, &endpoint).await[..] else { panic!("one delivery") };
    assert_eq!(
        (&delivery["status"], &delivery["attempts"], &delivery["lastProblem"], &delivery["lastStatus"]),
        (&json!("failed"), &json!(TRIES), &json!("timeout"), &Value::Null)
    );
    // Each try has the same id and body, and a signature of its own time.
    let calls = got(&world);
    assert_eq!(calls.len(), usize::try_from(TRIES).unwrap());
    for call in &calls {
        assert!(is_signed(call, &endpoint["secret"]));
        assert_eq!((call.header("webhook-id"), &call.body), (calls[0].header("webhook-id"), &calls[0].body));
    }
    assert_ne!(calls[0].header("webhook-timestamp"), calls[1].header("webhook-timestamp"));
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_has_taken_an_event_is_not_tried_with_the_others() {
    let world = World::new().await;
    let (first, second) = (made(&world, &json!({})).await, made(&world, &json!({})).await);
    let event = event(&world).await;
    answers(&world, &[200, 500]);
    let Outcome::Again(pause) = world.webhook(&event, 1).await else { panic!("one is left") };
    world.clock.advance(pause);
    answers(&world, &[200]);
    assert_eq!(world.webhook(&event, 2).await, Outcome::Done);
    assert_eq!(got(&world).len(), 3);
    let mut attempts = Vec::new();
    for endpoint in [first, second] {
        let [delivery] = &log(&world, &endpoint).await[..] else { panic!("one delivery") };
        assert_eq!(delivery["status"], "success");
        attempts.push(delivery["attempts"].as_u64().unwrap());
    }
    attempts.sort_unstable();
    assert_eq!(attempts, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_says_that_it_is_gone_is_switched_off_until_it_is_switched_on_again() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({})).await;
    let first = event(&world).await;
    answers(&world, &[410]);
    assert_eq!(world.webhook(&first, 1).await, Outcome::Done);
    let shown = api(&world, Method::GET, &path_of(&endpoint), None).await.json();
    assert_eq!((&shown["enabled"], &shown["goneAt"]), (&json!(false), &json!("2026-01-01T00:00:00.000Z")));
    let [delivery] = &log(&world, &endpoint).await[..] else { panic!("one delivery") };
    assert_eq!((&delivery["status"], &delivery["lastStatus"]), (&json!("failed"), &json!(410)));
    let second = event(&world).await;
    assert_eq!(world.webhook(&second, 1).await, Outcome::Done);
    assert_eq!(got(&world).len(), 1);

    // Another change does not switch it on, in the same moment as the answer neither does an old one switch it off again.
    api(&world, Method::PATCH, &path_of(&endpoint), Some(&json!({ "events": null }))).await;
    assert_eq!(api(&world, Method::GET, &path_of(&endpoint), None).await.json()["enabled"], false);
    let on = api(&world, Method::PATCH, &path_of(&endpoint), Some(&json!({ "enabled": true }))).await.json();
    assert_eq!((&on["enabled"], &on["goneAt"]), (&json!(true), &Value::Null));
    answers(&world, &[200]);
    assert_eq!(world.webhook(&event(&world).await, 1).await, Outcome::Done);
    assert_eq!(got(&world).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_an_endpoint_that_is_switched_off_is_given_up() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({})).await;
    let event = event(&world).await;
    answers(&world, &[503]);
    assert!(matches!(world.webhook(&event, 1).await, Outcome::Again(_)));
    api(&world, Method::PATCH, &path_of(&endpoint), Some(&json!({ "enabled": false }))).await;
    assert_eq!(world.webhook(&event, 2).await, Outcome::Done);
    let [delivery] = &log(&world, &endpoint).await[..] else { panic!("one delivery") };
    assert_eq!(
        (&delivery["status"], &delivery["lastProblem"]),
        (&json!("failed"), &json!("endpoint_disabled"))
    );
    assert_eq!(got(&world).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn while_the_database_fails_an_event_is_kept() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({})).await;
    let event = event(&world).await;
    world.wire.fail("Query", 1, Fault::Refused("AccessDeniedException"));
    assert!(matches!(world.webhook(&event, 1).await, Outcome::Again(_)));
    // It was sent, and nobody knows that: so it is sent once more, under the same id.
    answers(&world, &[200, 200]);
    world.wire.fail("UpdateItem", 1, Fault::Refused("AccessDeniedException"));
    assert!(matches!(world.webhook(&event, 2).await, Outcome::Again(_)));
    assert_eq!(world.webhook(&event, 3).await, Outcome::Done);
    assert_eq!(got(&world).len(), 2);
    assert_eq!(log(&world, &endpoint).await[0]["status"], "success");
    // What is ours to mend is not given up: after two days the queue lays it aside.
    world.clock.advance(Duration::from_hours(48) - Duration::from_secs(1));
    world.wire.fail("Query", 1, Fault::Refused("AccessDeniedException"));
    assert!(matches!(world.webhook(&event, TRIES).await, Outcome::Again(_)));
    world.clock.advance(Duration::from_secs(1));
    world.wire.fail("Query", 1, Fault::Refused("AccessDeniedException"));
    assert!(world.webhook_refused(&event, TRIES).await);
    assert!(world.wire.recover());
}

#[tokio::test(start_paused = true)]
async fn no_write_of_webhooks_that_arrives_once_more_changes_anything() {
    let world = World::new().await;
    let event = event(&world).await;
    world.wire.keep_writes();
    let endpoint = made(&world, &json!({})).await;
    let deleted = made(&world, &json!({})).await;
    answers(&world, &[500, 500, 200, 200, 410]);
    world.webhook(&event, 1).await;
    world.clock.advance(Duration::from_secs(10));
    world.webhook(&event, 2).await;
    api(&world, Method::POST, &format!("{}/test", path_of(&endpoint)), None).await;
    api(&world, Method::PATCH, &path_of(&endpoint), Some(&json!({ "enabled": true }))).await;
    api(&world, Method::POST, &format!("{}/rotate-secret", path_of(&endpoint)), None).await;
    api(&world, Method::DELETE, &path_of(&deleted), None).await;
    let kept = world.wire.take_kept();
    let before = world.dump().await;
    // A put that arrives after the delete defines the endpoint again: as with every definition.
    for request in &kept {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap()).into_owned();
        if body.contains(deleted["id"].as_str().unwrap()) && body.contains("attribute_not_exists(pk)") {
            continue;
        }
        // What begins to wait is counted once more in its own hour.
        if body.contains("#waiting") {
            continue;
        }
        world.wire.deliver(request).await;
        assert_eq!(world.dump().await, before, "{body}");
    }
}
