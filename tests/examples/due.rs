//! What the scheduled refresh costs when ten thousand connections are due at once, and whether that depends on how many
//! others there are: `cargo run --release -p tests --example due`.
//!
//! The database is the embedded one, the provider answers after 100 ms, and the time is moved on to where all are due.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement takes the time, prints, and may stop"
)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use flow::aws::AwsHttp;
use flow::connection::ConnectRequest;
use flow::deps::{Deps, Seams, Settings};
use flow::lifecycle::connect::{Issued, connect, connection_key};
use flow::lifecycle::refresh::sweep;
use flow::lifecycle::registration;
use flow::seal::StaticKey;
use linkspan_local::database::Database;
use linkspan_local::service::Functions;
use protocol::clock::Clock;
use protocol::deadline::Deadline;
use protocol::definition::integration_id;
use protocol::id::WorkspaceKey;
use protocol::provider::client::Provider;
use protocol::random::{Random, SystemRandom};
use protocol::redirect_uri::Loopback;
use protocol::secret::{Secret, SecretMap};
use serde_json::json;
use tests::browser::api_request;
use tests::clock::TestClock;
use tests::definitions;
use tests::provider::{FakeProvider, Reply, tokens};
use tests::tokens::{ROOT, ROOT_SECRET, WORKSPACE, admin};
use tower::ServiceExt;
use zeroize::Zeroizing;

const DUE: usize = 10_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("others   due      seconds  requests  requests each  seconds per thousand");
    for others in [0, 90_000] {
        measure(others).await;
    }
}

async fn measure(others: usize) {
    let world = World::start().await;
    world.define().await;
    world.connect_many(DUE).await;
    world.add_others(others).await;
    world.clock.advance(Duration::from_mins(50));
    world.provider.always("/oauth/token", Reply::json(200, &tokens()).after(Duration::from_millis(100)));
    let before = world.requests.load(Ordering::SeqCst);
    let started = Instant::now();
    let mut renewed = 0;
    loop {
        // As long as the function may run.
        let swept = sweep(&world.deps, world.clock.now() + Duration::from_secs(270)).await.unwrap();
        renewed += swept.renewed;
        if !swept.unfinished {
            break;
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let requests = world.requests.load(Ordering::SeqCst) - before;
    assert_eq!(usize::try_from(renewed).unwrap(), DUE);
    println!(
        "{others:<8} {renewed:<8} {seconds:<8.1} {requests:<9} {:<14.3} {:.2}",
        per(requests, DUE),
        seconds * 1000.0 / f64::from(renewed)
    );
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
fn per(requests: usize, each: usize) -> f64 {
    requests as f64 / each as f64
}

/// The SDK's HTTP client, with a count.
#[derive(Debug, Clone)]
struct Counted(AwsHttp, Arc<AtomicUsize>);

impl HttpConnector for Counted {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.call(request)
    }
}

impl HttpClient for Counted {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

struct World {
    deps: Arc<Deps>,
    clock: Arc<TestClock>,
    provider: Arc<FakeProvider>,
    requests: Arc<AtomicUsize>,
    database: Database,
}

impl World {
    async fn start() -> Self {
        let database = Database::start(0, None).await.unwrap();
        tests::stream::switch_off(&database).await;
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Counted(AwsHttp::new(), Arc::clone(&requests));
        let config = database.client.config().to_builder().http_client(counted).build();
        let clock = Arc::new(TestClock::start());
        let provider = Arc::new(FakeProvider::default());
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let deps = Deps::new(
            Seams {
                clock: Arc::clone(&clock) as Arc<dyn Clock>,
                random: Arc::clone(&random),
                provider: Arc::clone(&provider) as Arc<dyn Provider>,
                keys: Arc::new(protocol::kept_keys::NoKeptKeys),
                wrapping: Arc::new(StaticKey::new(Zeroizing::new([7; 32]), random)),
                root_secret: Some(Arc::new(Secret::from(ROOT_SECRET))),
                dynamo: config,
                tables: database.tables.clone(),
            },
            Settings {
                public_url: Some("https://connect.example".to_owned()),
                loopback: Loopback::Refused,
                root_key: Some(WorkspaceKey::new(ROOT)),
                requests_per_minute: None,
                sends_webhooks: false,
            },
        );
        Self { deps, clock, provider, requests, database }
    }

    async fn define(&self) {
        let functions = Functions::new(&self.deps);
        for (path, token, body) in [
            (format!("/workspaces/{WORKSPACE}"), admin(ROOT), definitions::workspace(WORKSPACE)),
            ("/integrations/crm".to_owned(), admin(WORKSPACE), definitions::integration()),
        ] {
            let request = api_request(&http::Method::PUT, &path, &token, Some(&body));
            let Ok(answer) = functions.api.clone().oneshot(request).await;
            assert!(answer.status().is_success(), "{:?}", answer.body());
        }
    }

    /// Connections of as many customers, as the callback makes them.
    async fn connect_many(&self, count: usize) {
        let workspace = WorkspaceKey::new(WORKSPACE);
        let integration =
            self.deps.definitions.integration(&workspace, &integration_id(&workspace, "crm")).await.unwrap();
        let option = &integration.auth_options[0];
        let registration = registration::of_option(&self.deps, &integration, option).await.unwrap();
        for number in 0..count {
            let request: ConnectRequest = serde_json::from_value(json!({
                "workspace": WORKSPACE,
                "customer": format!("customer-{number}"),
                "integration": integration.id,
                "authOptionKey": "oauth",
            }))
            .unwrap();
            let credentials = SecretMap::new(tokens().as_object().unwrap().clone());
            let deadline = Deadline::starting(&*self.clock);
            let key = connection_key(&self.deps, &request).await.unwrap();
            let issued = Issued {
                registration: &registration,
                credentials,
                at: self.clock.now(),
                next_call: None,
                key: &key,
                callback_uri: None,
                flow: None,
            };
            connect(&self.deps, &request, issued, deadline).await.unwrap();
        }
    }

    /// Copies of one of them under other ids, due a week later. Nothing ever opens them.
    async fn add_others(&self, count: usize) {
        let (client, table) = (&self.database.client, &self.database.tables.connections);
        let page = client.query().table_name(table).index_name("owner").limit(1);
        let page = page
            .key_condition_expression("ownerPk = :workspace")
            .expression_attribute_values(":workspace", AttributeValue::S(WORKSPACE.to_owned()));
        let id = page.send().await.unwrap().items.unwrap()[0]["pk"].clone();
        let item = client.get_item().table_name(table).key("pk", id).send().await.unwrap().item.unwrap();
        let later = self.clock.now() + Duration::from_hours(7 * 24);
        let write = |item: HashMap<String, AttributeValue>| {
            let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        };
        let text = AttributeValue::S;
        let writes: Vec<[WriteRequest; 2]> = (0..count)
            .map(|number| {
                let mut item = item.clone();
                let id = format!("{number:024x}");
                item.insert("ownerSk".to_owned(), text(format!("other-{number}#{:014}#{id}", later.0)));
                let entry = HashMap::from([
                    ("pk".to_owned(), text(format!("{}#{}", later.0 / 3_600_000, number % 8))),
                    ("sk".to_owned(), text(format!("{:014}###{id}", later.0))),
                ]);
                item.insert("pk".to_owned(), text(id));
                [write(item), write(entry)]
            })
            .collect();
        for batch in writes.chunks(12) {
            let (items, entries): (Vec<_>, Vec<_>) = batch.iter().cloned().map(<[_; 2]>::into).unzip();
            let batch = client.batch_write_item().request_items(table, items);
            let batch = batch.request_items(&self.database.tables.schedule, entries);
            let written = batch.send().await.unwrap();
            assert!(written.unprocessed_items.unwrap_or_default().is_empty());
        }
    }
}
