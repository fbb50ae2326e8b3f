//! Requests to DynamoDB that are made again: which failures pass, and how long they are waited out. One list for every
//! operation.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::Store;
use protocol::backoff::Backoff;
use protocol::clock::Timestamp;
use protocol::record::{Measure, Wait};

/// The shortest and the longest pause between two attempts.
pub(super) const PAUSE: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(20)..=Duration::from_millis(640);

/// The time that a request has, if its caller sets no deadline.
pub(super) const PATIENCE: Duration = Duration::from_secs(8);

/// The errors of DynamoDB's model, and of all AWS services, that pass by themselves. The model gives each operation only
/// some of them, but the service answers any operation with any.
const TRANSIENT: [&str; 11] = [
    "InternalFailure",
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
    "UnavailableException",
];

/// Those of them that say that there are too many requests, as errors and as reasons of a transaction that was cancelled.
const THROTTLED: [&str; 5] = [
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingError",
    "ThrottlingException",
];

/// Counts a refusal for the line of the present work, if it says that there are too many requests.
pub(super) fn note_throttled(code: Option<&str>) {
    if code.is_some_and(|code| THROTTLED.contains(&code)) {
        Measure::DynamoDbThrottled.add(1);
    }
}

/// True if the same request may succeed later. Without an answer it may have been carried out, so every write is safe to
/// repeat.
pub(super) fn is_transient<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::ServiceError(service) => {
            let is_fault = matches!(service.raw().status().as_u16(), 429 | 500..);
            is_fault || service.err().code().is_some_and(|code| TRANSIENT.contains(&code))
        }
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        _ => false,
    }
}

impl Store {
    /// Sends a request until it is answered otherwise than by a transient error, for eight seconds.
    pub(super) async fn sent<T, E, F>(&self, send: impl Fn() -> F) -> Result<T, SdkError<E>>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
        E: ProvideErrorMetadata,
    {
        self.sent_until(self.clock.now() + PATIENCE, send).await
    }

    /// Sends a request until it is answered otherwise than by a transient error, or the time is over.
    pub(super) async fn sent_until<T, E, F>(
        &self,
        until: Timestamp,
        send: impl Fn() -> F,
    ) -> Result<T, SdkError<E>>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
        E: ProvideErrorMetadata,
    {
        let mut backoff = Backoff::new(&*self.clock, &*self.random, PAUSE, until);
        Wait::DynamoDb
            .spent(&*self.clock, async {
                loop {
                    let left = until.since(self.clock.now());
                    // The SDK's futures have kilobytes, and would be in each that waits for one.
                    let error = match tokio::time::timeout(left, Box::pin(send())).await {
                        Ok(Ok(answer)) => return Ok(answer),
                        Ok(Err(error)) => error,
                        Err(elapsed) => return Err(SdkError::timeout_error(elapsed)),
                    };
                    note_throttled(error.code());
                    if !is_transient(&error) || backoff.wait().await.is_none() {
                        return Err(error);
                    }
                }
            })
            .await
    }
}
