//! What an operator is told of a failure that a customer met: which setting, which host, what happened there.

use std::sync::Arc;
use std::time::Duration;

use rcgen::CertifiedKey;
use serde_json::json;
use tests::answer::refusal;
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

/// The line of a flow whose code could not be exchanged.
async fn line_of(token_endpoint: &str, limit: Duration) -> String {
    let logs = Logs::record();
    let world = World::new().await;
    let browser = world.browser();
    world.provider.next("/oauth/token", Reply::of_the_network(token_endpoint, limit));
    let result = world.connect(&browser, &Start::new()).await;
    assert_eq!(result.redirected_refusal(), refusal(303, "provider_unreachable", ""));
    let text = logs.text();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("flow failed")).collect();
    assert_eq!(lines.len(), 1, "one failure, one line: {text}");
    lines[0].to_owned()
}

#[tokio::test(start_paused = true)]
async fn each_way_to_be_out_of_reach_has_a_line_of_its_own() {
    let cases = [
        (closed_port().await, PATIENT, r#"kind="connection_refused""#, "Connection refused"),
        (UNKNOWN_HOST.to_owned(), PATIENT, r#"kind="unknown_host""#, "the host is unknown"),
        (self_signed().await, PATIENT, r#"kind="tls""#, "invalid peer certificate"),
        (faulty().await, PATIENT, r#"status=500 kind="provider_fault""#, ""),
        (silent().await, IMPATIENT, r#"kind="timeout""#, ""),
    ];
    for (address, limit, kind, cause) in cases {
        let line = line_of(&address, limit).await;
        for part in [
            "WARN",
            r#"key="provider_unreachable""#,
            r#"setting="tokenUri""#,
            r#"host="provider.example""#,
            kind,
            cause,
            r#"workspace="acme""#,
            r#"customer="user-1""#,
            r#"option="oauth""#,
            "flow=",
        ] {
            assert!(line.contains(part), "{part} is not in {line}");
        }
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
    let text = logs.text();
    assert!(
        text.contains(r#"status=400 kind="request_refused" provider_error="bad_verification_code""#),
        "{text}"
    );
    assert!(!text.contains("client!+secret"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_token_response_says_where_it_stops_to_be_one() {
    for (reply, part) in [
        (Reply::body(200, "text/html", "<html>sign in</html>"), "status=200"),
        (Reply::json(200, &json!({ "data": {} })), "status=200"),
    ] {
        let logs = Logs::record();
        let world = World::new().await;
        world.provider.next("/oauth/token", reply);
        world.connect(&world.browser(), &Start::new()).await;
        let text = logs.text();
        let line = text.lines().find(|line| line.contains("flow failed")).unwrap();
        for part in [part, r#"kind="answer_not_understood""#, r#"key="token_response_invalid""#] {
            assert!(line.contains(part), "{part} is not in {line}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_refuses_with_a_page_is_the_operators_to_ask() {
    let logs = Logs::record();
    let world = World::new().await;
    world.provider.next("/oauth/token", Reply::body(403, "text/html", "<html>not here</html>"));
    world.connect(&world.browser(), &Start::new()).await;
    let text = logs.text();
    let line = text.lines().find(|line| line.contains("flow failed")).unwrap();
    for part in ["status=403", r#"kind="refused""#, r#"key="provider_refused""#] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_database_and_what_it_said_are_in_the_line_of_the_request() {
    let logs = Logs::record();
    let world = World::new().await;
    world.wire.fail("PutItem", FOR_GOOD, Fault::Refused("AccessDeniedException"));
    world.browser().send(Start::new().form()).await;
    let text = logs.text();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("DynamoDB failed")).collect();
    assert_eq!(lines.len(), 1, "{text}");
    for part in [
        "ERROR",
        "PutItem flow: AccessDeniedException",
        r#"key="storage_unavailable""#,
        r#"workspace="acme""#,
    ] {
        assert!(lines[0].contains(part), "{part} is not in {}", lines[0]);
    }
}
