//! The end of a start that became no flow: its attempt says how it went.

use protocol::error::ErrorKey;

use crate::context::attempt::Attempt;
use crate::context::outcome::Outcome;
use crate::deps::Deps;
use crate::lifecycle::exchange;

/// Notes how a start ended. Nothing depends on it: what the database does not take is in the log alone.
pub async fn note(deps: &Deps, attempt: &Attempt, outcome: &Outcome) {
    let is_to_be_noted = match outcome {
        Outcome::Connected { .. } => true,
        // It goes on, as a flow.
        Outcome::Unconfirmed(_) => false,
        Outcome::Failed(error) => error.key() != ErrorKey::StorageUnavailable,
    };
    if is_to_be_noted {
        exchange::recorded(deps.store.end_start(attempt, outcome, deps.clock.now())).await;
    }
}
