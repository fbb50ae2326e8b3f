//! One write of one connection's item.

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

/// What became of a write.
#[derive(Debug)]
pub enum Written {
    /// It was written.
    Done,
    /// The connection is no longer as it was: so it is now, if it is there at all.
    Changed(Option<Box<Connection>>),
}

/// How long a transaction that is at the item is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

impl Store {
    /// Writes the change, and returns the item as it was before. A transaction that is at the item is waited for: the SDK
    /// does not repeat what it was in the way of.
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

/// What was found where the condition did not hold; nothing if the write failed otherwise.
pub(super) fn failed_condition<R>(error: &SdkError<UpdateItemError, R>) -> Option<Found<'_>> {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Some(Found(failed.item())),
        _ => None,
    }
}

/// Whether the same write may be taken later: not what is wrong about it.
pub(super) fn may_be_taken_later<R>(error: &SdkError<UpdateItemError, R>) -> bool {
    !matches!(
        error.code(),
        Some("ValidationException" | "AccessDeniedException" | "ResourceNotFoundException")
    )
}

pub(super) fn changed(found: Found<'_>) -> Result<Written> {
    Ok(Written::Changed(found.item().map(read_connection).transpose()?.map(Box::new)))
}
