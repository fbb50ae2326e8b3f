//! Flows that wait for the application to confirm its user. They stay in the flows table, under the flow's id.

use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;

use super::flows::{TTL_MARGIN_SECONDS, failed_condition, read_claim, read_outcome};
use super::item::{Attributes, Item, bytes, number, text};
use super::{Store, unavailable};
use crate::context::flow_id::FlowId;
use crate::context::outcome::Outcome;
use crate::context::unconfirmed::{CONFIRMATION_LIFETIME, ConnectionRequestId};
use protocol::clock::Timestamp;
use protocol::error::{Error, ErrorKey, Result};

/// A flow that waits for the application.
pub struct UnconfirmedItem {
    /// The hash of the secret in the connection request's id.
    pub binding: Vec<u8>,
    /// What waits, sealed under that secret.
    pub sealed: Vec<u8>,
    /// The claimant and the time of the claim.
    pub claim: Option<(String, Timestamp)>,
    /// The outcome, if the flow has ended.
    pub outcome: Option<Outcome>,
}

/// The result of trying to complete a connection request.
pub enum Completion {
    /// The request is this caller's to complete.
    Won,
    /// Another caller completes it, or has completed it.
    Taken,
}

impl Store {
    /// Stores a flow that begins by waiting for the application.
    pub async fn begin_unconfirmed(
        &self,
        id: &ConnectionRequestId,
        sealed: Vec<u8>,
        now: Timestamp,
    ) -> Result<()> {
        let until = now + CONFIRMATION_LIFETIME;
        let put = self
            .client()
            .put_item()
            .table_name(&self.tables.flows)
            .item("pk", text(id.flow().as_str()))
            .item("confirmation", bytes(id.binding()))
            .item("unconfirmed", bytes(sealed))
            .item("confirmUntil", number(until.0))
            .item("ttl", number(until.seconds() + TTL_MARGIN_SECONDS));
        put.send().await.map(drop).map_err(|error| unavailable("PutItem flow", &error))
    }

    /// Lets the claimed flow of `claimant` wait for the application.
    pub async fn await_confirmation(
        &self,
        id: &ConnectionRequestId,
        sealed: Vec<u8>,
        claimant: &str,
        now: Timestamp,
    ) -> Result<()> {
        let until = now + CONFIRMATION_LIFETIME;
        let update = self
            .client()
            .update_item()
            .table_name(&self.tables.flows)
            .key("pk", text(id.flow().as_str()))
            .expression_attribute_values(":binding", bytes(id.binding()))
            .expression_attribute_values(":sealed", bytes(sealed))
            .expression_attribute_values(":until", number(until.0))
            .update_expression("SET confirmation = :binding, unconfirmed = :sealed, confirmUntil = :until")
            // A second try, after an answer that was lost, writes the same.
            .condition_expression("#owner = :owner AND attribute_not_exists(outcome)")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(claimant));
        update.send().await.map(drop).map_err(|error| match failed_condition(&error) {
            Some(_) => Error::internal("a flow changed its owner"),
            None => unavailable("UpdateItem flow", &error),
        })
    }

    /// Reads a flow that waits for the application, or did, strongly consistent.
    pub async fn read_unconfirmed(&self, id: &FlowId) -> Result<Option<UnconfirmedItem>> {
        let get = self
            .client()
            .get_item()
            .table_name(&self.tables.flows)
            .key("pk", text(id.as_str()))
            .consistent_read(true);
        let found = get.send().await.map_err(|error| unavailable("GetItem flow", &error))?;
        found
            .item
            .filter(|item| item.contains_key("unconfirmed"))
            .map(|item| UnconfirmedItem::read(&item))
            .transpose()
    }

    /// Takes a connection request for `claimant` in one conditional write: before it expires, and once.
    pub async fn claim_unconfirmed(
        &self,
        id: &ConnectionRequestId,
        claimant: &str,
        now: Timestamp,
    ) -> Result<Completion> {
        let update = self
            .client()
            .update_item()
            .table_name(&self.tables.flows)
            .key("pk", text(id.flow().as_str()))
            .update_expression("SET #owner = :owner, claimedAt = :now, confirmedAt = :now")
            .condition_expression(
                "confirmation = :binding AND confirmUntil > :now AND attribute_not_exists(confirmedAt)",
            )
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(claimant))
            .expression_attribute_values(":now", number(now.0))
            .expression_attribute_values(":binding", bytes(id.binding()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = update.send().await else { return Ok(Completion::Won) };
        let Some(old) = failed_condition(&error) else {
            return Err(unavailable("UpdateItem flow", &error));
        };
        match (old.opt_number("confirmedAt"), read_claim(old)) {
            // The SDK repeated a request whose answer was lost. We had already won.
            (Some(_), Some((winner, _))) if winner == claimant => Ok(Completion::Won),
            (Some(_), _) => Ok(Completion::Taken),
            (None, _) => Err(too_late()),
        }
    }
}

impl UnconfirmedItem {
    fn read(item: &Attributes) -> Result<Self> {
        Ok(Self {
            binding: item.bytes("confirmation")?.to_vec(),
            sealed: item.bytes("unconfirmed")?.to_vec(),
            claim: read_claim(item).filter(|_| item.opt_number("confirmedAt").is_some()),
            outcome: read_outcome(item),
        })
    }
}

fn too_late() -> Error {
    let message = "This connection was not completed within five minutes. Please start again.";
    Error::new(ErrorKey::StateExpired, message)
}
