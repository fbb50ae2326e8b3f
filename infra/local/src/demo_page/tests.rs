//! The page, in front of a service that these tests make up.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use protocol::clock::{Clock, Timestamp};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{Call, Config, Hint, router};
use crate::events;

const SECRET: &str = "a secret that is at least thirty-two bytes long";

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_767_225_600_000)
    }
}

/// The requests that the page made: path and customer.
type Log = Arc<Mutex<Vec<(String, Value)>>>;

struct Page {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

fn connection() -> Value {
    json!({
        "id": "c1",
        "name": "<b>Ada</b>",
        "integrationId": "i1",
        "authOptionKey": "o",
        "error": { "message": "<Expired>" },
        "state": "CLIENT_ACTION_REQUIRED",
        "createdAt": "2026-01-31T08:15:00.123Z",
    })
}

fn service(log: Log, broken: bool) -> Call {
    Arc::new(move |request| {
        let path = request.uri().to_string();
        let header = request.headers()[header::AUTHORIZATION].to_str().unwrap();
        let token = header.strip_prefix("Bearer ").unwrap();
        let key = DecodingKey::from_secret(SECRET.as_bytes());
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims;
        log.lock().unwrap().push((path.clone(), claims));
        let (status, body) = match path.as_str() {
            _ if broken => (503, json!({ "message": "The tables are <away>" })),
            "/integrations" => {
                let options = json!([{ "key": "o", "type": "oauth2", "title": "<t>" }]);
                let item = json!({ "id": "i1", "key": "crm", "name": "Demo CRM", "authOptions": options });
                let operators = json!({ "id": "i2", "key": "operators", "name": "Not offered" });
                (200, json!({ "items": [item, operators] }))
            }
            "/connections?limit=100" => (200, json!({ "items": [connection()] })),
            "/connections/c1" => (200, connection()),
            "/connection-requests/r1/complete" if request.method() == "POST" => (200, connection()),
            _ => (404, json!({ "message": "There is no such thing" })),
        };
        let response = http::Response::builder().status(status);
        let response = response.body(Bytes::from(body.to_string())).unwrap();
        Box::pin(async move { response })
    })
}

fn config(call: Call) -> Config {
    Config {
        base: "http://127.0.0.1:9000".to_owned(),
        workspace_key: "demo",
        workspace_secret: SECRET,
        hidden: &["operators"],
        hints: &[Hint { integration: "crm", lines: &[("Sign in as", &["ada", "<pw>"])] }],
        clock: Arc::new(StoppedClock),
        events: events::log::Log::new(),
        call,
    }
}

async fn get_from(call: Call, path: &str, header: (header::HeaderName, &str)) -> Page {
    answer(config(call), path, header).await
}

async fn answer(config: Config, path: &str, header: (header::HeaderName, &str)) -> Page {
    let request = Request::get(path).header(header.0, header.1).body(Body::empty()).unwrap();
    let (parts, body) = router(config).oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    Page { status: parts.status, headers: parts.headers, text }
}

async fn get(path: &str) -> Page {
    get_from(service(Log::default(), false), path, (header::HOST, "127.0.0.1:9000")).await
}

/// The payloads of the page's forms, in order.
fn payloads(page: &Page) -> Vec<Value> {
    let mut fields = page.text.split(r#"name="payload" value=""#);
    fields.next();
    fields
        .map(|rest| {
            let escaped = rest.split('"').next().unwrap();
            serde_json::from_str(&escaped.replace("&#34;", "\"").replace("&#38;", "&")).unwrap()
        })
        .collect()
}

#[tokio::test]
async fn the_forms_hold_what_starts_a_connection() {
    let page = get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    let payloads = payloads(&page);
    let [reconnect, connect, another] = payloads.as_slice() else { panic!("three forms") };
    for payload in [reconnect, connect, another] {
        assert_eq!(payload["integrationKey"], "crm");
        assert_eq!(payload["redirectUri"], "http://127.0.0.1:9000/demo/connected");
        assert_eq!(payload["customState"], "card:crm");
        assert!(payload["token"].is_string());
    }
    assert_eq!(reconnect["connectionId"], "c1");
    assert!(connect.get("connectionId").is_none());
    assert!(connect.get("allowMultipleConnections").is_none());
    assert_eq!(another["allowMultipleConnections"], true);
}

#[tokio::test]
async fn the_service_is_asked_for_the_signed_in_customer() {
    let log = Log::default();
    let cookie = (header::COOKIE, "other=1; demo_customer=lakeside-labs");
    get_from(service(log.clone(), false), "/", cookie).await;
    let claims = json!({
        "workspaceKey": "demo",
        "id": "lakeside-labs",
        "name": "Lakeside Labs",
        "exp": 1_767_225_600 + 600,
    });
    let asked = log.lock().unwrap().clone();
    let expected = ["/integrations", "/connections?limit=100"];
    assert_eq!(asked, expected.map(|path| (path.to_owned(), claims.clone())));
}

#[tokio::test]
async fn choosing_a_customer_sets_the_cookie_and_strangers_do_not() {
    let chosen = get("/?customer=lakeside-labs").await;
    assert_eq!(chosen.headers[header::LOCATION], "/");
    let cookie = chosen.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("demo_customer=lakeside-labs; HttpOnly"));
    let stranger = get("/?customer=stranger").await;
    assert_eq!(stranger.status, StatusCode::OK);
    assert!(stranger.headers.get(header::SET_COOKIE).is_none());
}

#[tokio::test]
async fn localhost_is_sent_to_the_address_that_results_come_back_to() {
    let host = |host| (header::HOST, host);
    let call = || service(Log::default(), false);
    let local = get_from(call(), "/", host("localhost:9000")).await;
    assert_eq!(local.headers[header::LOCATION], "http://127.0.0.1:9000/");
    let forwarded = get_from(call(), "/", host("localhost:8000")).await;
    assert_eq!(forwarded.status, StatusCode::OK);
}

#[tokio::test]
async fn a_connection_is_shown_once_the_service_confirms_it() {
    let page = get("/demo/connected?connectionId=c1&customState=%3Ci%3E").await;
    assert!(page.text.contains("The service confirms the connection for Birch &#38; Co."));
    assert!(page.text.contains(r#"<td data-label="Integration">Demo CRM</td>"#));
    assert!(page.text.contains("&#60;b&#62;Ada&#60;/b&#62;") && !page.text.contains("<b>"));
    assert!(page.text.contains("&#60;i&#62;") && !page.text.contains("<i>"));
}

#[tokio::test]
async fn a_connection_request_is_completed_for_the_customer_of_the_session() {
    let page = get("/demo/connected?connectionRequestId=r1").await;
    assert!(page.text.contains("The service confirms the connection for Birch &#38; Co."));
    let page = get("/demo/connected?connectionRequestId=made-up").await;
    assert!(page.text.contains("Not confirmed"));
}

#[tokio::test]
async fn a_made_up_connection_id_is_not_confirmed_and_stays_one_path_segment() {
    let log = Log::default();
    let path = "/demo/connected?connectionId=..%2Fconnections%3Flimit=100";
    let host = (header::HOST, "127.0.0.1:9000");
    let page = get_from(service(log.clone(), false), path, host).await;
    assert!(page.text.contains("Not confirmed"));
    let asked = log.lock().unwrap()[0].0.clone();
    assert_eq!(asked, "/connections/%2E%2E%2Fconnections%3Flimit%3D100");
}

#[tokio::test]
async fn an_error_wins_over_a_connection_id_and_is_explained() {
    let data = "%7B%22type%22:%22configuration%22,%22key%22:%22token_rejected%22,%22data%22:%7B%7D%7D";
    let path = format!("/demo/connected?connectionId=c1&error=%3Cs%3E&errorData={data}");
    let page = get(&path).await;
    assert!(page.text.contains("Not connected") && !page.text.contains("The service confirms"));
    assert!(page.text.contains("not set up correctly"));
    assert!(page.text.contains("token_rejected"));
    assert!(page.text.contains("&#60;s&#62;") && !page.text.contains("<s>"));

    let unreadable = get("/demo/connected?error=no&errorData=%7B%3Cs%3E").await;
    assert!(unreadable.text.contains("{&#60;s&#62;"));
    let nothing = get("/demo/connected").await;
    assert!(nothing.text.contains("Nothing came back"));
}

#[tokio::test]
async fn a_broken_service_is_a_notice_on_the_page() {
    for path in ["/", "/demo/connected?connectionId=c1"] {
        let call = service(Log::default(), true);
        let page = get_from(call, path, (header::HOST, "127.0.0.1:9000")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains("The tables are &#60;away&#62;"));
    }
}

#[tokio::test]
async fn a_card_says_what_to_enter_and_the_table_what_is_wrong() {
    let page = get("/").await;
    assert!(page.text.contains("<code>ada</code> <code>&#60;pw&#62;</code>"));
    assert!(page.text.contains(r#"<td data-label="Type">OAuth 2</td>"#));
    assert!(page.text.contains("&#60;Expired&#62;"));
    assert!(!page.text.contains("Not offered"));
}

#[tokio::test]
async fn the_script_comes_from_a_file_and_may_not_be_anything_else() {
    let page = get("/").await;
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"));
    assert!(page.text.contains(r#"<script src="/demo/popup.js" defer></script>"#));
    let script = get("/demo/popup.js").await;
    assert!(script.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/javascript"));
}

/// A page's dependencies after two events. One of them is another workspace's.
fn after_events() -> Config {
    let config = config(service(Log::default(), false));
    for (workspace, connection) in [("demo", "<c1>"), ("other", "not-shown")] {
        let detail =
            json!({ "workspaceKey": workspace, "connectionId": connection, "userId": "u", "time": "t" });
        config.events.push(json!({ "detail-type": "connection.created", "detail": detail }));
    }
    config.events.close();
    config
}

#[tokio::test]
async fn events_of_the_apps_workspace_stand_in_every_page() {
    for path in ["/", "/demo/connected"] {
        let page = answer(after_events(), path, (header::HOST, "127.0.0.1:9000")).await;
        assert!(page.text.contains(r#"<code data-field="connection">&#60;c1&#62;</code>"#));
        assert!(!page.text.contains("not-shown"));
        assert!(page.text.contains(r#"data-last="2""#));
    }
}

#[tokio::test]
async fn events_come_as_server_sent_events_and_go_on_where_a_browser_was() {
    let host = (header::HOST, "127.0.0.1:9000");
    let page = answer(after_events(), "/demo/events?after=0", host.clone()).await;
    assert_eq!(page.headers[header::CONTENT_TYPE], "text/event-stream");
    let (_, data) = page.text.split_once("id: 1\ndata: ").unwrap();
    let event: Value = serde_json::from_str(data.trim_end()).unwrap();
    assert_eq!(event["detail"]["connectionId"], "<c1>");

    assert_eq!(answer(after_events(), "/demo/events?after=1", host).await.text, "");
    let seen = (header::HeaderName::from_static("last-event-id"), "1");
    assert_eq!(answer(after_events(), "/demo/events?after=0", seen).await.text, "");
}

#[tokio::test]
async fn the_connectors_are_listed_and_searched() {
    let all = get("/demo/connectors").await;
    assert_eq!(all.status, StatusCode::OK);
    assert!(all.text.contains("<code>asana</code>") && all.text.contains("<code>dropbox</code>"));
    let some = get("/demo/connectors?search=ASA%20na").await;
    assert!(some.text.contains("<code>asana</code>") && !some.text.contains("<code>dropbox</code>"));
    assert!(
        get("/demo/connectors?search=%22%3E%3Cb%3Enone").await.text.contains("&#34;&#62;&#60;b&#62;none")
    );
}
