//! Flows that wait for the application to confirm its user. They stay in the flows table, under the flow's id.

use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::attempts::{as_attempt, read_reference};
use super::flows::{failed_condition, read_claim, read_outcome};

use super::item::{Attributes, Item, bytes, number, text};
use super::{Store, unavailable};
use crate::context::attempt::Attempt;
use crate::context::flow_id::{FlowId, REMEMBERED_SECONDS, is_remembered};
use crate::context::outcome::Outcome;
use crate::context::unconfirmed::{CONFIRMATION_LIFETIME, ConfirmationId};
use protocol::clock::Timestamp;
use protocol::error::{Error, Result};
use protocol::record::Reference;

/// A flow that waits for the application, or did.
pub struct UnconfirmedItem {
    /// The hash of the secret in the confirmation's id.
    pub binding: Vec<u8>,
    /// What waits, sealed under that secret. It is gone once the flow has ended.
    pub sealed: Option<Vec<u8>>,
    /// The hash of the customer for whom it was claimed.
    pub confirmed_for: Option<Vec<u8>>,
    /// The reference under which the flow was begun.
    pub reference: Option<Reference>,
    /// The claimant and the time of the claim.
    pub claim: Option<(String, Timestamp)>,
    /// The end of the time for the customer's choice, if the flow waits for that.
    pub choice_until: Option<Timestamp>,
    /// The outcome, if the flow has ended.
    pub outcome: Option<Outcome>,
}

/// The result of trying to claim what waits for a confirmation.
pub enum Completion {
    /// The request is this caller's to end.
    Won,
    /// Another caller ends it, or has ended it.
    Taken,
    /// Its time is over.
    Expired,
}

impl Store {
    /// Stores a flow that begins by waiting for the application.
    pub async fn begin_unconfirmed(
        &self,
        id: &ConfirmationId,
        sealed: Vec<u8>,
        attempt: &Attempt,
        now: Timestamp,
    ) -> Result<()> {
        let until = now + CONFIRMATION_LIFETIME;
        let put = self.client().put_item().table_name(&self.tables.flows);
        let put = as_attempt(put, attempt)
            .item("pk", text(id.flow().as_str()))
            .item("confirmation", bytes(id.binding()))
            .item("unconfirmed", bytes(sealed))
            .item("confirmUntil", number(until.0))
            .item("ttl", number(forgotten_at(until)));
        let attempt = put.get_item().clone().unwrap_or_default();
        self.begin(put).await?;
        self.leave_trace(&attempt).await;
        Ok(())
    }

    /// Lets the claimed flow of `claimant` wait for the application.
    pub async fn await_confirmation(
        &self,
        id: &ConfirmationId,
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
            .expression_attribute_values(":ttl", number(forgotten_at(until)))
            .update_expression(
                "SET confirmation = :binding, unconfirmed = :sealed, confirmUntil = :until, #ttl = :ttl",
            )
            // A second try, after an answer that was lost, writes the same.
            .condition_expression("#owner = :owner AND attribute_not_exists(outcome)")
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":owner", text(claimant));
        match self.sent(|| update.clone().send()).await {
            Ok(written) => {
                self.leave_trace(&written.attributes.unwrap_or_default()).await;
                Ok(())
            }
            Err(error) => match failed_condition(&error) {
                // The application was quick: it has claimed what an attempt wrote whose answer was lost.
                Some(found) if found.opt_bytes("confirmation") == Some(&id.binding()[..]) => Ok(()),
                Some(_) => Err(Error::internal("a flow changed its owner")),
                None => Err(unavailable("UpdateItem flow", &error)),
            },
        }
    }

    /// Reads a flow that waits for the application, or did, strongly consistent. One that is long over is as good as none,
    /// although its item is there.
    pub async fn read_unconfirmed(&self, id: &FlowId) -> Result<Option<UnconfirmedItem>> {
        let found =
            self.read_item_of_flows(id.as_str()).await?.filter(|item| item.contains_key("confirmation"));
        let now = self.clock.now();
        let is_known = |item: &Attributes| {
            let ends = [item.opt_number("confirmUntil"), item.opt_number("expiresAt")];
            ends.into_iter().flatten().any(|end| is_remembered(Timestamp(end), now))
        };
        found.filter(is_known).map(|item| UnconfirmedItem::read(&item)).transpose()
    }

    /// Claims what waits for a confirmation for `claimant` in one conditional write: before it expires, and once. `confirmed_for`
    /// is the hash of the customer who will be told the outcome.
    pub async fn claim_unconfirmed(
        &self,
        id: &ConfirmationId,
        claimant: &str,
        confirmed_for: [u8; 32],
        now: Timestamp,
    ) -> Result<Completion> {
        let update = self
            .client()
            .update_item()
            .table_name(&self.tables.flows)
            .key("pk", text(id.flow().as_str()))
            .update_expression("SET #owner = :owner, claimedAt = :now, confirmedFor = :for")
            .condition_expression(
                "confirmation = :binding AND confirmUntil > :now AND attribute_not_exists(confirmedFor) \
                 AND attribute_not_exists(outcome)",
            )
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(claimant))
            .expression_attribute_values(":now", number(now.0))
            .expression_attribute_values(":for", bytes(confirmed_for))
            .expression_attribute_values(":binding", bytes(id.binding()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = self.sent(|| update.clone().send()).await else { return Ok(Completion::Won) };
        let Some(old) = failed_condition(&error) else {
            return Err(unavailable("UpdateItem flow", &error));
        };
        Ok(match (old.contains_key("confirmedFor"), read_claim(old)) {
            // The SDK repeated a request whose answer was lost. We had already won.
            (true, Some((winner, _))) if winner == claimant => Completion::Won,
            (true, _) => Completion::Taken,
            (false, _) if read_outcome(old).is_some() => Completion::Taken,
            (false, _) => Completion::Expired,
        })
    }

    /// Forgets what waited for a confirmation whose time is over.
    pub async fn forget_unconfirmed(&self, id: &ConfirmationId, now: Timestamp) -> Result<()> {
        let update = self
            .client()
            .update_item()
            .table_name(&self.tables.flows)
            .key("pk", text(id.flow().as_str()))
            .update_expression("REMOVE unconfirmed")
            .condition_expression(
                "confirmation = :binding AND confirmUntil <= :now AND attribute_not_exists(confirmedFor)",
            )
            .expression_attribute_values(":now", number(now.0))
            .expression_attribute_values(":binding", bytes(id.binding()));
        match self.sent(|| update.clone().send()).await {
            Err(error) if failed_condition(&error).is_none() => Err(unavailable("UpdateItem flow", &error)),
            _ => Ok(()),
        }
    }
}

impl UnconfirmedItem {
    fn read(item: &Attributes) -> Result<Self> {
        let confirmed_for = item.opt_bytes("confirmedFor").map(<[u8]>::to_vec);
        Ok(Self {
            binding: item.bytes("confirmation")?.to_vec(),
            sealed: item.opt_bytes("unconfirmed").map(<[u8]>::to_vec),
            reference: read_reference(item),
            claim: read_claim(item).filter(|_| confirmed_for.is_some()),
            confirmed_for,
            choice_until: if item.contains_key("choice") {
                Some(Timestamp(item.number("expiresAt")?))
            } else {
                None
            },
            outcome: read_outcome(item),
        })
    }
}

/// What waits is deleted by its TTL soon after its time: tokens can be in it. Until then its result can be asked for again.
fn forgotten_at(until: Timestamp) -> i64 {
    until.seconds() + i64::from(REMEMBERED_SECONDS)
}
