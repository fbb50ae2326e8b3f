//! How an attempt stands, by its items. What came to its end because nobody went on was not written down: the times tell it.

use super::attempts::{read_place, read_request};
use super::flows::{read_claim, read_outcome, state_expired};
use super::item::{Attributes, Item};
use crate::context::START_PATH;
use crate::context::attempt::{AttemptState, FoundAttempt, cancelled, interrupted, not_completed};
use crate::context::choice::choice_expired;
use crate::context::outcome::Outcome;
use protocol::clock::Timestamp;
use protocol::deadline::CLAIM;
use protocol::error::{Error, Result};
use protocol::id::{ConnectionId, CustomerId, IntegrationId};

/// What is read of an attempt's items.
pub(super) const SHOWN: [&str; 18] = [
    "pk",
    "attempt",
    "customer",
    "integration",
    "option",
    "connectionId",
    "request",
    "requestId",
    "callbackPath",
    "expiresAt",
    "owner",
    "claimedAt",
    "choice",
    "confirmation",
    "confirmUntil",
    "confirmedFor",
    "outcome",
    "endedAt",
];

/// The attempt that has these items. Returns nothing if there are none: they may have gone since the index was read.
pub(super) fn attempt_of(items: &[&Attributes], now: Timestamp) -> Result<Option<FoundAttempt>> {
    let steps = items.iter().map(|item| (Step::of(item, now), *item));
    let Some((step, item)) = steps.max_by_key(|(step, _)| (step.weight, step.at)) else { return Ok(None) };
    let id = item.text("attempt")?.to_owned();
    let unreadable = || Error::internal("an attempt's place cannot be read");
    let (began_at, reference) = read_place(&id).ok_or_else(unreadable)?;
    let known = |name: &str| {
        let others = || items.iter().find_map(|other| other.opt_text(name));
        item.opt_text(name).or_else(others).map(str::to_owned)
    };
    let state = match step.state {
        AttemptState::Failed(error) => AttemptState::Failed(error.under(Some(reference))),
        state => state,
    };
    Ok(Some(FoundAttempt {
        customer: CustomerId::new(item.text("customer")?),
        integration: known("integration").map(IntegrationId::new),
        option: known("option"),
        connection: step.connection.or_else(|| known("connectionId").map(ConnectionId::new)),
        request: items.iter().find_map(|item| read_request(item)),
        ended_at: step.at.filter(|_| state != AttemptState::Pending),
        state,
        began_at,
        reference,
        id,
    }))
}

/// What one of the items says.
struct Step {
    weight: Weight,
    /// When it came to that, if that is known.
    at: Option<Timestamp>,
    state: AttemptState,
    /// The connection that was made.
    connection: Option<ConnectionId>,
}

/// How much an item's word is worth. That of the later one stands for the attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// It stands in the place of another item, and knows nothing.
    Trace,
    /// The start waits for its customer, or has. If they went on, another item says what came of it.
    Waiting,
    Failed,
    UnderWay,
    Connected,
}

impl Step {
    fn of(item: &Attributes, now: Timestamp) -> Self {
        let time = |name| item.opt_number(name).map(Timestamp);
        match read_outcome(item) {
            Some(Outcome::Connected { connection_id }) => Self {
                weight: Weight::Connected,
                at: time("endedAt"),
                state: AttemptState::Connected,
                connection: Some(connection_id),
            },
            Some(Outcome::Failed(error)) => Self::failed(Weight::Failed, error, time("endedAt")),
            Some(Outcome::Unconfirmed(_)) | None => Self::open(item, time("expiresAt"), now),
        }
    }

    /// Of an item without an outcome.
    fn open(item: &Attributes, expires_at: Option<Timestamp>, now: Timestamp) -> Self {
        let is_start = item.opt_text("callbackPath") == Some(START_PATH);
        let waits_for_application = item.contains_key("confirmation") && !item.contains_key("confirmedFor");
        let mut failed = Weight::Failed;
        let (end, error) = match read_claim(item) {
            _ if item.contains_key("choice") => (expires_at, choice_expired()),
            _ if waits_for_application => (item.opt_number("confirmUntil").map(Timestamp), not_completed()),
            Some((_, claimed_at)) if is_start => (Some(claimed_at), cancelled()),
            Some((_, claimed_at)) => (Some(claimed_at + CLAIM), interrupted()),
            None => {
                failed = match expires_at {
                    Some(_) if is_start => Weight::Waiting,
                    Some(_) => Weight::Failed,
                    None => Weight::Trace,
                };
                (expires_at, state_expired())
            }
        };
        if end.is_none_or(|end| end <= now) {
            return Self::failed(failed, error, end);
        }
        let weight = if is_start { Weight::Waiting } else { Weight::UnderWay };
        Self { weight, at: end, state: AttemptState::Pending, connection: None }
    }

    fn failed(weight: Weight, error: Error, at: Option<Timestamp>) -> Self {
        Self { weight, at, state: AttemptState::Failed(error), connection: None }
    }
}
