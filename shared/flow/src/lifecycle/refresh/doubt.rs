//! Refusals that may be for good, or may not.
//!
//! Many providers refuse a refresh token in words that no standard has, and some say the same in a trouble of their own.
//! So one such refusal is tried again like every other failure. One that goes on is believed.

use std::time::Duration;

use super::not_renewed::{Heard, NotRenewed, expired};
use crate::connection::{Doubt, Health};
use protocol::clock::Timestamp;
use protocol::error::ErrorKey;

/// A refusal is believed after this time, if nothing else was heard.
const BELIEVED_AFTER: Duration = Duration::from_hours(24);

/// A refusal is believed after this number of tries at least.
const BELIEVED_TRIES: u32 = 3;

/// Returns what is to be remembered of doubtful refusals, now that this was heard.
pub(super) fn doubt(before: &Health, heard: Heard, now: Timestamp) -> Option<Doubt> {
    match heard {
        Heard::Nothing => before.doubt,
        Heard::Doubt => {
            let Doubt { since, times } = before.doubt.unwrap_or(Doubt { since: now, times: 0 });
            Some(Doubt { since, times: times.saturating_add(1) })
        }
        Heard::Else => None,
    }
}

/// Believes a doubtful refusal that has gone on for long enough. Credentials that have not ended are not given up: a
/// provider may refuse early refreshes.
pub(super) fn believed(reason: NotRenewed, before: &Health, now: Timestamp) -> NotRenewed {
    let NotRenewed::ForNow(error, heard @ Heard::Doubt) = reason else { return reason };
    let goes_on = doubt(before, heard, now)
        .is_some_and(|doubt| doubt.times >= BELIEVED_TRIES && now.since(doubt.since) >= BELIEVED_AFTER);
    match error.key() {
        _ if !goes_on || before.coming_end(now).is_some() => NotRenewed::ForNow(error, heard),
        ErrorKey::CredentialsRejected => NotRenewed::ForGood(error),
        _ => NotRenewed::ForGood(expired().because(error.cause().cloned().unwrap_or_default())),
    }
}
