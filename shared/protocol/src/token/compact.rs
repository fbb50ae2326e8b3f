//! The compact form of a signed token (RFC 7515 §7.1): header, payload and signature, each in base64url.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

use crate::error::Result;
use crate::json;
use crate::members::Members;

use super::refused;

/// The longest token that is read, in bytes. API Gateway takes 10,240 bytes of headers in all.
const MAX_BYTES: usize = 8 * 1024;

/// A token, taken apart. Nothing in it can be trusted yet.
pub(super) struct Compact<'a> {
    header: Map<String, Value>,
    payload: &'a str,
    /// The signed text: header and payload as they were sent (RFC 7515 §5.2).
    pub(super) signing_input: &'a str,
    pub(super) signature: &'a str,
}

impl<'a> Compact<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self> {
        if token.len() > MAX_BYTES {
            return Err(refused("The token is longer than 8 KiB."));
        }
        let parts = token.rsplit_once('.').and_then(|(signing_input, signature)| {
            let (header, payload) = signing_input.split_once('.')?;
            (!payload.contains('.')).then_some((signing_input, header, payload, signature))
        });
        let Some((signing_input, header, payload, signature)) = parts else {
            return Err(refused("The token is no JWT: it must have three parts, separated by dots."));
        };
        let Some(header) = decode(header) else {
            return Err(refused(
                "The token is no JWT: its header is no JSON object with unique names in base64url.",
            ));
        };
        Ok(Self { header, payload, signing_input, signature })
    }

    /// The algorithm that the token claims to be signed with; `none` is not one.
    pub(super) fn algorithm(&self) -> Result<Algorithm> {
        // RFC 7515 §4.1.11: an extension that is critical and not understood makes the token invalid. We understand
        // none.
        if self.header.contains_key("crit") {
            return Err(refused("The token's header has critical extensions, which are not supported."));
        }
        let name = self.header.get("alg").and_then(Value::as_str);
        name.and_then(|name| name.parse().ok())
            .ok_or_else(|| refused("The token's header names no signature algorithm that is supported."))
    }

    /// The id that the signer gives its key (RFC 7515 §4.1.4).
    pub(super) fn key_id(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    pub(super) fn claims(&self) -> Result<Map<String, Value>> {
        decode(self.payload).ok_or_else(|| {
            refused("The token is no JWT: its claims are no JSON object with unique names in base64url.")
        })
    }
}

fn decode(part: &str) -> Option<Map<String, Value>> {
    let members: Members = json::read(&URL_SAFE_NO_PAD.decode(part).ok()?)?;
    // What signs a token and what reads it could see two different claims (RFC 7519 §4).
    members.into_unique()
}
