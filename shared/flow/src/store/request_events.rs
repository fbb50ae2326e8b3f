//! What becomes of connection requests, as events. Each request has an item in the connections table beside its own in the flows
//! table, since the events leave by the stream of the connections. It says whose the request is, and how it ended.
//!
//! A success is written in the transaction that ends the request, and so is its being cancelled. That its time is over the
//! schedule notices: the entry is written with the request, and counts unless the request has ended before. An attempt that fails
//! ends nothing, and is told beside what notes it.

use std::time::Duration;

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::change::Change;
use super::connections::customer_prefix;
use super::due::Due;
use super::erase::deleted_at;
use super::event::{EVENT, RequestEvent};
use super::item::{Attributes, Item, number, text};
use super::notes::{NOTES, notes_item};
use super::slot::ERASED_AT;
use super::transact::change_in_transaction;
use super::transient::PATIENCE;
use super::write::{failed_condition, is_taken};
use super::{Store, unavailable};
use crate::connection::Notes;
use crate::context::connection_request::{FOUND_AFTER, RequestOf, event_subject};
use protocol::clock::Timestamp;
use protocol::error::Result;
use protocol::id::{ConnectionRequestKey, CustomerId, WorkspaceKey};

/// The time from a request's end to its event. A connection that was made in time may still be on its way.
const GRACE: Duration = Duration::from_mins(1);

/// The attribute that says how the request ended, by the name of its event.
const ENDED: &str = "ended";

impl Store {
    /// Notes in the schedule when a new request's time is over.
    pub(super) async fn schedule_request(&self, request: RequestOf<'_>, expires_at: Timestamp) -> Result<()> {
        let entry = Due::of_request(request, expires_at + GRACE);
        self.schedule_due(&entry, self.clock.now() + PATIENCE).await
    }

    /// Notes whose a new request is, which is in the schedule, and what it notes.
    pub(super) async fn note_request(
        &self,
        request: RequestOf<'_>,
        notes: &Notes,
        expires_at: Timestamp,
    ) -> Result<()> {
        let RequestOf { key, workspace, customer, integration } = request;
        let [tags, meta] = notes_item(notes)?;
        let put = self
            .client()
            .put_item()
            .table_name(&self.tables.connections)
            .item(tags.0, tags.1)
            .item(meta.0, meta.1)
            .item("pk", text(event_subject(key)))
            .item("workspace", text(workspace))
            .item("customer", text(customer))
            .item("integration", text(integration))
            .item("ownerPk", text(partition(workspace)))
            .item("ownerSk", text(format!("{}{}", customer_prefix(customer), key.as_str())))
            .item("expiresAt", number(expires_at.0))
            .item("ttl", number((expires_at + FOUND_AFTER).seconds()))
            .condition_expression("attribute_not_exists(pk)");
        match self.sent(|| put.clone().send()).await {
            // The same write was already made, but its answer was lost: the key is fresh randomness.
            Err(error) if !is_taken(&error) => Err(unavailable("PutItem request's event", &error)),
            _ => Ok(()),
        }
    }

    /// Sends the event of a request that ends, in the transaction that ends it; unless an event was sent before, or its customer
    /// was erased.
    pub(super) fn tell_request_in_transaction(
        &self,
        request: RequestOf<'_>,
        event: RequestEvent,
        now: Timestamp,
    ) -> Result<TransactWriteItem> {
        let RequestOf { key, workspace, customer, integration } = request;
        // A request that was made by an earlier version has no item yet.
        let change = Change::default()
            .set("workspace", text(workspace))
            .set("customer", text(customer))
            .set("integration", text(integration))
            .set("ownerPk", text(partition(workspace)))
            .set("ownerSk", text(format!("{}{}", customer_prefix(customer), key.as_str())))
            .set("ttl", number((now + FOUND_AFTER).seconds()))
            .set(ENDED, text(event.name()))
            .tells(event.at(now))
            .only_if_none(ENDED)
            .only_if_none(ERASED_AT);
        change_in_transaction(&self.tables.connections, &event_subject(key), &change)
    }

    /// Sends the event that an attempt has failed, unless the request has ended, or a later failure is told.
    pub(super) async fn tell_failed(&self, key: &ConnectionRequestKey, at: Timestamp) -> Result<()> {
        let change = Change::default()
            .set("failedAt", number(at.0))
            .tells(RequestEvent::Failed.at(at))
            .only_if_some("customer")
            .only_if_none(ENDED)
            .only_if_none_or_less("failedAt", at.0);
        self.write_request(at + PATIENCE, &event_subject(key), &change).await.map(drop)
    }

    /// Sends the event that a request's time is over, unless it has ended before. Returns true if it was sent.
    pub async fn tell_expired(&self, key: &ConnectionRequestKey) -> Result<bool> {
        let now = self.clock.now();
        let change = Change::default()
            .set(ENDED, text(RequestEvent::Expired.name()))
            .tells(RequestEvent::Expired.at(now))
            .only_if_some("customer")
            .only_if_none(ENDED)
            .only_if_none_or_less("expiresAt", now.0);
        self.write_request(now + PATIENCE, &event_subject(key), &change).await
    }

    /// Forgets whose requests a customer's are, until a moment: nothing is said of them any more. Returns false if some may be
    /// left.
    pub async fn forget_requests(
        &self,
        workspace: &WorkspaceKey,
        customer: &CustomerId,
        until: Timestamp,
    ) -> Result<bool> {
        let mut after = None;
        loop {
            let query =
                self.listed(&partition(workspace), Some(customer)).set_exclusive_start_key(after.take());
            let found = self.query(&query, "Query requests").await?;
            for item in found.items.iter().flatten() {
                self.forget_request(item.text("pk")?).await?;
            }
            after = found.last_evaluated_key;
            if after.is_none() {
                return Ok(true);
            }
            if self.clock.now() >= until {
                return Ok(false);
            }
        }
    }

    async fn forget_request(&self, pk: &str) -> Result<()> {
        let now = self.clock.now();
        let change = ["workspace", "customer", "integration", "ownerPk", "ownerSk", EVENT]
            .into_iter()
            .chain(NOTES)
            .fold(Change::default(), Change::remove)
            .set(ERASED_AT, number(now.0))
            .set("ttl", deleted_at(now))
            .only_if_some("customer");
        self.write_request(now + PATIENCE, pk, &change).await.map(drop)
    }

    /// Writes a request's item, until a moment. Returns false if its condition failed.
    async fn write_request(&self, until: Timestamp, pk: &str, change: &Change) -> Result<bool> {
        match self.write_item(until, pk, change).await {
            Ok(_) => Ok(true),
            Err(error) if failed_condition(&error).is_some() => Ok(false),
            Err(error) => Err(unavailable("UpdateItem request's event", &error)),
        }
    }
}

/// True if nothing is told of a request any more, by its item: its customer was erased.
pub(super) fn is_forgotten(item: &Attributes) -> bool {
    item.contains_key(ERASED_AT)
}

/// The index's partition of requests.
fn partition(workspace: &WorkspaceKey) -> String {
    format!("{workspace}#requests")
}
