//! Repeats a transaction until it is written, decided otherwise, or out of time.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{
    CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use super::change::Change;
use super::item::{Found, text};
use super::transient::{PAUSE, is_transient, note_throttled};
use super::{Store, unavailable};
use protocol::backoff::Backoff;
use protocol::clock::Timestamp;
use protocol::error::{Error, ErrorKey, Result};
use protocol::record::Wait;

/// The limits of a series of attempts.
pub(super) struct Attempts<'a> {
    /// A random id. It lets DynamoDB recognize a repetition of the same writes.
    pub(super) token: &'a str,
    /// The time to give up.
    pub(super) deadline: Timestamp,
}

/// The end of a series of attempts.
pub(super) enum Transacted<S, T> {
    /// The transaction was written, under these assumptions.
    Written(S),
    /// It was not written, because the matter was already decided.
    Decided(T),
}

/// The next step after failed conditions.
pub(super) enum Next<S, T> {
    /// Another attempt under other assumptions.
    With(S),
    /// None: the matter is already decided.
    Decided(T),
    Fail(Error),
}

/// The writes whose conditions failed, with the reasons.
pub(super) struct FailedConditions<'a, R>(Vec<(&'a R, &'a CancellationReason)>);

impl<R: PartialEq> FailedConditions<'_, R> {
    pub(super) fn has(&self, role: &R) -> bool {
        self.0.iter().any(|(failed, _)| *failed == role)
    }

    /// Returns the item that failed this write's condition, if it failed.
    pub(super) fn found(&self, role: &R) -> Option<Found<'_>> {
        self.0.iter().find(|(failed, _)| *failed == role).map(|(_, reason)| Found(reason.item()))
    }
}

impl Store {
    /// Writes everything or nothing, until the deadline. Each write has a role; `decide` gets the roles whose
    /// conditions failed.
    pub(super) async fn transact<R, S, T>(
        &self,
        attempts: &Attempts<'_>,
        mut assumed: S,
        writes: impl Fn(&S) -> Result<Vec<(R, TransactWriteItem)>>,
        decide: impl Fn(&S, &FailedConditions<'_, R>) -> Next<S, T>,
    ) -> Result<Transacted<S, T>> {
        let mut generation = 0_u32;
        let mut backoff = Backoff::new(&*self.clock, &*self.random, PAUSE, attempts.deadline);
        loop {
            let (roles, writes): (Vec<R>, Vec<TransactWriteItem>) = writes(&assumed)?.into_iter().unzip();
            // A repetition needs the same token and the same bytes. Changed writes need another token.
            let transaction = self
                .client()
                .transact_write_items()
                .client_request_token(format!("{}-{generation}", attempts.token))
                .set_transact_items(Some(writes));
            // An attempt must not outlive the function.
            let left = attempts.deadline.since(self.clock.now());
            let sent = tokio::time::timeout(left, transaction.send());
            let error = match Wait::DynamoDb.spent(&*self.clock, sent).await {
                Ok(Ok(_)) => return Ok(Transacted::Written(assumed)),
                Ok(Err(error)) => error,
                Err(_) => return Err(gave_up()),
            };
            note_throttled(error.code());
            if !is_transient(&error) && !is_canceled(&error) {
                return Err(unavailable("TransactWriteItems", &error));
            }
            let failed = failed_conditions(&roles, &error)?;
            if !failed.0.is_empty() {
                match decide(&assumed, &failed) {
                    Next::With(found) => {
                        assumed = found;
                        generation += 1;
                    }
                    Next::Decided(decided) => return Ok(Transacted::Decided(decided)),
                    Next::Fail(error) => return Err(error),
                }
            }
            backoff.wait().await.ok_or_else(gave_up)?;
        }
    }
}

/// Makes a change of an item a part of a transaction.
pub(super) fn change_in_transaction(table: &str, id: &str, change: &Change) -> Result<TransactWriteItem> {
    transact_write_item(
        Update::builder()
            .table_name(table)
            .key("pk", text(id))
            .update_expression(change.update_expression())
            .condition_expression(change.condition_expression())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(Some(change.values())),
    )
}

pub(super) fn transact_write_item(builder: UpdateBuilder) -> Result<TransactWriteItem> {
    let update = builder
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .map_err(Error::internal)?;
    Ok(TransactWriteItem::builder().update(update).build())
}

pub(super) fn gave_up() -> Error {
    Error::new(ErrorKey::LockTimeout, "The database was too busy. Please try again.")
}

/// True for an answer that gives a reason for each write. Some of them pass: `failed_conditions` reads them.
fn is_canceled<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    error.as_service_error().is_some_and(TransactWriteItemsError::is_transaction_canceled_exception)
}

/// Returns the failed conditions. There are none if another transaction was at the same items.
fn failed_conditions<'a, Role, R>(
    roles: &'a [Role],
    error: &'a SdkError<TransactWriteItemsError, R>,
) -> Result<FailedConditions<'a, Role>> {
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
            canceled.cancellation_reasons()
        }
        _ => &[],
    };
    for reason in reasons {
        note_throttled(reason.code());
    }
    let failed: Vec<_> = roles
        .iter()
        .zip(reasons)
        .filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"))
        .collect();
    let invalid = reasons
        .iter()
        .find(|reason| matches!(reason.code(), Some("ValidationError" | "ItemCollectionSizeLimitExceeded")));
    match invalid {
        Some(reason) if failed.is_empty() => {
            Err(Error::internal(reason.message().unwrap_or("a write was refused")))
        }
        _ => Ok(FailedConditions(failed)),
    }
}
