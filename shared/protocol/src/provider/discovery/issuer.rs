//! An issuer's metadata, wherever it stands.

use serde_json::{Map, Value};

use super::{document, metadata, well_known};
use crate::provider::calls::Calls;

/// The first document at one of the well-known places that is this issuer's, and the address where it was.
pub(super) async fn metadata_of(
    calls: &Calls<'_>,
    issuer: &str,
) -> Result<(String, Map<String, Value>), String> {
    let mut tried = Vec::new();
    for address in well_known::of_issuer(issuer) {
        let read = document::read(calls, &address, "issuer").await.and_then(|document| {
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
