//! What is left of a connection that was erased, and of a customer, so that nothing that is under way brings them back.
//!
//! A connection leaves an item that says so, without anything of the connection but whose it was: its event needs that. A
//! customer leaves marks in their slots, one for each integration: a flow that was begun before finds the mark in its
//! own transaction, at no cost. A customer of whom nothing is held any more leaves one more mark, whose event says so; the
//! next write takes out of it whose it is. All are deleted when everything that was under way is long over.

use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::change::Change;
use super::event::{CUSTOMER_ERASED, ConnectionEvent, EVENT, named};
use super::item::{Attributes, Found, Item, number, text};
use super::notes::{NOTES, no_notes};
use super::slot::{ERASED_AT, Slot, hashed, slot_key};
use super::transient::PATIENCE;
use super::write::{Written, changed, failed_condition};
use super::{Store, unavailable};
use crate::connection::Connection;
use protocol::clock::Timestamp;
use protocol::error::Result;
use protocol::id::{ConnectionId, CustomerId, IntegrationId, WorkspaceKey};

/// The time until what is left is deleted. No flow lasts as long, and no write arrives as late.
const REMEMBERED: Duration = Duration::from_hours(8 * 24);

impl Store {
    /// Puts what is left in the place of an archived connection, unless it has changed since it was read.
    pub async fn erase_connection(&self, archived: &Connection) -> Result<Written> {
        let now = self.clock.now();
        let [tags, meta] = no_notes();
        let put = self
            .client()
            .put_item()
            .table_name(&self.tables.connections)
            .item(tags.0, tags.1)
            .item(meta.0, meta.1)
            .item("pk", text(&archived.id))
            .item("workspace", text(&archived.workspace))
            .item("customer", text(&archived.customer))
            .item("integration", text(&archived.integration))
            .item(ERASED_AT, number(now.0))
            .item("ttl", deleted_at(now))
            .item(EVENT, ConnectionEvent::Erased.at(now))
            .condition_expression("#turn = :turn AND attribute_exists(archivedAt)")
            .expression_attribute_names("#turn", "turn")
            .expression_attribute_values(":turn", number(archived.turn))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = self.sent(|| put.clone().send()).await else { return Ok(Written::Done) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => match failed.item() {
                // The same write was already made, but its answer was lost; or another one has erased it.
                Some(left) if left.contains_key(ERASED_AT) => Ok(Written::Done),
                found => changed(Found(found)),
            },
            _ => Err(unavailable("PutItem erased", &error)),
        }
    }

    /// Marks a customer's slot: no connection that was begun before `at` comes into it any more. Returns those that are
    /// in it.
    pub async fn mark_erased(
        &self,
        workspace: &WorkspaceKey,
        customer: &CustomerId,
        integration: &IntegrationId,
        at: Timestamp,
    ) -> Result<Vec<ConnectionId>> {
        let key = slot_key(workspace, customer, integration);
        let mark = Change::default().set(ERASED_AT, number(at.0));
        // A slot that is only a mark is deleted some time, unless a connection comes into it.
        let new = mark.set("ttl", deleted_at(at)).only_if_none("pk");
        if self.write_mark(&key, &new).await?.is_ok() {
            return Ok(Vec::new());
        }
        let later = Change::default().set(ERASED_AT, number(at.0)).only_if_none_or_less(ERASED_AT, at.0);
        let (Ok(found) | Err(found)) = self.write_mark(&key, &later).await?;
        Ok(Slot::read(&found).live)
    }

    /// Sends the event that nothing is held of a customer any more. Of whoever that is, a hash is left.
    pub async fn tell_erased(&self, workspace: &WorkspaceKey, customer: &CustomerId) -> Result<()> {
        let now = self.clock.now();
        let key = customer_key(workspace, customer);
        let told = Change::default()
            .set("workspace", text(workspace))
            .set("customer", text(customer))
            // The event names an integration, as all do: here every one.
            .set("integration", text("*"))
            .tells(named(CUSTOMER_ERASED, now))
            .set(ERASED_AT, number(now.0))
            .set("ttl", deleted_at(now))
            .only_if_none_or_less(ERASED_AT, now.0);
        // If there is such a mark already, from this write or a later erasure, its event has left.
        let told_at = match self.write_mark(&key, &told).await? {
            Ok(_) => now.0,
            Err(found) => found.number(ERASED_AT)?,
        };
        let forgotten = ["workspace", "customer", "integration", EVENT]
            .into_iter()
            .chain(NOTES)
            .fold(Change::default(), Change::remove)
            .only_if(ERASED_AT, number(told_at));
        self.write_mark(&key, &forgotten).await.map(drop)
    }

    /// Writes a slot, or a customer's mark. Returns it as it was before, or as it is if the condition failed.
    async fn write_mark(&self, key: &str, change: &Change) -> Result<Result<Attributes, Attributes>> {
        match self.write_item(self.clock.now() + PATIENCE, key, change).await {
            Ok(before) => Ok(Ok(before)),
            Err(error) => match failed_condition(&error) {
                Some(found) => Ok(Err(found.item().cloned().unwrap_or_default())),
                None => Err(unavailable("UpdateItem mark", &error)),
            },
        }
    }
}

/// Returns the key of a customer's mark in the connections table.
fn customer_key(workspace: &WorkspaceKey, customer: &CustomerId) -> String {
    format!("customer#{}", hashed(&[workspace.as_str(), customer.as_str()]))
}

pub(super) fn deleted_at(now: Timestamp) -> AttributeValue {
    number((now + REMEMBERED).0 / 1000)
}
