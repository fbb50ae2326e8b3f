//! The `nonce` that binds an ID token to the authorization request of a flow (OpenID Connect Core 1.0 §3.1.2.1).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::token_response::TokenResponse;
use crate::definition::{NONCE, NonceRule};
use crate::error::{Error, ErrorKey, Result};
use crate::json::claims;
use crate::secret::Secret;

/// The nonce of a flow. It is made of the code verifier, which is made of the browser's secret: so it is kept nowhere,
/// only this browser can bring it, and it does not reveal what it is made of.
pub(super) fn of_flow(code_verifier: &Secret) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, code_verifier.expose().as_bytes());
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, b"linkspan nonce 1"))
}

/// Checks that the ID token is of this flow (§3.1.3.7).
pub(super) fn check(rule: NonceRule, code_verifier: &Secret, answer: &TokenResponse) -> Result<()> {
    #[derive(Deserialize)]
    struct Claims {
        nonce: Option<serde_json::Value>,
    }
    if rule == NonceRule::Off {
        return Ok(());
    }
    let returned = answer.id_token().and_then(claims::<Claims>).and_then(|claims| claims.nonce);
    let Some(returned) = returned else {
        return if rule == NonceRule::IfReturned { Ok(()) } else { Err(refused("has no nonce")) };
    };
    let returned = returned.as_str().unwrap_or_default();
    verify_slices_are_equal(returned.as_bytes(), of_flow(code_verifier).as_bytes())
        .map_err(|_| refused("has the nonce of another request"))
}

fn refused(fault: &'static str) -> Error {
    let message = "The service's answer does not belong to this sign-in. Please try again.";
    Error::new(ErrorKey::TokenResponseInvalid, message)
        .field(NONCE)
        .detail(format!("the ID token, if there is one, {fault}"))
}
