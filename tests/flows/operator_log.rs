//! What an operator is told of a failure that a customer met: which setting, which host, what happened there.

use std::sync::Arc;
use std::time::Duration;

use rcgen::CertifiedKey;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{CLIENT_SECRET, integration_with};
use tests::logs::Logs;
use tests::provider::Reply;
use tests::wire::{FOR_GOOD, in_real_time};
use tests::{Fault, Start, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// A host that listens on this machine and does this with whoever connects.
async fn host<F, Fut>(scheme: &str, serve: F) -> String
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let port = in_real_time(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
        port
    })
    .await;
    format!("{scheme}://127.0.0.1:{port}/oauth/token")
}

async fn closed_port() -> String {
    let listener = in_real_time(async { TcpListener::bind("127.0.0.1:0").await.unwrap() }).await;
    format!("http://{}/oauth/token", listener.local_addr().unwrap())
}

/// A host that answers, with a certificate that no public authority signed.
async fn self_signed() -> String {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = signing_key.serialize_der().try_into().unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(vec![cert.into()], key).unwrap()));
    host("https", move |stream| {
        let acceptor = acceptor.clone();
        async move {
            // The client turns away.
            let _ = acceptor.accept(stream).await;
        }
    })
    .await
}

async fn faulty() -> String {
    host("http", |mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
        let answer = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";
        let _ = stream.write_all(answer.as_bytes()).await;
        // Left open until the client has read it.
        std::future::pending::<()>().await;
    })
    .await
}

async fn silent() -> String {
    host("http", |stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await
}

/// A name that nobody can have (RFC 6761 §6.4).
const UNKNOWN_HOST: &str = "https://nobody.invalid/oauth/token";

/// Longer than a resolver takes that is asked for nothing.
const PATIENT: Duration = Duration::from_secs(20);

/// A host that says nothing is not waited for.
const IMPATIENT: Duration = Duration::from_millis(300);

/// The only line that says this.
fn line_with(logs: &Logs, message: &str) -> Value {
    let lines = logs.lines();
    let found: Vec<&Value> = lines.iter().filter(|line| line["message"] == message).collect();
    assert_eq!(found.len(), 1, "one failure, one line: {lines:#?}");
    found[0].clone()
}

fn assert_says(line: &Value, fields: &[(&str, Value)]) {
    for (field, value) in fields {
        assert_eq!(&line[field], value, "{field}: {line}");
    }
}

/// The line of a flow whose code could not be exchanged.
async fn line_of(token_endpoint: &str, limit: Duration) -> Value {
    let logs = Logs::record();
    let world = World::new().await;
    let browser = world.browser();
    world.provider.next("/oauth/token", Reply::of_the_network(token_endpoint, limit));
    let result = world.connect(&browser, &Start::new()).await;
    assert_eq!(result.redirected_refusal(), refusal(303, "provider_unreachable", ""));
    line_with(&logs, "flow failed")
}

#[tokio::test(start_paused = true)]
async fn each_way_to_be_out_of_reach_has_a_line_of_its_own() {
    let cases = [
        (closed_port().await, PATIENT, "connection_refused", None, "Connection refused"),
        (UNKNOWN_HOST.to_owned(), PATIENT, "unknown_host", None, "the host is unknown"),
        (self_signed().await, PATIENT, "tls", None, "invalid peer certificate"),
        (faulty().await, PATIENT, "provider_fault", Some(500), ""),
        (silent().await, IMPATIENT, "timeout", None, ""),
    ];
    for (address, limit, kind, status, cause) in cases {
        let line = line_of(&address, limit).await;
        let fields = [
            ("level", "WARN".into()),
            ("key", "provider_unreachable".into()),
            ("setting", "tokenUri".into()),
            ("host", "provider.example".into()),
            ("step", "exchange".into()),
            ("kind", kind.into()),
            ("status", status.into()),
            ("workspace", "acme".into()),
            ("customer", "user-1".into()),
            ("option", "oauth".into()),
        ];
        assert_says(&line, &fields);
        assert!(line["flow"].is_string(), "{line}");
        assert!(line["cause"].as_str().unwrap_or_default().contains(cause), "{cause} is not in {line}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_code_that_no_standard_registers_is_for_the_operator_alone() {
    let logs = Logs::record();
    let world = World::new().await;
    let refused = json!({ "error": "bad_verification_code", "error_description": "client!+secret" });
    world.provider.next("/oauth/token", Reply::json(400, &refused));
    let result = world.connect(&world.browser(), &Start::new()).await;
    assert!(!result.location().contains("bad_verification_code"), "{}", result.location());
    let fields = [
        ("status", 400.into()),
        ("kind", "request_refused".into()),
        ("provider_error", "bad_verification_code".into()),
    ];
    assert_says(&line_with(&logs, "flow failed"), &fields);
    assert!(!logs.text().contains("client!+secret"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_token_response_says_where_it_stops_to_be_one() {
    for reply in
        [Reply::body(200, "text/html", "<html>sign in</html>"), Reply::json(200, &json!({ "data": {} }))]
    {
        let logs = Logs::record();
        let world = World::new().await;
        world.provider.next("/oauth/token", reply);
        world.connect(&world.browser(), &Start::new()).await;
        let fields = [
            ("status", 200.into()),
            ("kind", "answer_not_understood".into()),
            ("key", "token_response_invalid".into()),
        ];
        assert_says(&line_with(&logs, "flow failed"), &fields);
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_refuses_with_a_page_is_the_operators_to_ask() {
    let logs = Logs::record();
    let world = World::new().await;
    world.provider.next("/oauth/token", Reply::body(403, "text/html", "<html>not here</html>"));
    world.connect(&world.browser(), &Start::new()).await;
    let fields = [("status", 403.into()), ("kind", "refused".into()), ("key", "provider_refused".into())];
    assert_says(&line_with(&logs, "flow failed"), &fields);
}

#[tokio::test(start_paused = true)]
async fn a_refused_client_is_told_with_how_it_was_sent_and_nothing_of_it() {
    for (place, words) in [("headers", "as HTTP Basic, both form-encoded"), ("body", "in the body")] {
        for reply in [
            Reply::json(401, &json!({ "error": "invalid_client" })),
            Reply::body(401, "text/html", "<html>sign in</html>"),
        ] {
            let logs = Logs::record();
            let world = World::with(&integration_with(&json!({ "clientAuthLocation": place }))).await;
            world.provider.next("/oauth/token", reply);
            let told = world.connect(&world.browser(), &Start::new()).await.told();
            assert_eq!(told["key"], "client_rejected");
            assert!(told["message"].as_str().unwrap().contains("clientAuthLocation"), "{told}");
            let line = line_with(&logs, "flow failed");
            let cause = line["cause"].as_str().unwrap();
            let sent =
                format!("clientAuthLocation is {place}: the request has client_id and client_secret {words}");
            assert!(cause.ends_with(&sent), "{line}");
            assert!(!line.to_string().contains(CLIENT_SECRET), "{line}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_database_and_what_it_said_are_in_the_line_of_the_request() {
    let logs = Logs::record();
    let world = World::new().await;
    world.wire.fail("PutItem", FOR_GOOD, Fault::Refused("AccessDeniedException"));
    world.browser().send(Start::new().form()).await;
    let line = line_with(&logs, "start failed");
    let fields = [
        ("level", "ERROR".into()),
        ("key", "storage_unavailable".into()),
        ("step", "authorize".into()),
        ("workspace", "acme".into()),
    ];
    assert_says(&line, &fields);
    let cause = line["cause"].as_str().unwrap();
    assert!(cause.contains("DynamoDB failed: PutItem flow: AccessDeniedException"), "{line}");
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_throttled_is_counted_even_if_all_goes_well_in_the_end() {
    let logs = Logs::record();
    let world = World::new().await;
    world.wire.fail("PutItem", 2, Fault::Refused("ThrottlingException"));
    world.wire.fail("PutItem", 1, Fault::Refused("InternalServerError"));
    world.browser().send(Start::new().form()).await;
    assert_eq!(line_with(&logs, "flow begun")["dynamodb_throttled"], 2);
}
