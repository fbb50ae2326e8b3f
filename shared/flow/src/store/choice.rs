//! Flows that wait for the customer's choice. They stay in the flows table, under the flow's id.

use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::flows::{NewFlow, failed_condition, read_claim};
use super::item::{bytes, number, text};
use super::save::FlowClaim;
use super::{Store, unavailable};
use crate::context::choice::CHOICE_LIFETIME;
use crate::context::flow_id::RESULT_LIFETIME_SECONDS;
use protocol::clock::Timestamp;
use protocol::deadline::Deadline;
use protocol::error::{Error, Result};

/// The result of trying to claim a flow whose customer has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChoiceClaim {
    /// The flow is this caller's to end.
    Won,
    /// Another choice was first, or it is too late.
    Taken,
}

impl Store {
    /// Stores a flow that begins by waiting for a choice. `claimant` is whoever asks.
    pub async fn begin_choice(
        &self,
        flow: NewFlow<'_>,
        sealed: Vec<u8>,
        claimant: &str,
        now: Timestamp,
    ) -> Result<()> {
        let until = now + CHOICE_LIFETIME;
        let put = self
            .put_flow(NewFlow { expires_at: until, ..flow })
            .item("choice", bytes(sealed))
            .item("owner", text(claimant))
            .item("claimedAt", number(now.0))
            .item("ttl", number(forgotten_at(until)));
        let attempt = put.get_item().clone().unwrap_or_default();
        self.begin(put).await?;
        self.leave_trace(&attempt).await;
        Ok(())
    }

    /// Lets a claimed flow wait for a choice. What waited before is spent. It tries until the deadline, since the
    /// provider does not issue the same credentials again.
    pub async fn await_choice(&self, flow: FlowClaim<'_>, sealed: Vec<u8>, deadline: Deadline) -> Result<()> {
        let until = self.clock.now() + CHOICE_LIFETIME;
        let update = self
            .client()
            .update_item()
            .table_name(&self.tables.flows)
            .key("pk", text(flow.flow.as_str()))
            .update_expression("SET choice = :sealed, expiresAt = :until, #ttl = :ttl REMOVE unconfirmed")
            // A second try, after an answer that was lost, writes the same.
            .condition_expression("#owner = :owner AND attribute_not_exists(outcome)")
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":owner", text(flow.claimant))
            .expression_attribute_values(":sealed", bytes(sealed))
            .expression_attribute_values(":until", number(until.0))
            .expression_attribute_values(":ttl", number(forgotten_at(until)));
        match self.sent_until(deadline.save(), || update.clone().send()).await {
            Ok(written) => {
                self.leave_trace(&written.attributes.unwrap_or_default()).await;
                Ok(())
            }
            Err(error) => match failed_condition(&error).map(read_claim) {
                // Only who answers the question takes over its claim: so it was asked, and the answer was lost.
                Some(Some((owner, _))) if owner != flow.claimant => Ok(()),
                Some(_) => Err(Error::internal("a flow changed its owner")),
                None => Err(unavailable("UpdateItem flow", &error)),
            },
        }
    }

    /// Claims a flow whose customer has chosen, in one conditional write: for the browser that began it, before the
    /// choice expires, and once. `asked` is the claim of whoever asked, so an answer to an earlier question claims
    /// nothing.
    pub async fn claim_choice(
        &self,
        asked: FlowClaim<'_>,
        binding: [u8; 32],
        claimant: &str,
        now: Timestamp,
    ) -> Result<ChoiceClaim> {
        let update = self
            .client()
            .update_item()
            .table_name(&self.tables.flows)
            .key("pk", text(asked.flow.as_str()))
            .update_expression("SET #owner = :owner, claimedAt = :now REMOVE choice")
            .condition_expression(
                "binding = :binding AND #owner = :asked AND attribute_exists(choice) AND expiresAt > :now AND \
                 attribute_not_exists(outcome)",
            )
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(claimant))
            .expression_attribute_values(":asked", text(asked.claimant))
            .expression_attribute_values(":now", number(now.0))
            .expression_attribute_values(":binding", bytes(binding))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = self.sent(|| update.clone().send()).await else { return Ok(ChoiceClaim::Won) };
        match failed_condition(&error).map(read_claim) {
            // The SDK repeated a request whose answer was lost. We had already won.
            Some(Some((winner, _))) if winner == claimant => Ok(ChoiceClaim::Won),
            Some(_) => Ok(ChoiceClaim::Taken),
            None => Err(unavailable("UpdateItem flow", &error)),
        }
    }
}

/// What waited is deleted by its TTL soon after its time: tokens are in it.
fn forgotten_at(until: Timestamp) -> i64 {
    until.seconds() + 2 * i64::from(RESULT_LIFETIME_SECONDS)
}
