//! Writes one item of the connections table.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::Store;
use super::change::Change;
use super::connections::if_connection;
use super::item::{Attributes, Found, text};
use super::transient::PATIENCE;
use crate::connection::Connection;
use protocol::clock::Timestamp;
use protocol::error::Result;
use protocol::id::ConnectionId;

/// The result of a write.
#[derive(Debug)]
pub enum Written {
    /// It was written.
    Done,
    /// The connection has changed, so nothing was written. This is the connection now; none if it does not exist.
    Changed(Option<Box<Connection>>),
}

impl Store {
    /// Writes the change, and returns the old item.
    pub(super) async fn write(
        &self,
        id: &ConnectionId,
        change: &Change,
    ) -> Result<Attributes, SdkError<UpdateItemError>> {
        self.write_until(self.clock.now() + PATIENCE, id, change).await
    }

    /// Writes the change until a moment, and returns the old item.
    pub(super) async fn write_until(
        &self,
        until: Timestamp,
        id: &ConnectionId,
        change: &Change,
    ) -> Result<Attributes, SdkError<UpdateItemError>> {
        self.write_item(until, id.as_str(), change).await
    }

    /// The same, of the item with this key: a connection, a slot, or a customer's mark.
    pub(super) async fn write_item(
        &self,
        until: Timestamp,
        pk: &str,
        change: &Change,
    ) -> Result<Attributes, SdkError<UpdateItemError>> {
        let update = self
            .client()
            .update_item()
            .table_name(&self.tables.connections)
            .key("pk", text(pk))
            .update_expression(change.update_expression())
            .condition_expression(change.condition_expression())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(Some(change.values()))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let updated = self.sent_until(until, || update.clone().send()).await?;
        Ok(updated.attributes.unwrap_or_default())
    }
}

/// Returns the item whose condition failed. Returns nothing if the write failed for another reason.
pub(super) fn failed_condition<R>(error: &SdkError<UpdateItemError, R>) -> Option<Found<'_>> {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Some(Found(failed.item())),
        _ => None,
    }
}

/// True if the condition of a `PutItem` failed.
pub(super) fn is_taken<R>(error: &SdkError<PutItemError, R>) -> bool {
    error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception)
}

pub(super) fn changed(found: Found<'_>) -> Result<Written> {
    let found = found.item().map_or(Ok(None), if_connection)?;
    Ok(Written::Changed(found.map(Box::new)))
}
