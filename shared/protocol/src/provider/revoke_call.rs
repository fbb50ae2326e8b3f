//! The call that revokes credentials, where the provider has no revocation endpoint (RFC 7009).

use super::api_call::{ApiRequest, Purpose, authenticated};
use super::calls::Calls;
use super::failure::{CallError, Refusal};
use super::maker::Maker;
use crate::definition::RevokeCall;

/// Makes the request that the definition describes.
pub async fn make(calls: &Calls<'_>, call: &RevokeCall, maker: &Maker<'_>) -> Result<(), CallError> {
    let values = &maker.values();
    let base_uri = maker.registration().integration.base_uri.as_ref();
    let mut url = call.path.at(base_uri)?.render(values, calls.loopback)?;
    let (headers, body) = call.parts().render(values, &mut url, "revoke.headers")?;
    let request = ApiRequest { method: call.method.of("revoke.method")?, url, headers, body };
    let request = authenticated(calls, maker, request, Purpose::Defined)?;
    let answer = calls.ask(request, "revoke.path").await?;
    if answer.response.status().is_success() { Ok(()) } else { Err(answer.failed(Refusal::Fault).into()) }
}
