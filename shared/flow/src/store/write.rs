//! Writes one connection's item.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::Store;
use super::change::Change;
use super::connections::read_connection;
use super::item::{Attributes, Found, text};
use super::transact::PAUSE;
use crate::connection::Connection;
use protocol::backoff::Backoff;
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

/// The time limit for waiting for a transaction on the same item.
const PATIENCE: Duration = Duration::from_secs(3);

impl Store {
    /// Writes the change, and returns the old item. If a transaction is at the item, this waits for it, because the SDK
    /// does not retry after such a conflict.
    pub(super) async fn write(
        &self,
        id: &ConnectionId,
        change: &Change,
    ) -> Result<Attributes, SdkError<UpdateItemError>> {
        let until = self.clock.now() + PATIENCE;
        let mut backoff = Backoff::new(&*self.clock, &*self.random, PAUSE, until);
        loop {
            let update = self
                .client()
                .update_item()
                .table_name(&self.tables.connections)
                .key("pk", text(id))
                .update_expression(change.update_expression())
                .condition_expression(change.condition_expression())
                .set_expression_attribute_names(Some(change.names()))
                .set_expression_attribute_values(Some(change.values()))
                .return_values(ReturnValue::AllOld)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            match update.send().await {
                Ok(updated) => return Ok(updated.attributes.unwrap_or_default()),
                Err(error)
                    if error.code() == Some("TransactionConflictException")
                        && backoff.wait().await.is_some() => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Returns the item whose condition failed. Returns nothing if the write failed for another reason.
pub(super) fn failed_condition<R>(error: &SdkError<UpdateItemError, R>) -> Option<Found<'_>> {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Some(Found(failed.item())),
        _ => None,
    }
}

/// True if the same write may succeed later. It cannot if the write itself is wrong.
pub(super) fn may_be_taken_later<R>(error: &SdkError<UpdateItemError, R>) -> bool {
    !matches!(
        error.code(),
        Some("ValidationException" | "AccessDeniedException" | "ResourceNotFoundException")
    )
}

pub(super) fn changed(found: Found<'_>) -> Result<Written> {
    Ok(Written::Changed(found.item().map(read_connection).transpose()?.map(Box::new)))
}
