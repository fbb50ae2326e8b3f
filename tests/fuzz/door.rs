//! Requests at the door: every route, with whatever token, query, headers and body. Nothing is our own fault, and no line
//! and no refusal repeats a secret.

use std::sync::Arc;

use arbitrary::Unstructured;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};
use percent_encoding::percent_decode_str;
use protocol::provider::client::Provider;
use serde_json::{Value, json};
use tests::World;
use tests::browser::HOST;
use tests::definitions::{INTEGRATION, api_key, integration, workspace};
use tests::logs::Logs;
use tests::tokens::{ROOT, WORKSPACE, admin, customer, in_an_hour, signed};
use tower::ServiceExt as _;

use crate::grammar::{TEXTS, chance, json_of, one_of, up_to};
use crate::inputs::{Inputs, assert_reached};
use crate::journey::{Response, assert_lines, sent};
use crate::refusals::{MARK, assert_silent};
use crate::replies::Replies;

const QUERY: &[&str] = &[
    "limit",
    "cursor",
    "search",
    "connected",
    "disconnected",
    "includeArchived",
    "includeSecrets",
    "integrationKey",
    "integrationId",
    "userId",
    "tenantId",
    "erase",
    "force",
    "status",
    "reference",
    "connectionId",
    "connectorKey",
    "query",
    "payload",
    "state",
    "code",
    "error",
];

const HEADERS: &[(&str, &[u8])] = &[
    ("if-match", b"\"1\""),
    ("if-match", b"*"),
    ("if-match", b"W/\"99999999999999999999\""),
    ("prefer", b"respond-async"),
    ("origin", b"https://app.example"),
    ("origin", b"null"),
    ("origin", b"\xff"),
    ("sec-fetch-site", b"cross-site"),
    ("accept", b"text/html;q=0.9, */*"),
    ("cookie", b"__Host-f-aaaaaaaaaaaaaaaaaaaaaa=AAAA; \xff"),
    ("host", b"evil.example:99999"),
    ("host", b""),
    ("x-forwarded-proto", b"gopher"),
    ("connection", b"x-api-key"),
    ("content-length", b"-1"),
    ("retry-after", b"1"),
];

/// Bodies that a route takes.
fn bodies() -> Vec<Value> {
    vec![
        integration(),
        api_key(),
        workspace("other"),
        json!({ "integrationKey": "mail", "parameters": { "subdomain": "acme", "apiKey": MARK }, "userId": "user-1" }),
        json!({ "credentials": { "access_token": MARK }, "name": "Ada", "expiresAt": "2026-01-01T01:00:00Z" }),
        json!({ "connectionId": "c1", "parameters": { "apiKey": MARK } }),
        json!({ "baseUri": "https://provider.example/api", "secret": MARK }),
        json!({ "payload": { "token": MARK, "integrationKey": "crm" } }),
        json!({ "code": MARK, "integrationKey": "crm", "authOptionKey": "oauth" }),
    ]
}

/// A body with some values changed.
fn changed(draw: &mut Unstructured<'_>, body: &Value) -> Value {
    let mut changed = body.clone();
    let names: Vec<String> = changed.as_object().unwrap().keys().cloned().collect();
    for _ in 0..up_to(draw, 2) {
        let name = one_of(draw, &names);
        changed[name] = json_of(draw, 2);
    }
    changed
}

fn tokens() -> Vec<String> {
    let limited = |scope: &str| {
        let claims = json!({ "iss": WORKSPACE, "isAdmin": true, "exp": in_an_hour(), "scope": scope });
        signed(&claims, &tests::tokens::secret_of(WORKSPACE))
    };
    vec![
        admin(WORKSPACE),
        admin(WORKSPACE),
        customer(WORKSPACE, "user-1"),
        admin(ROOT),
        limited("connections:read"),
        customer("nowhere", "user-1"),
        format!("{MARK}.{MARK}.{MARK}"),
        String::new(),
    ]
}

fn any_request(
    draw: &mut Unstructured<'_>,
    ids: &[String],
    tokens: &[String],
    bodies: &[Value],
) -> Option<Request<Bytes>> {
    let routes = api::all_routes();
    let route = one_of(draw, &routes);
    let mut path = String::new();
    for segment in route.path.split('/').skip(1) {
        let id = if segment.starts_with('{') { one_of(draw, ids).as_str() } else { segment };
        path.extend(["/", id]);
    }
    let mut query = Vec::new();
    for _ in 0..up_to(draw, 3) {
        let value: String = url::form_urlencoded::byte_serialize(one_of(draw, TEXTS).as_bytes()).collect();
        query.push(format!("{}={value}", *one_of(draw, QUERY)));
    }
    let others =
        [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD, Method::TRACE];
    let method = if chance(draw, 7, 8) { route.method.clone() } else { one_of(draw, &others).clone() };
    let mut request = Request::builder().method(method).uri(format!("{path}?{}", query.join("&")));
    let token = one_of(draw, tokens);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if !chance(draw, 1, 8) {
        request = request.header("host", HOST);
    }
    let types =
        ["application/json", "application/json", "application/x-www-form-urlencoded", "text/plain", ""];
    request = request.header("content-type", *one_of(draw, &types));
    for _ in 0..up_to(draw, 2) {
        let (name, value) = *one_of(draw, HEADERS);
        request = request.header(HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap());
    }
    let body = match up_to(draw, 5) {
        0 => Vec::new(),
        1 => json_of(draw, 3).to_string().into_bytes(),
        2 => draw.bytes(24).unwrap_or_default().to_vec(),
        _ => {
            let body = one_of(draw, bodies);
            changed(draw, body).to_string().into_bytes()
        }
    };
    request.body(body.into()).ok()
}

/// A service with an integration of each kind and a connection; and the ids that there are, and some that are none.
async fn service() -> (World, Arc<Replies>, Vec<String>) {
    let world = World::new().await;
    world.define("mail", &api_key()).await;
    let body = json!({ "integrationKey": "mail", "parameters": { "subdomain": "acme", "apiKey": MARK } });
    let answer = world.api(Method::POST, "/connections", &customer(WORKSPACE, "user-1"), Some(&body)).await;
    let mut ids = vec![answer.json()["id"].as_str().unwrap().to_owned()];
    let others = [
        INTEGRATION,
        "mail",
        WORKSPACE,
        "user-1",
        "x",
        "%00",
        "%2F..%2F",
        "%ff",
        "a%20b",
        "me",
        "salesforce",
        "other",
    ];
    ids.extend(others.map(str::to_owned));
    let provider = Arc::new(Replies::default());
    world.provider.answered_by(Arc::clone(&provider) as Arc<dyn Provider>);
    (world, provider, ids)
}

/// Sends a request to the function that has its path.
async fn dispatched(world: &World, request: Request<Bytes>) -> Response {
    let path = request.uri().path();
    let functions = &world.functions;
    let service = match path.split('/').nth(1).unwrap_or_default() {
        "connect" | "connection-popup" => &functions.initiate,
        "oauth-callback" | "connection-choice" => &functions.callback,
        "connection-result" => &functions.finish,
        _ => return sent(world, request).await,
    };
    let Ok(answer) = service.clone().oneshot(request).await;
    let (head, body) = answer.into_parts();
    Response { status: head.status, headers: head.headers, body: String::from_utf8_lossy(&body).into_owned() }
}

async fn requests() {
    let (world, provider, ids) = service().await;
    let (tokens, bodies, logs) = (tokens(), bodies(), Logs::of_the_work());
    let (mut well, mut refused) = (0, 0);
    for input in Inputs::drawn("door", 800) {
        let (answers, input) = input.split_at(input.len() / 2);
        provider.by(answers, true);
        let Some(request) = any_request(&mut Unstructured::new(input), &ids, &tokens, &bodies) else {
            continue;
        };
        let about = format!("{} {} {:?}", request.method(), request.uri(), request.body());
        let is_proxied = about.contains("/proxy");
        let shows_secrets = about.contains("includeSecrets") || is_proxied;
        let answer = dispatched(&world, request).await;
        assert_lines(&logs, &|| about.clone());
        if answer.status.is_success() || answer.status.is_redirection() {
            well += 1;
        } else if !is_proxied {
            refused += 1;
            assert_ne!(answer.status.as_u16(), 500, "{about}: {}", answer.body);
            let is_json = answer.headers.get("content-type").is_some_and(|kind| kind == "application/json");
            assert!(
                !is_json || answer.body.is_empty() || answer.json()["key"].is_string(),
                "{about}: {}",
                answer.body
            );
        }
        if !shows_secrets {
            assert_silent(&answer.body);
        }
        let _ = world.wire.take_requests();
    }
    assert_reached(well > 50 && refused > 200, &format!("{well} {refused}"));
}

#[test]
fn no_request_is_our_own_fault_or_has_its_secrets_repeated() {
    let runs = || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(requests());
    };
    let thread = std::thread::Builder::new().stack_size(64 * 1024 * 1024).spawn(runs).unwrap();
    assert!(thread.join().is_ok(), "a request ended with a fault");
}

/// True if the path is one of the document's (§4.8.8 of its format), by its segments. `{path}` of the proxy takes the rest.
fn is_described(paths: &[Vec<String>], path: &str) -> bool {
    let segments: Vec<String> = path
        .trim_matches('/')
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect();
    paths.iter().any(|pattern| {
        let takes_the_rest = pattern.last().is_some_and(|last| last == "{path}");
        let fits = |(expected, segment): (&String, &String)| expected.starts_with('{') || expected == segment;
        (segments.len() == pattern.len() || (takes_the_rest && segments.len() > pattern.len()))
            && pattern.iter().zip(&segments).all(fits)
    })
}

#[tokio::test(start_paused = true)]
async fn the_api_has_the_paths_that_its_document_has_and_no_other() {
    let world = World::empty().await;
    let document: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
    let browsers =
        ["connect", "connection-popup", "oauth-callback", "connection-choice", "connection-result"];
    let paths: Vec<Vec<String>> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(|path| path.trim_start_matches('/').split('/').map(str::to_owned).collect::<Vec<_>>())
        .filter(|path| !browsers.contains(&path[0].as_str()))
        .collect();
    let words = &[
        "/",
        "//",
        "/proxy/",
        "/proxy",
        "/connections",
        "/x",
        "%2F",
        "%73",
        ".",
        "..",
        "%2e",
        ";",
        "%00",
        "%ff",
        "%",
        "self",
        "/restore",
        "/customers/",
        "/export",
        "/connectors",
    ];
    let (mut described, mut others) = (0, 0);
    for input in Inputs::mutated("paths", 5_000).with_words(words) {
        let text = String::from_utf8_lossy(&input);
        let Ok(request) = Request::builder().method("TRACE").uri(&*text).body(Bytes::new()) else { continue };
        if request.uri().authority().is_some() {
            continue;
        }
        let path = request.uri().path().to_owned();
        let answer = sent(&world, request).await;
        // No path has this method: it is known, or not.
        let expected = if is_described(&paths, &path) { 405 } else { 404 };
        assert_eq!(answer.status.as_u16(), expected, "{path}: {}", answer.body);
        *(if expected == 405 { &mut described } else { &mut others }) += 1;
    }
    assert_reached(described > 300 && others > 300, &format!("{described} {others}"));
}
