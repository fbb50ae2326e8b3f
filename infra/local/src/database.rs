//! The embedded DynamoDB, and the tables in it.

use std::path::Path;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
};
use dynoxide::Database as Dynoxide;
use flow::aws::AwsHttp;
use flow::store::Tables;
use tokio::net::TcpListener;

use crate::Problem;
use crate::events::stream::Stream;

/// A DynamoDB on a loopback port, with the wire protocol of the real one.
pub struct Database {
    /// The address that it listens at.
    pub endpoint: String,
    /// A client for it.
    pub client: Client,
    /// The tables' names.
    pub tables: Tables,
    dynoxide: Dynoxide,
}

impl Database {
    /// Starts it on `port` (0 takes any free one) with its tables, in memory or in a file of `directory`.
    pub async fn start(port: u16, directory: Option<&Path>) -> Result<Self, Problem> {
        let dynoxide = match directory {
            None => Dynoxide::memory()?,
            Some(directory) => {
                std::fs::create_dir_all(directory)?;
                Dynoxide::new(&directory.join("tables.db").to_string_lossy())?
            }
        };
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        tokio::spawn(dynoxide::server::serve_on(listener, dynoxide.clone()));
        let client = client(&endpoint);
        let tables = Tables {
            flows: "flows".to_owned(),
            connections: "connections".to_owned(),
            integrations: "integrations".to_owned(),
            schedule: "schedule".to_owned(),
        };
        create_tables(&client, &tables).await?;
        Ok(Self { endpoint, client, tables, dynoxide })
    }

    /// The stream of writes to the connections from now on.
    pub fn connections_stream(&self) -> Result<Stream, Problem> {
        Stream::open(self.dynoxide.clone(), &self.tables.connections)
    }
}

/// A client for a DynamoDB on this machine, which takes any credentials.
#[must_use]
pub fn client(endpoint: &str) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(endpoint)
        .region(Region::from_static("local"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .http_client(AwsHttp::new())
        .build();
    Client::from_conf(config)
}

/// The same tables as in the SAM template; a test compares them.
async fn create_tables(client: &Client, tables: &Tables) -> Result<(), Problem> {
    forget_old_flows(client, &tables.flows).await;
    let flows = client
        .create_table()
        .table_name(&tables.flows)
        .attribute_definitions(attribute("workspace")?)
        .attribute_definitions(attribute("attempt")?)
        .global_secondary_indexes(attempts_index()?);
    create(with_keys(flows, "pk", None)?).await?;
    let schedule = client.create_table().table_name(&tables.schedule);
    create(with_keys(schedule, "pk", Some("sk"))?).await?;
    let connections = client
        .create_table()
        .table_name(&tables.connections)
        .attribute_definitions(attribute("ownerPk")?)
        .attribute_definitions(attribute("ownerSk")?)
        .global_secondary_indexes(owner_index()?)
        .stream_specification(
            StreamSpecification::builder()
                .stream_enabled(true)
                .stream_view_type(StreamViewType::NewImage)
                .build()?,
        );
    create(with_keys(connections, "pk", None)?).await?;

    let integrations =
        client.create_table().table_name(&tables.integrations).global_secondary_indexes(workspaces_index()?);
    create(with_keys(integrations, "pk", Some("sk"))?).await?;

    let time_to_live = TimeToLiveSpecification::builder().attribute_name("ttl").enabled(true).build()?;
    for table in [&tables.flows, &tables.schedule, &tables.connections] {
        let update = client.update_time_to_live().table_name(table);
        // A table from an earlier run has this setting already, and refuses it.
        let _ = update.time_to_live_specification(time_to_live.clone()).send().await;
    }
    Ok(())
}

/// Deletes a table of flows from an earlier version, which has no index of attempts. The sign-ins in it are long over.
async fn forget_old_flows(client: &Client, table: &str) {
    let Ok(found) = client.describe_table().table_name(table).send().await else { return };
    if found.table.is_some_and(|table| table.global_secondary_indexes().is_empty()) {
        // If it stays, the table is there already, and nothing but attempts is missed.
        let _ = client.delete_table().table_name(table).send().await;
    }
}

type CreateTable = aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;

fn with_keys(table: CreateTable, hash: &str, range: Option<&str>) -> Result<CreateTable, Problem> {
    let mut table = table
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute(hash)?)
        .key_schema(key(hash, KeyType::Hash)?);
    if let Some(range) = range {
        table = table.attribute_definitions(attribute(range)?).key_schema(key(range, KeyType::Range)?);
    }
    Ok(table)
}

async fn create(table: CreateTable) -> Result<(), Problem> {
    match table.send().await {
        Ok(_) => Ok(()),
        // The table is there from an earlier run.
        Err(error) if error.code() == Some("ResourceInUseException") => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The index of attempts: what they have from their beginning.
fn attempts_index() -> Result<GlobalSecondaryIndex, Problem> {
    let projection = ["connectionId", "customer", "integration", "reference"]
        .into_iter()
        .fold(Projection::builder().projection_type(ProjectionType::Include), |projection, name| {
            projection.non_key_attributes(name)
        });
    let index = GlobalSecondaryIndex::builder()
        .index_name("attempts")
        .key_schema(key("workspace", KeyType::Hash)?)
        .key_schema(key("attempt", KeyType::Range)?)
        .projection(projection.build());
    Ok(index.build()?)
}

/// The index of all workspaces: the keys the other way round.
fn workspaces_index() -> Result<GlobalSecondaryIndex, Problem> {
    let index = GlobalSecondaryIndex::builder()
        .index_name("workspaces")
        .key_schema(key("sk", KeyType::Hash)?)
        .key_schema(key("pk", KeyType::Range)?)
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
    Ok(index.build()?)
}

/// The index for lists. They filter by the integration, and read everything else from the table.
fn owner_index() -> Result<GlobalSecondaryIndex, Problem> {
    let projection =
        Projection::builder().projection_type(ProjectionType::Include).non_key_attributes("integration");
    let index = GlobalSecondaryIndex::builder()
        .index_name("owner")
        .key_schema(key("ownerPk", KeyType::Hash)?)
        .key_schema(key("ownerSk", KeyType::Range)?)
        .projection(projection.build());
    Ok(index.build()?)
}

fn attribute(name: &str) -> Result<AttributeDefinition, Problem> {
    let attribute =
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
    Ok(attribute.build()?)
}

fn key(name: &str, key_type: KeyType) -> Result<KeySchemaElement, Problem> {
    Ok(KeySchemaElement::builder().attribute_name(name).key_type(key_type).build()?)
}
