//! How many requests a workspace has made in a minute, over all functions. The count is an item of the flows table: it
//! matters for a minute.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue;

use super::item::{Item, number, text};
use super::{Store, unavailable};
use protocol::error::Result;
use protocol::id::WorkspaceKey;

/// The time from the minute's beginning to the item's TTL.
const TTL_SECONDS: i64 = 3600;

/// The requests that were taken out of a workspace's minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The requests that the taker may make; at least one.
    pub granted: u32,
    /// The requests that are left for others.
    pub left: u32,
}

impl Store {
    /// Takes up to `wanted` of the `limit` requests that the workspace may make in this minute, in one conditional
    /// write. Returns nothing if none are left. A minute is a number of whole minutes since the Unix epoch.
    ///
    /// An answer that is lost takes them once more. The count then says too much, never too little.
    pub async fn take_requests(
        &self,
        workspace: &WorkspaceKey,
        minute: i64,
        wanted: u32,
        limit: u32,
    ) -> Result<Option<Taken>> {
        let update = self
            .client()
            .update_item()
            .table_name(&self.tables.flows)
            // A flow's id has no `#`.
            .key("pk", text(format!("limit#{workspace}#{minute}")))
            .update_expression("ADD taken :wanted SET #ttl = :ttl")
            .condition_expression("attribute_not_exists(taken) OR taken < :limit")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":wanted", number(wanted.into()))
            .expression_attribute_values(":limit", number(limit.into()))
            .expression_attribute_values(":ttl", number(minute * 60 + TTL_SECONDS))
            .return_values(ReturnValue::UpdatedNew);
        match self.sent(|| update.clone().send()).await {
            Ok(updated) => {
                let taken = updated.attributes.unwrap_or_default().number("taken")?;
                // The last to take may have wanted more than there was.
                let too_many = u32::try_from(taken - i64::from(limit)).unwrap_or_default();
                let left = u32::try_from(i64::from(limit) - taken).unwrap_or_default();
                Ok(Some(Taken { granted: wanted.saturating_sub(too_many), left }))
            }
            Err(error) if none_left(&error) => Ok(None),
            Err(error) => Err(unavailable("UpdateItem limit", &error)),
        }
    }
}

fn none_left<R>(error: &SdkError<UpdateItemError, R>) -> bool {
    error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}
