//! Discovery: what an authorization server publishes about itself (RFC 8414, OpenID Connect Discovery 1.0).
//!
//! It is read when an integration is defined, and never during a customer's flow.

mod metadata;
mod well_known;

use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderValue, Request, StatusCode};
use serde_json::{Map, Value};

use super::calls::Calls;
use super::failure::{Failure, Refusal};
use crate::definition::Discovered;

/// The time that one document may take.
const MOST_TIME: Duration = Duration::from_secs(5);

/// The largest document, in bytes. Those of well-known providers have less than 8 KiB.
const MOST_BYTES: usize = 64 * 1024;

/// The settings that the issuer's metadata gives and `config`, the definition's own, leaves open.
///
/// # Errors
///
/// What is wrong, as the end of a sentence that begins with the setting `issuer`.
pub async fn discovered(
    calls: &Calls<'_>,
    issuer: &str,
    config: &Map<String, Value>,
) -> Result<Discovered, String> {
    let (from, metadata) = metadata_of(calls, issuer).await?;
    let config = metadata::settings(&metadata, config, calls)
        .map_err(|problem| format!("has metadata that cannot be used: `{from}` {problem}"))?;
    Ok(Discovered { on: calls.clock.now().to_rfc3339(), from, config })
}

/// The first document at one of the well-known places that is this issuer's, and the address where it was.
async fn metadata_of(calls: &Calls<'_>, issuer: &str) -> Result<(String, Map<String, Value>), String> {
    let mut tried = Vec::new();
    for address in well_known::of_issuer(issuer) {
        let read = document(calls, &address).await.and_then(|document| {
            metadata::check_issuer(&document, issuer)?;
            Ok(document)
        });
        match read {
            Ok(document) => return Ok((address, document)),
            Err(problem) => tried.push(format!("`{address}` {problem}")),
        }
    }
    Err(format!("has no metadata that can be used: {}. Give authorizeUri and tokenUri", tried.join("; ")))
}

/// Reads a JSON object. The problem is the end of a sentence that begins with its address.
async fn document(calls: &Calls<'_>, address: &str) -> Result<Map<String, Value>, String> {
    let request = Request::get(address).header(ACCEPT, HeaderValue::from_static("application/json"));
    let request = request.body(Bytes::new()).map_err(|_| "is no address that can be asked".to_owned())?;
    let until = calls.until.min(calls.clock.now() + MOST_TIME);
    let answer = Calls { until, ..*calls }.send(request, "issuer").await.map_err(|it| reason(&it))?;
    match answer.status() {
        StatusCode::OK => {}
        status if status.is_redirection() => {
            return Err(format!("answers with a redirect ({}), which is not followed", status.as_u16()));
        }
        status => return Err(format!("answers with the status {}", status.as_u16())),
    }
    if answer.body().len() > MOST_BYTES {
        return Err(format!("has more than {} KiB", MOST_BYTES / 1024));
    }
    serde_json::from_slice(answer.body()).map_err(|_| "holds no JSON object".to_owned())
}

fn reason(failure: &Failure) -> String {
    let reason = match failure.refusal {
        Refusal::NotAllowed => "may not be called: it must be https and on the public internet",
        Refusal::TooSlow => "gave no answer in time",
        Refusal::TooLarge => "is too large",
        _ => "could not be reached",
    };
    reason.to_owned()
}
