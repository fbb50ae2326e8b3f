//! What the endpoints of webhooks have answered lately: one item for each, beside its log. The function that calls them may
//! write there, and not where they are defined.
//!
//! Beside them stands how many deliveries of a workspace have begun to wait in an hour.

use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnValue;

use super::change::Change;
use super::deliveries::{KEPT, deliveries_of};
use super::item::{Item, number, text};
use super::{Store, unavailable};
use protocol::clock::Timestamp;
use protocol::error::Result;
use protocol::id::WorkspaceKey;

/// What an endpoint has answered lately.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EndpointState {
    /// When it has last said that it is gone.
    pub gone_at: Option<Timestamp>,
    /// The time of the first call without an answer since the last one that had one.
    pub silent_since: Option<Timestamp>,
    /// The time before which it is not called, since it is silent.
    pub held_until: Option<Timestamp>,
}

const GONE_AT: &str = "goneAt";
const SILENT_SINCE: &str = "silentSince";
const HELD_UNTIL: &str = "heldUntil";
const ANSWERED_AT: &str = "answeredAt";

/// The sort key of an endpoint's state.
pub(super) const STATE: &str = "state";

/// The attribute with the number of deliveries that have begun to wait.
const WAITING: &str = "waiting";

/// The time that such a number is kept.
const COUNTED: Duration = Duration::from_hours(2);

impl Store {
    /// Reads what an endpoint has answered lately, strongly consistent.
    pub async fn read_endpoint_state(&self, endpoint: &str) -> Result<EndpointState> {
        let found = self.read_of_webhook(&state_of(endpoint), STATE).await?.unwrap_or_default();
        let at = |name| found.opt_number(name).map(Timestamp);
        Ok(EndpointState { gone_at: at(GONE_AT), silent_since: at(SILENT_SINCE), held_until: at(HELD_UNTIL) })
    }

    /// Notes that an endpoint is gone, as it says itself. Of two such answers the later one counts.
    pub async fn mark_gone(&self, endpoint: &str, at: Timestamp) -> Result<()> {
        let change = Change::default().set(GONE_AT, number(at.0)).only_if_none_or_less(GONE_AT, at.0);
        self.write_state(endpoint, &change).await.map(drop)
    }

    /// Notes that an endpoint has begun to be silent, unless it has answered a later call.
    pub async fn mark_silent(&self, endpoint: &str, at: Timestamp) -> Result<()> {
        let change = Change::default()
            .set(SILENT_SINCE, number(at.0))
            .only_if_none(SILENT_SINCE)
            .only_if_none_or_less(ANSWERED_AT, at.0);
        self.write_state(endpoint, &change).await.map(drop)
    }

    /// Lets nobody call an endpoint that is silent since then, until a moment.
    pub async fn hold(&self, endpoint: &str, since: Timestamp, until: Timestamp) -> Result<()> {
        let change = Change::default()
            .set(HELD_UNTIL, number(until.0))
            .only_if(SILENT_SINCE, number(since.0))
            .only_if_none_or_less(HELD_UNTIL, until.0);
        self.write_state(endpoint, &change).await.map(drop)
    }

    /// Takes the one call of an endpoint that was held until then: nobody else calls it before a moment. Returns false if
    /// somebody else has it.
    pub async fn take_call(&self, endpoint: &str, held_until: Timestamp, until: Timestamp) -> Result<bool> {
        let change = Change::default()
            .set(HELD_UNTIL, number(until.0))
            .only_if(HELD_UNTIL, number(held_until.0))
            .only_if_some(SILENT_SINCE);
        self.write_state(endpoint, &change).await
    }

    /// Notes that an endpoint that was silent since then has answered.
    pub async fn mark_answered(&self, endpoint: &str, since: Timestamp, at: Timestamp) -> Result<()> {
        let change = Change::default()
            .set(ANSWERED_AT, number(at.0))
            .remove(SILENT_SINCE)
            .remove(HELD_UNTIL)
            .only_if(SILENT_SINCE, number(since.0));
        self.write_state(endpoint, &change).await.map(drop)
    }

    async fn write_state(&self, endpoint: &str, change: &Change) -> Result<bool> {
        self.write_of_webhook(&state_of(endpoint), STATE, change).await
    }

    /// Counts a delivery that begins to wait, and returns how many of the workspace have in this hour.
    pub async fn count_waiting(&self, workspace: &WorkspaceKey, now: Timestamp) -> Result<i64> {
        let hour = now.seconds() / 3600;
        let change = Change::default().set("ttl", number((now + COUNTED).seconds())).raise(WAITING);
        let update = self
            .client()
            .update_item()
            .table_name(&self.tables.schedule)
            .key("pk", text(format!("{}#{WAITING}", deliveries_of(workspace.as_str()))))
            .key("sk", text(hour.to_string()))
            .update_expression(change.update_expression())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(Some(change.values()))
            .return_values(ReturnValue::UpdatedNew);
        let written = self.sent(|| update.clone().send()).await;
        let written = written.map_err(|error| unavailable("UpdateItem waiting", &error))?;
        written.attributes.unwrap_or_default().number(WAITING)
    }
}

/// The time at which what is left of an endpoint is deleted: it is gone, and what still comes of it comes before.
pub(super) fn state_ends(now: Timestamp) -> i64 {
    (now + KEPT).seconds()
}

pub(super) fn state_of(endpoint: &str) -> String {
    format!("{}#{STATE}", deliveries_of(endpoint))
}
