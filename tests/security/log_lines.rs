//! One line for each request and for each piece of scheduled work: no field twice, nothing secret, nothing that was typed.

use std::time::Duration;

use bytes::Bytes;
use flow::lifecycle::refresh;
use http::{Method, Request};
use protocol::clock::Clock;
use protocol::record::Invocation;
use serde_json::{Value, json};
use tests::definitions::CLIENT_SECRET;
use tests::logs::Logs;
use tests::provider::{ACCESS_TOKEN, REFRESH_TOKEN, Reply};
use tests::wire::{EVERYTHING, FOR_GOOD};
use tests::world::CODE;
use tests::{Fault, Start, World, tokens};

/// What somebody typed, wherever something can be typed.
const TYPED: &str = "typed!+secret/1";

fn assert_nothing_secret(line: &Value) {
    let text = line.to_string();
    let secrets =
        [TYPED, CLIENT_SECRET, ACCESS_TOKEN, REFRESH_TOKEN, CODE, tokens::WORKSPACE_SECRET, "eyJ", "Ada "];
    for secret in secrets {
        let encoded = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>();
        assert!(!text.contains(secret) && !text.contains(&encoded), "{secret}: {text}");
    }
}

/// The line of a request that was answered with this status.
fn assert_line(line: &Value, route: &str, status: u16) {
    assert_eq!((&line["route"], &line["answered"]), (&route.into(), &status.into()), "{line}");
    assert_eq!(line["service"], "linkspan");
    for field in ["timestamp", "level", "message", "duration_ms"] {
        assert!(!line[field].is_null(), "{field}: {line}");
    }
    assert_nothing_secret(line);
}

fn request(method: &Method, path: &str, token: &str, body: &Value) -> Request<Bytes> {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("search", TYPED).finish();
    Request::builder()
        .method(method)
        .uri(format!("{path}?{query}"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(body.to_string().into())
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_route_writes_one_line_whatever_becomes_of_the_request() {
    let world = World::new().await;
    let connected = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let body = json!({ "name": TYPED, "connectionParameters": { "apiKey": TYPED }, "payload": TYPED });
    let mut seen = 0;
    for (id, broken) in
        [(connected.as_str(), false), ("typed%21%2Bsecret%2F1", false), (connected.as_str(), true)]
    {
        if broken {
            world.wire.fail(EVERYTHING, FOR_GOOD, Fault::Refused("AccessDeniedException"));
        }
        for route in api::all_routes() {
            if broken {
                world.forget_definitions();
            }
            let path = route.path.replace("{path+}", "typed%21%2Bsecret/1");
            let path: Vec<&str> =
                path.split('/').map(|part| if part.starts_with('{') { id } else { part }).collect();
            for token in [tokens::admin("acme"), tokens::customer("acme", "user-1"), TYPED.to_owned()] {
                let logs = Logs::record();
                let answer =
                    world.browser().send(request(&route.method, &path.join("/"), &token, &body)).await;
                let name = format!("{} {}", route.method, route.path);
                let mut line = logs.line();
                // Whose data was handed out or erased must be known afterwards.
                if route.path.starts_with("/customers/") {
                    line.as_object_mut().unwrap().remove("customer");
                }
                assert_line(&line, &name, answer.status.as_u16());
                seen += 1;
            }
        }
    }
    assert!(seen > 400, "{seen}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_nobody_s_writes_a_line_without_its_path() {
    let world = World::new().await;
    let logs = Logs::record();
    let method = Method::from_bytes(b"TYPED").unwrap();
    world.browser().send(request(&method, "/typed%21%2Bsecret%2F1", "", &json!({}))).await;
    assert_line(&logs.line(), "OTHER no route", 404);
}

fn called_as(request_id: &str) -> Invocation {
    Invocation {
        request_id: Some(request_id.to_owned()),
        xray_trace_id: Some("1-67-89".to_owned()),
        cold_start: Some(true),
    }
}

fn called(address: &str, request_id: &str) -> Request<Bytes> {
    let mut request =
        Request::get(address.replace("https://linkspan.example", "")).body(Bytes::new()).unwrap();
    request.extensions_mut().insert(called_as(request_id));
    request
}

#[tokio::test(start_paused = true)]
async fn the_work_of_a_callback_has_its_request_s_ids() {
    let world = World::new().await;
    let browser = world.browser();
    let started = Logs::record();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let flow = started.line()["flow"].clone();
    drop(started);
    for (reply, message) in [
        (Reply::body(500, "text/html", TYPED), "flow failed"),
        (Reply::body(200, "text/html", TYPED), "flow failed"),
    ] {
        let again = world.begin(&browser, &Start::new()).await;
        world.provider.next("/oauth/token", reply);
        let logs = Logs::record();
        browser.send(called(&again.consent(), "request-1")).await;
        let line = logs.line();
        assert_line(&line, "GET /oauth-callback/{integrationId}", 303);
        assert_eq!((&line["message"], &line["step"]), (&message.into(), &"exchange".into()), "{line}");
    }
    let logs = Logs::record();
    browser.send(called(&at_provider.consent(), "request-2")).await;
    let line = logs.line();
    assert_line(&line, "GET /oauth-callback/{integrationId}", 303);
    for (field, value) in [
        ("function_request_id", "request-2".into()),
        ("xray_trace_id", "1-67-89".into()),
        ("cold_start", true.into()),
        ("message", "connected".into()),
        ("workspace", "acme".into()),
        ("customer", "user-1".into()),
        ("option", "oauth".into()),
        ("flow", flow),
    ] {
        assert_eq!(line[field], value, "{field}: {line}");
    }
    assert!(line["connection"].is_string(), "{line}");
}

/// The browser goes while its callback waits for the provider. The work is done all the same, and its line is written then.
#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_leaves_one_line() {
    let world = World::new().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let slow = Reply::json(200, &json!({ "access_token": ACCESS_TOKEN, "token_type": "bearer" }));
    world.provider.next("/oauth/token", slow.after(Duration::from_secs(3)));
    let logs = Logs::record();
    let callback = called(&at_provider.consent(), "request-1");
    assert!(tokio::time::timeout(Duration::from_secs(1), browser.send(callback)).await.is_err());
    assert_eq!(logs.lines(), [] as [Value; 0]);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let line = logs.line();
    let ended = (&line["message"], &line["function_request_id"], line.get("answered"));
    assert_eq!(ended, (&"connected".into(), &"request-1".into(), None), "{line}");
}

#[tokio::test(start_paused = true)]
async fn each_scheduled_renewal_has_a_line_and_so_has_the_run() {
    let world = World::new().await;
    let browser = world.browser();
    world.connect(&browser, &Start::new()).await.assert_connected();
    world.connect(&browser, &Start::new().by("user-2")).await.assert_connected();
    world.clock.advance(Duration::from_mins(45));
    world
        .provider
        .next("/oauth/token", Reply::json(400, &json!({ "error": "invalid_grant", "hint": TYPED })));
    let logs = Logs::record();
    let end = world.clock.now() + Duration::from_mins(4);
    refresh::run(&world.deps, called_as("run-1"), end).await.unwrap();
    let mut lines = logs.lines();
    let run = lines.pop().unwrap();
    assert_eq!(
        (&run["message"], &run["renewed"], &run["disconnected"]),
        (&"scheduled work ended".into(), &1.into(), &1.into())
    );
    lines.push(run);
    assert_eq!(lines.len(), 3, "{lines:#?}");
    let disconnected = "connection disconnected: its credentials cannot be renewed";
    let messages: Vec<&str> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert!(messages.contains(&"credentials renewed") && messages.contains(&disconnected), "{messages:?}");
    for line in &lines {
        assert_eq!(line["function_request_id"], "run-1", "{line}");
        assert_nothing_secret(line);
    }
    drop(logs);

    let logs = Logs::record();
    world.wire.fail("GetItem", FOR_GOOD, Fault::Refused("AccessDeniedException"));
    refresh::run(&world.deps, called_as("run-2"), end).await.unwrap_err();
    let line = logs.line();
    assert_eq!(
        (&line["message"], &line["level"]),
        (&"scheduled work failed".into(), &"ERROR".into()),
        "{line}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_no_time_says_so_in_its_message() {
    let world = World::new().await;
    let logs = Logs::record();
    refresh::run(&world.deps, called_as("run-1"), world.clock.now()).await.unwrap();
    let line = logs.line();
    assert_eq!((&line["message"], &line["level"]), (&"refresh unfinished".into(), &"WARN".into()), "{line}");
}
