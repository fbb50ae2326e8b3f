//! Endpoints that do not answer. Each call of one takes the function 15 seconds, which the endpoints of others wait for. So one that
//! has not answered for a minute is not called for a while; then one call is made, and the others wait for what comes of it.

use std::time::Duration;

use protocol::clock::Timestamp;
use protocol::error::Result;

use super::endpoint::Endpoint;
use super::send::Tried;
use crate::deps::Deps;

/// An endpoint that has not answered for this long is held.
const SILENT: Duration = Duration::from_mins(1);

/// The least time that it is held for: a quarter of the time that it is silent.
const LEAST_HELD: Duration = Duration::from_secs(30);

/// The most.
const MOST_HELD: Duration = Duration::from_mins(5);

/// The time for the one call of an endpoint that was held: its whole time for the answer, and some to note what came of it.
const CALL: Duration = Duration::from_secs(20);

/// What a try of an endpoint that is held comes to, without a call.
pub(super) const HELD: Tried = Tried { status: None, problem: Some("endpoint_silent") };

/// True if an endpoint is not to be called now, since it does not answer.
pub(super) async fn is_held(deps: &Deps, endpoint: &Endpoint) -> Result<bool> {
    let Some(held_until) = endpoint.state.held_until else { return Ok(false) };
    let now = deps.clock.now();
    Ok(now < held_until || !deps.store.take_call(&endpoint.id, held_until, now + CALL).await?)
}

/// Notes what a call has said of whether the endpoint answers: any status is an answer.
pub(super) async fn noted(deps: &Deps, endpoint: &Endpoint, tried: Tried, at: Timestamp) -> Result<()> {
    let (store, id) = (&deps.store, &endpoint.id);
    match (tried.status, endpoint.state.silent_since) {
        (Some(_), None) => Ok(()),
        (Some(_), Some(since)) => store.mark_answered(id, since, at).await,
        (None, None) => store.mark_silent(id, at).await,
        (None, Some(since)) => {
            let silent = at.since(since);
            if silent < SILENT {
                return Ok(());
            }
            store.hold(id, since, at + (silent / 4).clamp(LEAST_HELD, MOST_HELD)).await
        }
    }
}
