//! What a function does before its first event: clients are built, and connections are open.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use flow::aws::AwsHttp;
use flow::deps::{Deps, Seams, Settings};
use flow::seal::{EncryptionContext, KmsKey};
use flow::store::Tables;
use protocol::clock::SystemClock;
use protocol::id::WorkspaceKey;
use protocol::kept_keys::NoKeptKeys;
use protocol::provider::client::ProviderClient;
use protocol::random::SystemRandom;
use protocol::redirect_uri::Loopback;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// What a server got: each connection's requests, their heads.
type Seen = Arc<Mutex<Vec<Vec<String>>>>;

/// A server that answers `GET /` as AWS does, and anything else with an empty object.
async fn server() -> (String, Seen) {
    let seen = Seen::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let of_all = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let number = {
                let mut seen = of_all.lock().unwrap();
                seen.push(Vec::new());
                seen.len() - 1
            };
            tokio::spawn(answer(stream, number, Arc::clone(&of_all)));
        }
    });
    (endpoint, seen)
}

async fn answer(mut stream: TcpStream, number: usize, seen: Seen) {
    let mut received = Vec::new();
    while let Ok(1..) = stream.read_buf(&mut received).await {
        let text = String::from_utf8_lossy(&received).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        if body.len() < length.parse().unwrap() {
            continue;
        }
        let answer = if head.starts_with("get / ") { "healthy" } else { "{}" };
        let length = answer.len();
        seen.lock().unwrap()[number].push(head.to_owned());
        received.clear();
        stream
            .write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{answer}").as_bytes())
            .await
            .unwrap();
    }
}

/// A server that takes connections and says nothing.
async fn hanging() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
        }
    });
    endpoint
}

/// An address at which nobody listens.
async fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A function's dependencies, with DynamoDB and KMS at these addresses and one HTTP client.
fn function(dynamodb: &str, kms: &str) -> Arc<Deps> {
    let http = AwsHttp::new();
    let credentials = Credentials::new("id", "secret", None, None, "tests");
    let dynamo = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .endpoint_url(dynamodb)
        .credentials_provider(credentials.clone())
        .http_client(http.clone())
        .retry_config(RetryConfig::disabled())
        .build();
    let kms = aws_sdk_kms::Config::builder()
        .behavior_version(aws_sdk_kms::config::BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .endpoint_url(kms)
        .credentials_provider(credentials)
        .http_client(http)
        .build();
    let table = |name: &str| name.to_owned();
    let seams = Seams {
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        provider: Arc::new(ProviderClient::new(Loopback::Refused)),
        keys: Arc::new(NoKeptKeys),
        wrapping: Arc::new(KmsKey::new("alias/linkspan", &kms)),
        root_secret: None,
        dynamo,
        tables: Tables {
            flows: table("flows"),
            connections: table("connections"),
            integrations: table("integrations"),
            schedule: table("schedule"),
        },
    };
    Deps::new(seams, Settings::default())
}

/// The first lines of what each connection carried.
fn lines(seen: &Seen) -> Vec<Vec<String>> {
    let seen = seen.lock().unwrap();
    seen.iter()
        .map(|heads| heads.iter().map(|head| head.lines().next().unwrap().to_owned()).collect())
        .collect()
}

#[tokio::test]
async fn the_first_request_goes_over_a_connection_that_was_open_before() {
    let ((dynamodb, asked), (kms, keys)) = (server().await, server().await);
    let deps = function(&dynamodb, &kms);
    deps.ready().await;
    assert_eq!((lines(&asked), lines(&keys)), (vec![vec!["get / http/1.1".to_owned()]], lines(&asked)));

    let workspace = WorkspaceKey::new("acme");
    deps.store.read_workspace(&workspace).await.unwrap();
    // There is no key in the answer.
    let context = EncryptionContext { table: "connections", workspace };
    assert!(deps.sealer.prepare(context).await.is_err());
    let both = vec![vec!["get / http/1.1".to_owned(), "post / http/1.1".to_owned()]];
    assert_eq!((lines(&asked), lines(&keys)), (both.clone(), both));
}

/// AWS is asked only whether it is there: nothing to pay for, nothing to sign, nothing of ours.
#[tokio::test]
async fn what_opens_a_connection_says_nothing() {
    let ((dynamodb, asked), (kms, keys)) = (server().await, server().await);
    function(&dynamodb, &kms).ready().await;
    for head in asked.lock().unwrap().iter().chain(keys.lock().unwrap().iter()).flatten() {
        let headers: Vec<&str> = head.lines().skip(1).map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(headers, ["host"], "{head}");
    }
}

#[tokio::test]
async fn a_service_that_hangs_does_not_keep_events_waiting() {
    let (dynamodb, asked) = server().await;
    for (database, key) in [(dynamodb.clone(), hanging().await), (hanging().await, dynamodb)] {
        let function = function(&database, &key);
        assert!(timeout(Duration::from_millis(500), function.ready()).await.is_ok());
    }
    // The other service's connection is open all the same.
    assert_eq!(lines(&asked).len(), 2);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_asked_again_by_the_first_request() {
    let (dynamodb, asked) = server().await;
    let deps = function(&dynamodb, &closed().await);
    deps.ready().await;
    deps.store.read_workspace(&WorkspaceKey::new("acme")).await.unwrap();
    assert_eq!(lines(&asked).len(), 1);

    let deps = function(&closed().await, &dynamodb);
    deps.ready().await;
    assert!(deps.store.read_workspace(&WorkspaceKey::new("acme")).await.is_err());
}
