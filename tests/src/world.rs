//! Everything around the handlers, and the steps that most tests take.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use flow::deps::{Deps, Seams, Settings};
use flow::root_secret::RootSecret;
use flow::seal::{StaticKey, WrappingKey};
use flow::store::StoredDefinition;
use http::Method;
use linkspan_local::database::Database;
use linkspan_local::events::pipe::Pipe;
use linkspan_local::events::stream::Stream;
use linkspan_local::service::Functions;
use protocol::clock::Clock;
use protocol::definition::{Integration, integration_id};
use protocol::id::{ConnectionId, WorkspaceKey};
use protocol::kept_keys::{KeptKeys, NoKeptKeys};
use protocol::provider::client::Provider;
use protocol::random::Random;
use protocol::redirect_uri::Loopback;
use protocol::secret::Secret;
use serde_json::Value;
use std::time::Duration;
use zeroize::Zeroizing;

pub use crate::at_provider::AtProvider;
use crate::browser::api_request;
use crate::clock::TestClock;
use crate::definitions::{self, INTEGRATION};
use crate::dump::{Dump, Item};
use crate::permissions::{GuardedKey, GuardedKeys, Ledger, by_hand};
use crate::provider::FakeProvider;
use crate::random::CountedRandom;
use crate::tokens::{self, WORKSPACE};
use crate::wire::{Wire, in_real_time};
use crate::{Answer, Browser, Start};

/// The production limit of one call to the database.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(8);

/// The wrapping key.
pub const WRAPPING_KEY: [u8; 32] = *b"wrapping key of the tests, fixed";

/// The code that the provider issues.
pub const CODE: &str = "code!+1/a";

/// Everything around the handlers. It needs paused time: `#[tokio::test(start_paused = true)]`.
pub struct World {
    /// The time.
    pub clock: Arc<TestClock>,
    /// The provider.
    pub provider: Arc<FakeProvider>,
    /// The wire to the database.
    pub wire: Wire,
    /// The handlers.
    pub functions: Functions,
    /// The dependencies of the handlers.
    pub deps: Arc<Deps>,
    /// What the functions asked of AWS, under their roles.
    pub ledger: Arc<Ledger>,
    observer: Client,
    pipe: Pipe,
    stream: Mutex<Stream>,
    around: Around,
}

/// The parts that stay when the functions are new.
#[derive(Clone)]
struct Around {
    database: Arc<Database>,
    clock: Arc<TestClock>,
    provider: Arc<FakeProvider>,
    random: Arc<dyn Random>,
    wire: Wire,
    ledger: Arc<Ledger>,
    wrapping: Arc<dyn WrappingKey>,
    keys: Arc<dyn KeptKeys>,
    root_secret: Arc<dyn RootSecret>,
    requests_per_minute: Option<NonZeroU32>,
    sends_webhooks: bool,
}

impl Drop for World {
    fn drop(&mut self) {
        self.ledger.assert_allowed();
    }
}

impl World {
    /// A world with the usual workspace and integration.
    pub async fn new() -> Self {
        Self::with(&definitions::integration()).await
    }

    /// A world with the usual workspace, and another integration under the usual key.
    pub async fn with(integration: &Value) -> Self {
        Self::empty().await.defined(integration).await
    }

    /// A world with empty tables.
    pub async fn empty() -> Self {
        let random: Arc<dyn Random> = Arc::new(CountedRandom::default());
        let wrapping = StaticKey::new(Zeroizing::new(WRAPPING_KEY), Arc::clone(&random));
        Self::on_empty_tables(random, Arc::new(wrapping)).await
    }

    /// A world with empty tables, and another wrapping key.
    pub async fn sealed_by(wrapping: Arc<dyn WrappingKey>) -> Self {
        Self::on_empty_tables(Arc::new(CountedRandom::default()), wrapping).await
    }

    async fn on_empty_tables(random: Arc<dyn Random>, wrapping: Arc<dyn WrappingKey>) -> Self {
        let database = in_real_time(async { Database::start(0, None).await.unwrap() }).await;
        let ledger = Arc::default();
        Self::new_functions(Around {
            database: Arc::new(database),
            clock: Arc::new(TestClock::start()),
            provider: Arc::default(),
            random,
            wire: Wire::new().under_roles(&ledger),
            ledger,
            wrapping,
            keys: Arc::new(NoKeptKeys),
            root_secret: Arc::new(Secret::from(tokens::ROOT_SECRET)),
            requests_per_minute: None,
            sends_webhooks: true,
        })
    }

    /// This world with the usual workspace, and this integration under the usual key.
    pub async fn defined(self, integration: &Value) -> Self {
        self.define_workspace(WORKSPACE, &definitions::workspace(WORKSPACE)).await;
        self.define(INTEGRATION, integration).await;
        let _ = self.wire.take_requests();
        self
    }

    /// The same world with functions that have nothing in memory.
    #[must_use]
    pub fn restarted(&self) -> Self {
        Self::new_functions(self.around.clone())
    }

    /// The same world with another wrapping key, as after a deployment.
    #[must_use]
    pub fn deployed_with(&self, wrapping: Arc<dyn WrappingKey>) -> Self {
        Self::new_functions(Around { wrapping, ..self.around.clone() })
    }

    /// The same world with keys that sign where they are kept, as after a deployment.
    #[must_use]
    pub fn signing_by(&self, keys: Arc<dyn KeptKeys>) -> Self {
        Self::new_functions(Around { keys, ..self.around.clone() })
    }

    /// The same world with the root workspace's secret somewhere else, as after a deployment.
    #[must_use]
    pub fn rooted_in(&self, root_secret: Arc<dyn RootSecret>) -> Self {
        Self::new_functions(Around { root_secret, ..self.around.clone() })
    }

    /// The same world with this limit of a workspace's requests in a minute, as after a deployment.
    #[must_use]
    pub fn limited_to(&self, requests_per_minute: u32) -> Self {
        let requests_per_minute = NonZeroU32::new(requests_per_minute);
        Self::new_functions(Around { requests_per_minute, ..self.around.clone() })
    }

    /// The same world without webhooks, as after a deployment.
    #[must_use]
    pub fn without_webhooks(&self) -> Self {
        Self::new_functions(Around { sends_webhooks: false, ..self.around.clone() })
    }

    fn new_functions(around: Around) -> Self {
        let Around {
            database,
            clock,
            provider,
            random,
            wire,
            ledger,
            wrapping: key,
            keys,
            root_secret,
            requests_per_minute,
            sends_webhooks,
        } = around.clone();
        let wrapping = Arc::new(GuardedKey { key, ledger: Arc::clone(&ledger) });
        let keys = Arc::new(GuardedKeys { keys, ledger: Arc::clone(&ledger) });
        let deps = Deps::new(
            Seams {
                clock: Arc::clone(&clock) as Arc<dyn Clock>,
                random,
                provider: Arc::clone(&provider) as Arc<dyn Provider>,
                keys,
                wrapping,
                root_secret: Some(root_secret),
                dynamo: config(&database, wire.clone()),
                tables: database.tables.clone(),
            },
            Settings {
                public_url: None,
                loopback: Loopback::Refused,
                root_key: Some(WorkspaceKey::new(tokens::ROOT)),
                requests_per_minute,
                sends_webhooks,
            },
        );
        Self {
            functions: Functions::new(&deps),
            observer: Client::from_conf(config(&database, Wire::new())),
            pipe: Pipe::of_the_template().unwrap(),
            stream: Mutex::new(database.connections_stream().unwrap()),
            deps,
            clock,
            provider,
            wire,
            ledger,
            around,
        }
    }

    /// A browser without cookies.
    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser::new(&self.functions)
    }

    /// Everything that the tables hold.
    pub async fn dump(&self) -> Dump {
        Dump::read(&self.observer, &self.around.database.tables).await
    }

    /// Delivers each write that was kept once more, in their order and the other way round: what the tables hold stays.
    pub async fn assert_late_writes_change_nothing(&self) {
        let before = self.dump().await;
        let mut kept = self.wire.take_kept();
        for order in ["in order", "reversed"] {
            for request in &kept {
                self.wire.deliver(request).await;
                let body = String::from_utf8_lossy(request.body().bytes().unwrap());
                assert_eq!(self.dump().await, before, "{order}: {body}");
            }
            kept.reverse();
        }
    }

    /// Writes an item, as anyone with access to the tables could.
    pub async fn write(&self, table: &str, item: &Item) {
        let item = item.clone().into_iter().collect();
        self.observer.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    }

    /// Deletes an item of the flows, as its TTL does.
    pub async fn delete_flow(&self, id: &str) {
        let key = AttributeValue::S(id.to_owned());
        let table = &self.around.database.tables.flows;
        self.observer.delete_item().table_name(table).key("pk", key).send().await.unwrap();
    }

    /// Deletes an item of the connections' table, as anyone with access to the tables could.
    pub async fn delete_connection_item(&self, pk: &str) {
        let key = AttributeValue::S(pk.to_owned());
        let table = &self.around.database.tables.connections;
        self.observer.delete_item().table_name(table).key("pk", key).send().await.unwrap();
    }

    /// The writes to the connections since the last call of this function, as their stream reports them.
    #[must_use]
    pub fn take_records(&self) -> Vec<Value> {
        self.stream.lock().unwrap().read().unwrap()
    }

    /// The events that these records become, by the pipe of the SAM template.
    #[must_use]
    pub fn events_of(&self, records: &[Value]) -> Vec<Value> {
        records.iter().filter_map(|record| self.pipe.event(record).unwrap()).collect()
    }

    /// The events since the last call of this function.
    #[must_use]
    pub fn take_events(&self) -> Vec<Value> {
        self.events_of(&self.take_records())
    }

    /// Sends a REST request. An empty `token` sends none.
    pub async fn api(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> Answer {
        self.browser().send(api_request(&method, path, token, body)).await
    }

    /// `PUT /workspaces/{key}`.
    pub async fn define_workspace(&self, key: &str, definition: &Value) {
        let path = format!("/workspaces/{key}");
        let answer = self.api(Method::PUT, &path, &tokens::admin(tokens::ROOT), Some(definition)).await;
        assert!(answer.status.is_success(), "{}", answer.body);
    }

    /// `PUT /integrations/{key}` of the usual workspace.
    pub async fn define(&self, key: &str, definition: &Value) {
        let path = format!("/integrations/{key}");
        let answer = self.api(Method::PUT, &path, &tokens::admin(WORKSPACE), Some(definition)).await;
        assert!(answer.status.is_success(), "{}", answer.body);
    }

    /// Puts a definition in the place of the usual one, as a version without checks would have.
    pub async fn store_unchecked(&self, definition: &Value) {
        let workspace = &WorkspaceKey::new(WORKSPACE);
        let id = integration_id(workspace, INTEGRATION);
        let before = by_hand(self.deps.store.read_integration(workspace, &id)).await.unwrap();
        let sealed = before.as_ref().and_then(|before| before.sealed.clone());
        let definition = definition.to_string();
        let stored = StoredDefinition { key: INTEGRATION.to_owned(), definition, given: None, sealed };
        let put = self.deps.store.put_integration(workspace, &id, before.as_ref(), stored);
        assert!(by_hand(put).await.unwrap());
        self.forget_definitions();
    }

    /// The integration of most tests, as the functions read it.
    pub async fn integration(&self) -> Arc<Integration> {
        let workspace = WorkspaceKey::new(WORKSPACE);
        let id = integration_id(&workspace, INTEGRATION);
        by_hand(self.deps.definitions.integration(&workspace, &id)).await.unwrap()
    }

    /// Makes the functions read the definitions anew, like a function that has not read them yet.
    pub fn forget_definitions(&self) {
        self.deps.definitions.forget(&WorkspaceKey::new(WORKSPACE));
    }

    /// The connection, as its customer reads it.
    pub async fn connection(&self, id: &str) -> Answer {
        let token = tokens::customer(WORKSPACE, tokens::CUSTOMER);
        self.api(Method::GET, &format!("/connections/{id}"), &token, None).await
    }

    /// True if the connection is not archived.
    pub async fn connection_is_live(&self, id: &str) -> bool {
        let id = ConnectionId::new(id);
        by_hand(self.deps.store.read_connection(&id))
            .await
            .unwrap()
            .is_some_and(|found| found.archived_at.is_none())
    }

    /// The connection with its secrets, as the workspace's manager reads it.
    pub async fn secrets(&self, id: &str) -> Value {
        let answer = self.read_secrets(id).await;
        assert!(answer.status.is_success(), "{}", answer.body);
        answer.json()
    }

    /// The answer to a request for the connection with its secrets, refused or not.
    pub async fn read_secrets(&self, id: &str) -> Answer {
        let path = format!("/connections/{id}?includeSecrets=true");
        self.api(Method::GET, &path, &tokens::admin(WORKSPACE), None).await
    }

    /// Starts a flow; the browser is then at the provider.
    pub async fn begin(&self, browser: &Browser, start: &Start) -> AtProvider {
        let answer = browser.send(start.form()).await;
        AtProvider { address: answer.away() }
    }

    /// The whole flow: start, consent, callback, result.
    pub async fn connect(&self, browser: &Browser, start: &Start) -> Answer {
        let at_provider = self.begin(browser, start).await;
        let callback = browser.get(&at_provider.consent()).await;
        browser.get(callback.location()).await
    }
}

pub(crate) fn config(database: &Database, wire: Wire) -> aws_sdk_dynamodb::Config {
    let timeout = TimeoutConfig::builder().operation_timeout(DATABASE_TIMEOUT).build();
    let config = database.client.config().to_builder().http_client(wire).timeout_config(timeout);
    // Clients of one process share a budget of retries. A partition of its own keeps one test's faults out of
    // another's.
    let own = RetryPartition::custom("a world").token_bucket(TokenBucket::default()).build();
    config.retry_partition(own).build()
}

/// The path of the usual integration's callback.
#[must_use]
pub fn callback_path() -> String {
    format!("/oauth-callback/{}", definitions::integration_id(WORKSPACE, INTEGRATION))
}
