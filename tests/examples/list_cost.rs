//! What one page of `GET /connections` costs, by the number of connections in the workspace: the same.
//!
//! `cargo run --release -p tests --example list_cost`
//!
//! The pages are read by the production code from the embedded DynamoDB, which reports consumed capacity by DynamoDB's
//! own rules: half a unit for each 4 KB that an eventually consistent Query looks at.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program that is run by hand")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Config;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, ReturnConsumedCapacity, WriteRequest};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use flow::connection::{Connection, ConnectionRecord, Health, Notes};
use flow::store::{ListConnections, Others, SaveConnection, Store, Tables};
use linkspan_local::database::Database;
use protocol::clock::{SystemClock, Timestamp};
use protocol::id::{ConnectionId, CustomerId, IntegrationId, WorkspaceKey};
use protocol::random::SystemRandom;

const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];
const WORKSPACE: &str = "acme";
const NOW: i64 = 1_767_225_600_000;
/// How many connections a customer has.
const EACH: usize = 5;

#[tokio::main]
async fn main() {
    let database = Database::start(0, None).await.unwrap();
    tests::stream::switch_off(&database).await;
    let meter = Meter::default();
    let config = database.client.config().to_builder().interceptor(meter.clone()).build();
    let store = store(&config, &database.tables);
    let mut seeder = Seeder::new(&database, &store).await;
    let (workspace, nobody) = (WorkspaceKey::new(WORKSPACE), CustomerId::new(""));
    println!("Capacity units of one page of GET /connections (and how many items it holds)");
    println!(
        "{:>12} {:>16} {:>16} {:>18} {:>20}",
        "connections", "limit=100", "limit=1000", "one customer's", "search, no hit"
    );
    for size in SIZES {
        seeder.fill(size).await;
        let mut cells = Vec::new();
        for (limit, customer, search) in [
            (100, None, None),
            (1000, None, None),
            (100, Some(customer(7)), None),
            (100, None, Some("no connection has this name")),
        ] {
            let first = ListConnections::of(&workspace, &nobody);
            let list = ListConnections { limit, customer: customer.as_ref(), search, ..first };
            let page = store.list_connections(&list).await.unwrap();
            cells.push(format!("{} ({})", meter.take(), page.connections.len()));
        }
        println!("{size:>12} {:>16} {:>16} {:>18} {:>20}", cells[0], cells[1], cells[2], cells[3]);
    }
}

fn store(config: &Config, tables: &Tables) -> Store {
    Store::new(config, tables.clone(), Arc::new(SystemClock), Arc::new(SystemRandom))
}

fn customer(number: usize) -> CustomerId {
    CustomerId::new(format!("customer-{number:06}"))
}

/// Writes connections as the service does: each is the first one with another key.
struct Seeder<'a> {
    database: &'a Database,
    first: HashMap<String, AttributeValue>,
    written: usize,
}

impl<'a> Seeder<'a> {
    async fn new(database: &'a Database, store: &Store) -> Self {
        let connection = Connection {
            id: ConnectionId::new(id(0)),
            workspace: WorkspaceKey::new(WORKSPACE),
            customer: customer(0),
            integration: IntegrationId::new("fdd9e593761aae79750bee50fc233279"),
            key: None,
            record: ConnectionRecord {
                name: "Example CRM".to_owned(),
                auth_option_key: "oauth".to_owned(),
                borrowed: None,
                account: None,
                notes: Notes::default(),
                scopes: None,
                created_at: Timestamp(NOW),
                updated_at: Timestamp(NOW),
            },
            health: Health { next_refresh_at: Some(Timestamp(NOW)), ..Health::default() },
            sealed: vec![7; 1500],
            version: 1,
            last_active_at: Timestamp(NOW),
            turn: 1,
            interrupted: false,
            archived_at: None,
            forget_at: None,
        };
        let deadline = Timestamp(i64::MAX);
        let token = "seed".to_owned();
        let save = SaveConnection {
            key: None,
            connection: &connection,
            others: Others::Kept,
            flow: None,
            connection_request: None,
            begun: Timestamp(NOW),
            archived_credentials_days: 30,
            token,
            deadline,
        };
        store.save_connection(&save).await.unwrap();
        let get = database.client.get_item().table_name(&database.tables.connections);
        let read = get.key("pk", AttributeValue::S(connection.id.to_string())).send().await.unwrap();
        Self { database, first: read.item.unwrap(), written: 1 }
    }

    async fn fill(&mut self, size: usize) {
        while self.written < size {
            let end = size.min(self.written + 25);
            let writes = (self.written..end).map(|number| self.write(number)).collect();
            let table = self.database.tables.connections.clone();
            let batch = self.database.client.batch_write_item().request_items(table, writes);
            let answer = batch.send().await.unwrap();
            assert!(answer.unprocessed_items.unwrap_or_default().is_empty());
            self.written = end;
        }
    }

    fn write(&self, number: usize) -> WriteRequest {
        let (id, customer) = (id(number), customer(number / EACH));
        let sort_key = format!("{customer}#{NOW:014}#{id}");
        let mut item = self.first.clone();
        for (name, value) in [("pk", id), ("customer", customer.to_string()), ("ownerSk", sort_key)] {
            item.insert(name.to_owned(), AttributeValue::S(value));
        }
        let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
        WriteRequest::builder().put_request(put).build()
    }
}

fn id(number: usize) -> String {
    format!("{number:024x}")
}

/// Asks with each Query what it costs.
#[derive(Debug, Clone, Default)]
struct Meter(Arc<Mutex<f64>>);

impl Meter {
    /// The units since the last time that this was asked.
    fn take(&self) -> f64 {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[dyn_dispatch_hint]
impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(query) = context.input_mut().downcast_mut::<QueryInput>() {
            query.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
        } else if let Some(read) = context.input_mut().downcast_mut::<BatchGetItemInput>() {
            read.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(output) = context.output_or_error() else { return Ok(()) };
        let query = output.downcast_ref::<QueryOutput>().and_then(QueryOutput::consumed_capacity);
        let records = output.downcast_ref::<BatchGetItemOutput>().map(BatchGetItemOutput::consumed_capacity);
        for capacity in query.into_iter().chain(records.into_iter().flatten()) {
            *self.0.lock().unwrap() += capacity.capacity_units().unwrap_or_default();
        }
        Ok(())
    }
}
