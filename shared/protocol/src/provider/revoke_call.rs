//! The call that revokes credentials, where the provider has no revocation endpoint (RFC 7009).

use super::api_call::{Purpose, Settings, ask};
use super::calls::Calls;
use super::failure::{CallError, Refusal};
use super::maker::Maker;
use crate::definition::RevokeCall;

const SETTINGS: Settings =
    Settings { method: "revoke.method", path: "revoke.path", headers: "revoke.headers" };

/// Makes the request that the definition describes.
pub async fn make(calls: &Calls<'_>, call: &RevokeCall, maker: &Maker<'_>) -> Result<(), CallError> {
    let answer = ask(calls, maker, call.call(), &SETTINGS, (Purpose::Defined, false)).await?;
    if answer.response.status().is_success() { Ok(()) } else { Err(answer.failed(Refusal::Fault).into()) }
}
