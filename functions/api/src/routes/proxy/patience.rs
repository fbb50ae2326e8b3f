//! Waiting for an API that was asked too often, where it asks for little.

use std::time::Duration;

use http::{Method, StatusCode};
use protocol::answer::Content;
use protocol::definition::{ApiClient, asked_to_wait};
use protocol::provider::calls::Calls;

/// The most that the proxy waits; the caller decides about more.
const MOST: Duration = Duration::from_secs(2);

/// What an answer still needs after a wait, so that a second one is worth it.
const ROOM: Duration = Duration::from_secs(5);

/// The time to wait before the request is made once more: a request that only reads, and an answer that asks for a wait
/// which is short and ends in time.
pub(super) fn pause(
    calls: &Calls<'_>,
    client: &ApiClient,
    method: &Method,
    status: StatusCode,
    content: &Content<'_>,
) -> Option<Duration> {
    if ![Method::GET, Method::HEAD].contains(method) {
        return None;
    }
    let now = calls.clock.now();
    let wait = asked_to_wait(&client.retry, status, content, now).filter(|wait| *wait <= MOST)?;
    (now + wait + ROOM <= calls.until).then_some(wait)
}
