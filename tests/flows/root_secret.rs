//! The root workspace's secret in Secrets Manager: two versions count, it is read when a root token comes, and nothing
//! counts while it cannot be read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_kms::config::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use flow::root_secret::SecretsManager;
use http::Method;
use protocol::clock::Clock;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions;
use tests::logs::Logs;
use tests::random::CountedRandom;
use tests::tokens::{self, CUSTOMER, ROOT, WORKSPACE, customer};
use tests::wire::{EVERYTHING, FOR_GOOD, Wire, in_real_time};
use tests::{Answer, Fault, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const ARN: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:RootSecret-AbCdEf";

/// How long a warm function goes by what it has read.
const KEPT: Duration = Duration::from_secs(30);

/// The versions of the secret, by label.
type Versions = Arc<Mutex<BTreeMap<&'static str, String>>>;

/// What was asked for: the heads of the requests.
type Heads = Arc<Mutex<Vec<String>>>;

/// A Secrets Manager on this machine, with a wire to it that is recorded and can be made to fail.
struct Standin {
    versions: Versions,
    heads: Heads,
    wire: Wire,
    endpoint: String,
}

impl Standin {
    async fn with(current: &str) -> Self {
        let (versions, heads) = (Versions::default(), Heads::default());
        versions.lock().unwrap().insert("AWSCURRENT", current.to_owned());
        let (of_all, seen) = (Arc::clone(&versions), Arc::clone(&heads));
        let port = in_real_time(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, Arc::clone(&of_all), Arc::clone(&seen)));
                }
            });
            port
        })
        .await;
        Self { versions, heads, wire: Wire::new(), endpoint: format!("http://127.0.0.1:{port}") }
    }

    /// What `put-secret-value` does: the present version becomes the one before.
    fn rotate(&self, to: &str) {
        let mut versions = self.versions.lock().unwrap();
        let current = versions.insert("AWSCURRENT", to.to_owned()).unwrap();
        versions.insert("AWSPREVIOUS", current);
    }

    /// A world whose API reads the secret here.
    fn of(&self, world: &World) -> World {
        world.rooted_in(Arc::new(SecretsManager {
            http: SharedHttpConnector::new(self.wire.clone()),
            credentials: Credentials::new(
                "AKIDEXAMPLE",
                "function!+key",
                Some("session!+token".into()),
                None,
                "test",
            ),
            region: "eu-west-1".to_owned(),
            endpoint: self.endpoint.clone(),
            secret_arn: ARN.to_owned(),
            clock: Arc::clone(&world.clock) as Arc<dyn Clock>,
            random: Arc::new(CountedRandom::default()),
        }))
    }

    /// The labels of the versions that were asked for since the last call.
    fn take_labels(&self) -> Vec<String> {
        let requests = self.wire.take_requests();
        requests
            .iter()
            .map(|request| {
                assert_eq!(request.operation, "GetSecretValue");
                assert_eq!(request.body["SecretId"], ARN);
                request.body["VersionStage"].as_str().unwrap().to_owned()
            })
            .collect()
    }
}

/// Answers requests on one connection as Secrets Manager does.
async fn serve(mut stream: TcpStream, versions: Versions, heads: Heads) {
    let mut received = Vec::new();
    while let Ok(1..) = stream.read_buf(&mut received).await {
        let text = String::from_utf8(received.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        if body.len() < length.parse().unwrap() {
            continue;
        }
        received.clear();
        heads.lock().unwrap().push(head.to_owned());
        let asked: Value = serde_json::from_str(body).unwrap();
        let version = versions.lock().unwrap().get(asked["VersionStage"].as_str().unwrap()).cloned();
        let (status, answer) = match version {
            Some(text) => ("200 OK", json!({ "ARN": ARN, "Name": "RootSecret", "SecretString": text })),
            None => (
                "400 Bad Request",
                json!({ "__type": "ResourceNotFoundException", "Message": "Secrets Manager can't find the specified secret value" }),
            ),
        };
        let answer = answer.to_string();
        let length = answer.len();
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{answer}");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

/// A management token of the root workspace, by this secret.
fn root_token(secret: &str) -> String {
    tokens::signed(&json!({ "iss": ROOT, "isAdmin": true, "exp": tokens::in_an_hour() }), secret)
}

async fn put(world: &World, secret: &str) -> Answer {
    let definition = definitions::workspace("other");
    world.api(Method::PUT, "/workspaces/other", &root_token(secret), Some(&definition)).await
}

async fn assert_refused(world: &World, secret: &str) {
    assert_eq!(put(world, secret).await.refusal(), refusal(401, "not_authenticated", "token"));
}

const FIRST: &str = "first!+root+secret!first!+root+secret!";
const SECOND: &str = "second!+root+secret!second!+root+secret";
const THIRD: &str = "third!+root+secret!third!+root+secret!";

#[tokio::test(start_paused = true)]
async fn a_new_root_secret_and_the_one_before_count_and_no_older_one() {
    let manager = Standin::with(FIRST).await;
    let world = manager.of(&World::new().await);
    assert!(put(&world, FIRST).await.status.is_success());
    assert_refused(&world, SECOND).await;

    manager.rotate(SECOND);
    world.clock.advance(KEPT);
    let logs = Logs::record();
    assert!(put(&world, SECOND).await.status.is_success());
    assert_eq!(logs.line()["signed_by"], "secret");
    let logs = Logs::record();
    assert!(put(&world, FIRST).await.status.is_success());
    assert_eq!(logs.line()["signed_by"], "previous secret");

    manager.rotate(THIRD);
    world.clock.advance(KEPT);
    assert_refused(&world, FIRST).await;
    assert!(put(&world, SECOND).await.status.is_success());

    manager.versions.lock().unwrap().remove("AWSPREVIOUS");
    world.clock.advance(KEPT);
    assert_refused(&world, SECOND).await;
    assert!(put(&world, THIRD).await.status.is_success());
}

#[tokio::test(start_paused = true)]
async fn the_root_secret_is_read_when_a_root_token_comes_and_kept_for_half_a_minute() {
    let manager = Standin::with(FIRST).await;
    let world = manager.of(&World::new().await);
    world.api(Method::GET, "/self", &customer(WORKSPACE, CUSTOMER), None).await;
    assert_refused_elsewhere(&world).await;
    assert!(manager.take_labels().is_empty(), "nobody needed it");
    for _ in 0..3 {
        assert!(put(&world, FIRST).await.status.is_success());
        assert_refused(&world, SECOND).await;
    }
    assert_eq!(manager.take_labels(), ["AWSCURRENT", "AWSPREVIOUS"]);
    world.clock.advance(KEPT);
    assert!(put(&world, FIRST).await.status.is_success());
    assert_eq!(manager.take_labels(), ["AWSCURRENT", "AWSPREVIOUS"]);
}

/// A token of another workspace is refused without a look at the secret.
async fn assert_refused_elsewhere(world: &World) {
    let answer = world.api(Method::GET, "/workspaces/acme", &tokens::admin(WORKSPACE), None).await;
    assert_eq!(answer.refusal(), refusal(403, "access_denied", ""));
}

#[tokio::test(start_paused = true)]
async fn the_request_for_the_root_secret_is_signed_by_the_function() {
    let manager = Standin::with(FIRST).await;
    assert!(put(&manager.of(&World::new().await), FIRST).await.status.is_success());
    let heads = manager.heads.lock().unwrap();
    assert_eq!(heads.len(), 2);
    for head in heads.iter() {
        let header = |name: &str| {
            let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}: ")));
            line.unwrap().split_once(": ").unwrap().1.to_owned()
        };
        let authorization = header("authorization");
        assert!(
            authorization.starts_with(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/secretsmanager/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature="
            ),
            "{authorization}"
        );
        assert_eq!(header("x-amz-security-token"), "session!+token");
        assert!(!head.contains("function!+key"));
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_root_secret_cannot_be_read_no_root_token_counts_and_the_log_says_why() {
    let faults = [
        (Fault::Outage, "connection failed"),
        (Fault::Silence, "timeout"),
        (Fault::Refused("AccessDeniedException"), "AccessDeniedException"),
        (Fault::Refused("DecryptionFailure"), "DecryptionFailure"),
        (Fault::Refused("ThrottlingException"), "ThrottlingException"),
    ];
    let manager = Standin::with(FIRST).await;
    let before = World::new().await;
    for (fault, code) in faults {
        let world = manager.of(&before);
        manager.wire.fail(EVERYTHING, FOR_GOOD, fault);
        let logs = Logs::record();
        let started = tokio::time::Instant::now();
        assert_eq!(put(&world, FIRST).await.refusal(), refusal(503, "key_unavailable", ""), "{code}");
        assert!(started.elapsed() <= Duration::from_secs(5), "{code}: {:?}", started.elapsed());
        let line = logs.line();
        let cause = line["cause"].as_str().unwrap();
        assert!(cause.contains("Secrets Manager failed: GetSecretValue of AWS"), "{line}");
        assert!(cause.contains(code), "{line}");
        assert!(!logs.text().contains(FIRST));
        let _ = manager.wire.recover();
        assert!(put(&world, FIRST).await.status.is_success(), "{code} has passed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_passes_is_waited_out() {
    let manager = Standin::with(FIRST).await;
    let world = manager.of(&World::new().await);
    manager.wire.fail(EVERYTHING, 3, Fault::Refused("ThrottlingException"));
    assert!(put(&world, FIRST).await.status.is_success());
    assert!(manager.wire.recover());
}

/// Whoever put it there learns it from the log, and nobody signs with it meanwhile.
#[tokio::test(start_paused = true)]
async fn a_root_secret_that_is_short_or_has_a_line_break_does_not_count() {
    for unusable in ["", "short", &format!("{FIRST}\n"), &"\u{e9}".repeat(64)] {
        let manager = Standin::with(unusable).await;
        let world = manager.of(&World::new().await);
        let logs = Logs::record();
        assert_eq!(
            put(&world, unusable).await.refusal(),
            refusal(503, "key_unavailable", ""),
            "{unusable:?}"
        );
        let cause = logs.line()["cause"].as_str().unwrap().to_owned();
        assert!(cause.contains("no text of at least 32 visible ASCII characters"), "{cause}");
        manager.rotate(SECOND);
        assert!(put(&world, SECOND).await.status.is_success());
        if !unusable.is_empty() {
            assert_refused(&world, unusable).await;
        }
    }
}
