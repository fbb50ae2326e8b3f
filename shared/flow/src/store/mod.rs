//! The four tables. Every access is by key or by index; nothing scans.

mod archive;
mod attempt_list;
mod attempt_state;
mod attempts;
mod batch;
mod change;
mod checkpoint;
mod choice;
mod client_actions;
mod connection_requests;
mod connections;
mod credentials;
mod definitions;
mod deliveries;
mod due;
mod endpoint_state;
mod erase;
mod event;
mod flows;
mod item;
mod keys;
mod lease;
mod limits;
mod list;
mod notes;
mod owner;
mod profile;
mod request_events;
mod save;
mod slot;
mod transact;
mod transient;
mod unconfirmed;
mod update;
mod webhooks;
mod workspaces;
mod write;

use std::sync::{Arc, OnceLock};

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::{Client, Config};

pub use archive::Siblings;
pub use attempt_list::{AttemptPage, AttemptStatus, ListAttempts};
pub use choice::ChoiceClaim;
pub use connection_requests::{ConnectionRequestItem, NewConnectionRequest};
pub use definitions::StoredDefinition;
pub use deliveries::{Delivery, DeliveryPage, DeliveryStatus};
pub use due::{Due, Group, due_hour, due_partitions, hour_begins};
pub use endpoint_state::EndpointState;
pub use event::{CUSTOMER_ERASED, ConnectionEvent, RequestEvent};
pub use flows::{Claim, FlowItem, NewFlow};
pub(crate) use flows::{browser_mismatch, forgotten, state_expired, state_unknown};
pub use keys::KeyFound;
pub(crate) use keys::key_taken;
pub use lease::{Lease, Leasing};
pub use limits::Taken;
pub use list::{ConnectionPage, IntegrationUse, ListConnections};
pub use profile::{Profile, ProfileChange};
pub use save::{FlowClaim, Others, Reconnection, SaveConnection, Saved};
pub use unconfirmed::{Completion, UnconfirmedItem};
pub use update::{ConnectionUpdate, NewSecrets};
pub use workspaces::WorkspacePage;
pub use write::Written;

use crate::aws::{Rehearsal, described};
use protocol::clock::Clock;
use protocol::error::{Error, ErrorKey, Result};
use protocol::random::Random;

/// The tables' names.
#[derive(Debug, Clone)]
pub struct Tables {
    /// The table of flows, which live for minutes and are attempts for a month.
    pub flows: String,
    /// The table of connections.
    pub connections: String,
    /// The table of workspaces and integrations.
    pub integrations: String,
    /// The table of refreshes: which are due when, and who is at one.
    pub schedule: String,
}

/// Reads and writes the tables.
pub struct Store {
    config: Config,
    client: OnceLock<Client>,
    tables: Tables,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Store {
    /// Opens the tables in the database that `config` reaches. The client is built at its first use, because that takes
    /// a sixth of a cold start and not every request needs it. It makes each request once: `transient.rs` decides what
    /// is made again, by our clock and until our deadlines.
    #[must_use]
    pub fn new(config: &Config, tables: Tables, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let config = config.to_builder().retry_config(RetryConfig::disabled()).build();
        Self { config, client: OnceLock::new(), tables, clock, random }
    }

    /// Builds the client and opens a connection, as [`Rehearsal`] does. Whether that succeeds, the first request tells.
    pub async fn rehearse(&self) {
        let Some(http) = self.config.http_client() else { return };
        let instead =
            Config::builder().http_client(Rehearsal::over(http)).retry_config(RetryConfig::disabled());
        let read = self
            .client()
            .get_item()
            .table_name(&self.tables.flows)
            .key("pk", AttributeValue::S(String::new()));
        // The answer is not DynamoDB's to a read.
        _ = read.customize().config_override(instead).send().await;
    }

    /// Reads one page of a query.
    async fn query(&self, query: &QueryFluentBuilder, operation: &'static str) -> Result<QueryOutput> {
        self.sent(|| query.clone().send()).await.map_err(|error| unavailable(operation, &error))
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::from_conf(self.config.clone()))
    }
}

/// Turns an SDK error into ours. Its cause has the service's code and message, which quote no item.
fn unavailable<E, R>(operation: &'static str, error: &SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata,
{
    Error::new(ErrorKey::StorageUnavailable, "The database did not answer. Please try again.")
        .detail(format_args!("DynamoDB failed: {}", described(operation, error)))
}
