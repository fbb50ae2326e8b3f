//! The connection, the replacement of the old ones, and the flow's outcome: one transaction.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use super::change::Change;
use super::connections::connection_item;
use super::event::{ConnectionEvent, EVENT};
use super::flows::read_outcome;
use super::item::{number, text, texts};
use super::slot::{Slot, slot_key};
use super::{Store, unavailable};
use crate::browser::FlowId;
use crate::clock::Timestamp;
use crate::connection::{Connection, connection_not_found};
use crate::error::{Error, ErrorKey, Result};
use crate::outcome::Outcome;
use crate::random::draw;

/// What a success writes.
pub struct SaveConnection<'a> {
    /// The connection, sealed.
    pub connection: &'a Connection,
    /// What happens to the customer's other connections.
    pub others: Others,
    /// The flow that ends with it, if there is one.
    pub flow: Option<FlowClaim<'a>>,
    /// A random id that makes repetitions of this save one.
    pub token: String,
    /// When to give up.
    pub deadline: Timestamp,
}

/// What came of a save.
#[derive(Debug)]
pub struct Saved {
    /// How the flow ended: another outcome than this connection means that it had ended before, and nothing was written.
    pub outcome: Outcome,
    /// The connections that were archived.
    pub replaced: Vec<String>,
}

/// A flow, and who claimed it.
#[derive(Debug, Clone, Copy)]
pub struct FlowClaim<'a> {
    /// The flow.
    pub flow: &'a FlowId,
    /// Who claimed it.
    pub owner: &'a str,
}

/// What happens to the live connections of the same customer and integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// They are archived: the new connection replaces them.
    Replaced,
    /// They stay beside the new one.
    Kept,
    /// Nothing is new: this connection is updated, if it is still this customer's and live.
    Untouched,
}

/// A transaction holds 100 writes; three are the connection, its slot and the flow.
const MAX_REPLACED: usize = 97;

/// How long to wait between two attempts, at the least and at the most.
const PAUSE: std::ops::RangeInclusive<Duration> = Duration::from_millis(20)..=Duration::from_millis(640);

/// What a write of the transaction is for; when it fails, the reason stands at the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Role {
    Connection,
    Flow,
    Slot,
    Replaced(String),
}

/// What to do about a failed transaction.
enum Next {
    /// The same again, after a pause: somebody else was at the same items.
    Again,
    /// Another transaction: the slot was not as assumed.
    With(Slot),
    /// The flow has ended, with this.
    Ended(Outcome),
    Fail(Error),
}

impl Store {
    /// Writes everything or nothing, until the deadline.
    pub async fn save_connection(&self, save: &SaveConnection<'_>) -> Result<Saved> {
        let mut slot = Slot::default();
        let mut generation = 0_u32;
        let mut pause = *PAUSE.start();
        loop {
            let (roles, writes): (Vec<Role>, Vec<TransactWriteItem>) =
                self.writes(save, &slot)?.into_iter().unzip();
            // A repeated transaction needs the same token and the same bytes; a changed one needs another token.
            let transaction = self
                .client
                .transact_write_items()
                .client_request_token(format!("{}-{generation}", save.token))
                .set_transact_items(Some(writes));
            // The SDK's own repetitions take their time: one attempt must not outlive the function either.
            let left = save.deadline.since(self.clock.now());
            let next = match tokio::time::timeout(left, transaction.send()).await {
                Ok(Ok(_)) => {
                    let left = save.deadline.since(self.clock.now());
                    let _ = tokio::time::timeout(left, self.archive_surplus(save, &slot)).await;
                    return Ok(Saved { outcome: save.outcome(), replaced: slot.live });
                }
                Ok(Err(error)) => next(save, &slot, &roles, &error),
                Err(_) => return Err(gave_up()),
            };
            match next {
                Next::Ended(outcome) => {
                    // A repetition of our own write looks the same as somebody else's: then the old ones are not known.
                    return Ok(Saved { outcome, replaced: Vec::new() });
                }
                Next::Fail(error) => return Err(error),
                Next::With(found) => {
                    slot = found;
                    generation += 1;
                }
                Next::Again => {}
            }
            let [jitter] = draw::<1>(&*self.random);
            let wait = pause.mul_f64(0.5 + f64::from(jitter) / 512.0);
            if self.clock.now() + wait >= save.deadline {
                return Err(gave_up());
            }
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(*PAUSE.end());
        }
    }

    fn writes(&self, save: &SaveConnection<'_>, slot: &Slot) -> Result<Vec<(Role, TransactWriteItem)>> {
        let mut writes = vec![(Role::Connection, self.write_connection(save)?)];
        if let Some(flow) = save.flow {
            writes.push((Role::Flow, self.write_outcome(flow, &save.outcome())?));
        }
        match save.others {
            Others::Untouched => {}
            Others::Kept => writes.push((Role::Slot, self.write_slot(save, None)?)),
            Others::Replaced => {
                writes.push((Role::Slot, self.write_slot(save, Some(slot))?));
                for id in slot.live.iter().take(MAX_REPLACED) {
                    writes.push((Role::Replaced(id.clone()), self.write_archived(save.connection, id)?));
                }
            }
        }
        Ok(writes)
    }

    fn write_connection(&self, save: &SaveConnection<'_>) -> Result<TransactWriteItem> {
        let connection = save.connection;
        let now = connection.record.updated_at;
        if save.others != Others::Untouched {
            let mut item = connection_item(connection)?;
            item.insert(EVENT.to_owned(), ConnectionEvent::Created.at(now));
            let put = Put::builder()
                .table_name(&self.tables.connections)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(pk)");
            return Ok(TransactWriteItem::builder().put(put.build().map_err(Error::internal)?).build());
        }
        // Whatever wrote the credentials meanwhile had older ones; it sees by the version that it lost.
        let change = Change::default()
            .record(connection)?
            .credentials(connection)?
            .set("lastActiveAt", number(connection.last_active_at.0))
            .event(Some(ConnectionEvent::Reconnected), now)
            .only_if("workspace", text(&connection.workspace))
            .only_if("customer", text(&connection.customer))
            .only_if("integration", text(&connection.integration))
            .only_if_none("archivedAt");
        self.change_in_transaction(&connection.id, &change)
    }

    /// A change of a connection, as part of a transaction.
    pub(super) fn change_in_transaction(&self, id: &str, change: &Change) -> Result<TransactWriteItem> {
        update(
            Update::builder()
                .table_name(&self.tables.connections)
                .key("pk", text(id))
                .update_expression(change.update_expression())
                .condition_expression(change.condition_expression())
                .set_expression_attribute_names(Some(change.names()))
                .set_expression_attribute_values(Some(change.values())),
        )
    }

    fn write_outcome(&self, claim: FlowClaim<'_>, outcome: &Outcome) -> Result<TransactWriteItem> {
        update(
            Update::builder()
                .table_name(&self.tables.flows)
                .key("pk", text(claim.flow.as_str()))
                .update_expression("SET outcome = :outcome")
                .condition_expression("#owner = :owner AND attribute_not_exists(outcome)")
                .expression_attribute_names("#owner", "owner")
                .expression_attribute_values(":owner", text(claim.owner))
                .expression_attribute_values(":outcome", text(outcome.to_json().to_string())),
        )
    }

    /// Puts the connection into its slot: beside the others (`None`), or in the place of those that are known.
    fn write_slot(&self, save: &SaveConnection<'_>, known: Option<&Slot>) -> Result<TransactWriteItem> {
        let Connection { id, workspace, customer, integration, .. } = save.connection;
        let slot = Update::builder()
            .table_name(&self.tables.connections)
            .key("pk", text(slot_key(workspace, customer, integration)))
            .expression_attribute_values(":one", number(1));
        let alone = texts(vec![id.clone()]);
        update(match known {
            None => slot
                .update_expression("ADD live :new, version :one")
                .expression_attribute_values(":new", alone),
            Some(Slot { version: None, .. }) => slot
                .update_expression("SET live = :new ADD version :one")
                .condition_expression("attribute_not_exists(live)")
                .expression_attribute_values(":new", alone),
            Some(Slot { live, version: Some(version) }) => {
                let kept = live.iter().skip(MAX_REPLACED).cloned().chain([id.clone()]).collect();
                slot.update_expression("SET live = :new ADD version :one")
                    .condition_expression("version = :version")
                    .expression_attribute_values(":version", number(*version))
                    .expression_attribute_values(":new", texts(kept))
            }
        })
    }

    fn write_archived(&self, replacement: &Connection, id: &str) -> Result<TransactWriteItem> {
        let change = Change::default().archived(&replacement.workspace, replacement.record.updated_at);
        self.change_in_transaction(id, &change.only_if_some("pk"))
    }

    /// Archives what did not fit into the transaction. The slot still lists what is left when this fails, and the next
    /// replacement takes it along; the new connection stands either way.
    async fn archive_surplus(&self, save: &SaveConnection<'_>, slot: &Slot) {
        if save.others != Others::Replaced {
            return;
        }
        let Connection { workspace, customer, integration, .. } = save.connection;
        let surplus: Vec<String> = slot.live.iter().skip(MAX_REPLACED).cloned().collect();
        for chunk in surplus.chunks(MAX_REPLACED) {
            let removal = update(
                Update::builder()
                    .table_name(&self.tables.connections)
                    .key("pk", text(slot_key(workspace, customer, integration)))
                    .update_expression("DELETE live :gone ADD version :one")
                    .expression_attribute_values(":gone", texts(chunk.to_vec()))
                    .expression_attribute_values(":one", number(1)),
            );
            let archived = chunk.iter().map(|id| self.write_archived(save.connection, id));
            let Ok(writes) = std::iter::once(removal).chain(archived).collect::<Result<Vec<_>>>() else {
                return;
            };
            let transaction = self.client.transact_write_items().set_transact_items(Some(writes));
            if let Err(error) = transaction.send().await {
                let _: Error = unavailable("TransactWriteItems surplus", &error);
                return;
            }
        }
    }
}

fn gave_up() -> Error {
    Error::new(ErrorKey::LockTimeout, "The database was too busy. Please try again.")
}

impl SaveConnection<'_> {
    fn outcome(&self) -> Outcome {
        Outcome::Connected { connection_id: self.connection.id.clone() }
    }
}

/// On a failed condition DynamoDB returns the item as it is: that is how the slot is learned without reading it.
fn update(builder: aws_sdk_dynamodb::types::builders::UpdateBuilder) -> Result<TransactWriteItem> {
    let update = builder
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .map_err(Error::internal)?;
    Ok(TransactWriteItem::builder().update(update).build())
}

fn next<R>(
    save: &SaveConnection<'_>,
    slot: &Slot,
    roles: &[Role],
    error: &SdkError<TransactWriteItemsError, R>,
) -> Next {
    match error {
        SdkError::ServiceError(service) => match service.err() {
            TransactWriteItemsError::TransactionCanceledException(canceled) => {
                after_cancellation(save, slot, roles, canceled.cancellation_reasons())
            }
            TransactWriteItemsError::TransactionInProgressException(_)
            | TransactWriteItemsError::ProvisionedThroughputExceededException(_)
            | TransactWriteItemsError::RequestLimitExceeded(_)
            | TransactWriteItemsError::InternalServerError(_) => Next::Again,
            _ => Next::Fail(unavailable("TransactWriteItems connection", error)),
        },
        // No answer: it may have been written. The same token makes the repetition safe.
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => Next::Again,
        _ => Next::Fail(unavailable("TransactWriteItems connection", error)),
    }
}

fn after_cancellation(
    save: &SaveConnection<'_>,
    slot: &Slot,
    roles: &[Role],
    reasons: &[CancellationReason],
) -> Next {
    let failed: Vec<(&Role, &CancellationReason)> = roles
        .iter()
        .zip(reasons)
        .filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"))
        .collect();
    let reason = |wanted: &Role| failed.iter().find(|(role, _)| *role == wanted).map(|(_, reason)| *reason);
    if let Some(reason) = reason(&Role::Flow) {
        let ended = reason.item().and_then(read_outcome);
        return ended.map_or_else(|| Next::Fail(Error::internal("a flow changed its owner")), Next::Ended);
    }
    if reason(&Role::Connection).is_some() {
        return Next::Fail(match save.others {
            Others::Untouched => connection_not_found(),
            Others::Replaced | Others::Kept => Error::internal("a new connection's id was taken"),
        });
    }
    if let Some(reason) = reason(&Role::Slot) {
        return Next::With(reason.item().map(Slot::read).unwrap_or_default());
    }
    let gone = |id: &String| failed.iter().any(|(role, _)| **role == Role::Replaced(id.clone()));
    if !failed.is_empty() {
        let live = slot.live.iter().filter(|id| !gone(id)).cloned().collect();
        return Next::With(Slot { live, version: slot.version });
    }
    let invalid = reasons
        .iter()
        .find(|reason| matches!(reason.code(), Some("ValidationError" | "ItemCollectionSizeLimitExceeded")));
    match invalid {
        Some(reason) => Next::Fail(Error::internal(reason.message().unwrap_or("a write was refused"))),
        None => Next::Again,
    }
}
