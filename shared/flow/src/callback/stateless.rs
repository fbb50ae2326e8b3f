//! Answers without `state`: some providers leave it out when the customer says no.
//!
//! Without `state` nothing proves that the browser's own flow led to the answer, so it brings no code in (RFC 6749
//! §10.12). But it may end a flow with an error: the integration's own path says which integration was asked, and the
//! cookie which flow of this browser asked it. A page that sends its visitor here with an error can end that visitor's
//! flow; it gains nothing, and the customer can start again.

use bytes::Bytes;
use http::Request;

use crate::context::browser::BrowserSecret;
use crate::context::flow_id::FlowId;
use crate::deps::Deps;
use protocol::definition::{BARE_CALLBACK, is_id};
use protocol::error::{Error, ErrorKey, Result};
use protocol::provider::authorization_response::AuthorizationResponse;

/// The number of flows that are looked at: the newest ones of the browser.
const LOOKED_AT: usize = 5;

/// Returns the flow that an error without `state` ends, and the error alone. There must be exactly one flow of this
/// browser that waits for an answer at this path: nothing would tell two of them apart.
pub(super) async fn refused_flow(
    deps: &Deps,
    request: &Request<Bytes>,
    response: &AuthorizationResponse,
) -> Result<(FlowId, AuthorizationResponse)> {
    let path = request.uri().path();
    let (Some(error), Some(_)) = (response.error_alone(), integration(path)) else { return Err(missing()) };
    let mut waiting = None;
    for (flow, secret) in BrowserSecret::newest(request.headers(), LOOKED_AT) {
        let Some(found) = deps.store.read_flow(&flow).await? else { continue };
        let waits = found.claim.is_none() && found.expires_at > deps.clock.now();
        if waits && found.callback_path == path && secret.is_bound_to(&found.binding) {
            match waiting {
                None => waiting = Some(flow),
                Some(_) => return Err(missing()),
            }
        }
    }
    waiting.map(|flow| (flow, error)).ok_or_else(missing)
}

/// The id of the integration whose own path this is.
fn integration(path: &str) -> Option<&str> {
    path.strip_prefix(BARE_CALLBACK)?.strip_prefix('/').filter(|id| is_id(id))
}

fn missing() -> Error {
    let message = "The service's answer does not say which sign-in it belongs to.";
    Error::new(ErrorKey::StateMissing, message).field("state")
}
