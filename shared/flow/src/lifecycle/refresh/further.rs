//! Further sets of tokens, which are renewed with the first under the same lease.
//!
//! A connection is all of its tokens: a set that is refused for good disconnects it. One that cannot be renewed just now
//! is tried again, and what was renewed is saved.

use protocol::clock::Timestamp;
use protocol::definition::{BoundValues, OAuth2, add_further, put};
use protocol::error::Error;
use protocol::provider::calls::Calls;
use protocol::provider::oauth2::token_request::TokenEndpoint;
use serde_json::{Map, Value};

use super::doubt::believed;
use super::not_renewed::{Heard, NotRenewed};
use crate::connection::Health;

/// Renews each set by its own refresh token, into `renewed`. `answer` is the one for the first set: what it has of
/// the others is not asked for again. Returns the first failure that a later try may mend.
pub(super) async fn renew_further(
    calls: &Calls<'_>,
    (config, endpoint): (&OAuth2, &TokenEndpoint<'_>),
    bound: BoundValues<'_>,
    answer: &Map<String, Value>,
    renewed: &mut Map<String, Value>,
    health: &Health,
) -> Result<Option<(Error, Heard)>, NotRenewed> {
    let mut failed = None;
    add_further(&config.further_tokens, answer, renewed);
    for name in config.further_tokens.keys() {
        let field = |of: &Map<String, Value>, field: &str| {
            of.get(name).and_then(|set| set.get(field)).and_then(Value::as_str).map(str::to_owned)
        };
        let is_renewed = field(renewed, "access_token") != field(bound.credentials(), "access_token");
        let Some(token) = field(renewed, "refresh_token").filter(|token| !token.is_empty() && !is_renewed)
        else {
            continue;
        };
        match endpoint.refresh(calls, &token).await {
            Ok(response) => put(renewed, name, response.into_fields()),
            Err(error) => match believed(error.into(), health, calls.clock.now()) {
                NotRenewed::ForGood(error) => return Err(NotRenewed::ForGood(of_set(error, name))),
                NotRenewed::ForNow(error, heard) => {
                    failed.get_or_insert((of_set(error, name), heard));
                }
            },
        }
    }
    Ok(failed)
}

/// Names the set in the error.
fn of_set(error: Error, name: &str) -> Error {
    error.field(format!("furtherTokens.{name}"))
}

/// Notes in the health of renewed credentials that a set was not renewed: it is tried again after the pause of a failure.
pub(super) fn noted(
    health: &mut Health,
    before: &Health,
    failed: (Error, Heard),
    now: Timestamp,
    next: Timestamp,
) {
    let (error, heard) = failed;
    error.note("a further set of tokens was not renewed");
    health.doubt = super::doubt::doubt(before, heard, now);
    health.fail(before, &error, now);
    health.next_refresh_at = Some(health.next_refresh_at.map_or(next, |at| at.min(next)));
}
