//! One document of metadata: who is asked, how long, and what counts as an answer. A problem is the end of a sentence that
//! begins with the document's address.

use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderValue, Request, Response, StatusCode};
use serde_json::{Map, Value};

use crate::json;
use crate::provider::calls::Calls;
use crate::provider::failure::{Failure, Refusal};

/// The time that one document may take.
const MOST_TIME: Duration = Duration::from_secs(5);

/// The largest document, in bytes. Those of well-known providers have less than 8 KiB.
const MOST_BYTES: usize = 64 * 1024;

/// JSON, as a header names it.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Reads a JSON object.
pub(super) async fn read(
    calls: &Calls<'_>,
    address: &str,
    setting: &'static str,
) -> Result<Map<String, Value>, String> {
    let request = Request::get(address).header(ACCEPT, JSON).body(Bytes::new());
    let answer = send(calls, request.map_err(|_| no_address())?, setting).await?;
    match answer.status() {
        StatusCode::OK => object(&answer),
        status => Err(of_status(status)),
    }
}

/// Sends a request. Whatever the answer is, it is one.
pub(super) async fn send(
    calls: &Calls<'_>,
    request: Request<Bytes>,
    setting: &'static str,
) -> Result<Response<Bytes>, String> {
    let until = calls.until.min(calls.clock.now() + MOST_TIME);
    Calls { until, ..*calls }.send(request, setting).await.map_err(|failure| reason(&failure).to_owned())
}

/// The JSON object that an answer holds.
pub(super) fn object(answer: &Response<Bytes>) -> Result<Map<String, Value>, String> {
    if answer.body().len() > MOST_BYTES {
        return Err(format!("has more than {} KiB", MOST_BYTES / 1024));
    }
    json::read(answer.body()).ok_or_else(|| "holds no JSON object".to_owned())
}

pub(super) fn of_status(status: StatusCode) -> String {
    let number = status.as_u16();
    if status.is_redirection() {
        return format!("answers with a redirect ({number}), which is not followed");
    }
    format!("answers with the status {number}")
}

pub(super) fn no_address() -> String {
    "is no address that can be asked".to_owned()
}

fn reason(failure: &Failure) -> &'static str {
    match failure.refusal {
        Refusal::NotAllowed => "may not be called: it must be https and on the public internet",
        Refusal::TooSlow => "gave no answer in time",
        Refusal::TooLarge => "is too large",
        _ => "could not be reached",
    }
}
