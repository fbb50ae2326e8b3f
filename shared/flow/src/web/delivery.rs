//! Delivers a flow's outcome: to the caller's address, to the waiting window, or as a page.

use bytes::Bytes;
use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use protocol::error::{Error, Result};
use serde_json::{Value, json};

use super::pages::{self, Reader};
use super::response::{json as json_response, see_other};
use crate::context::outcome::Outcome;
use crate::context::target::{Listener, ResultTarget};
use crate::deps::Deps;

/// Shows an error on our own page, or as the contract's JSON body for a program.
#[must_use]
pub fn own_page(error: &Error, reader: Reader) -> Response<Bytes> {
    let error = &error.referenced();
    let mut response = match reader {
        Reader::Person => pages::error(error),
        Reader::Machine => json_response(error.status(), error.to_json().to_string()),
    };
    let allow = error.data().get("allow").and_then(Value::as_str);
    if let Some(allow) = allow.and_then(|allow| HeaderValue::from_str(allow).ok()) {
        response.headers_mut().insert(ALLOW, allow);
    }
    if let Some(seconds) = error.data().get("retryAfter").and_then(Value::as_u64) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Delivers an outcome: to the caller's address, to the waiting window, or as a page.
pub async fn outcome(
    deps: &Deps,
    outcome: &Outcome,
    target: &ResultTarget,
    reader: Reader,
) -> Result<Response<Bytes>> {
    let outcome = &outcome.referenced();
    if let Some(uri) = target.redirect_uri(deps.settings.loopback)? {
        let parameters = outcome.to_parameters(target.custom_state.as_deref());
        let parameters: Vec<(&str, &str)> =
            parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        return Ok(see_other(&uri.with_result(&parameters), &[]));
    }
    match (reader, &target.listener) {
        (Reader::Machine, _) | (Reader::Person, None) => Ok(match outcome {
            Outcome::Failed(error) if target.by_link && reader == Reader::Person => pages::link_failed(error),
            Outcome::Failed(error) => own_page(error, reader),
            Outcome::Connected { .. } if target.by_link && reader == Reader::Person => {
                pages::connected_by_link()
            }
            Outcome::Connected { .. } if reader == Reader::Person => pages::connected(),
            Outcome::Connected { .. } => json_response(StatusCode::OK, outcome.to_json().to_string()),
            Outcome::Unconfirmed(_) => own_page(&no_target(), reader),
        }),
        (Reader::Person, Some(listener)) => {
            let message = match (message(deps, outcome, listener).await, outcome) {
                // The connection exists, but its representation could not be read. The page tries again.
                (Err(error), Outcome::Connected { .. }) => {
                    error.note("a new connection could not be read");
                    return Ok(pages::still_working(reader));
                }
                (message, _) => message?,
            };
            Ok(pages::popup_result(outcome, listener, &message))
        }
    }
}

/// A start of a workspace that confirms its users has a `redirectUri`.
fn no_target() -> Error {
    Error::internal("a confirmation without a target")
}

/// Returns the message for the SDKs. They know only these values of `type`, and any other would leave them waiting.
async fn message(deps: &Deps, outcome: &Outcome, listener: &Listener) -> Result<Value> {
    let mut message = match outcome {
        Outcome::Connected { connection_id } => {
            let connection = deps.store.read_connection(connection_id).await?;
            let connection = connection.ok_or_else(|| Error::internal("a new connection cannot be read"))?;
            let connection = connection.representation(deps).await?;
            json!({ "type": "newConnectionCreated", "connection": connection })
        }
        Outcome::Unconfirmed(_) => return Err(no_target()),
        Outcome::Failed(error) => {
            let mut message = json!({
                "type": "newConnectionFailure",
                "error": error.message(),
                "errorData": error.to_json(),
            });
            if let Some(connection_id) = &listener.connection_id {
                message["connectionId"] = connection_id.as_str().into();
            }
            message
        }
    };
    message["source"] = "integration.app".into();
    if let Some(request_id) = &listener.request_id {
        message["requestId"] = request_id.as_str().into();
    }
    Ok(message)
}
