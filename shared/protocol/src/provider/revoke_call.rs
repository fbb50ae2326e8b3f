//! The call that revokes credentials, where the provider has no revocation endpoint (RFC 7009).

use super::api_call::{ApiAccess, ApiRequest, Purpose, authenticated};
use super::calls::Calls;
use super::failure::{CallError, Refusal};
use crate::definition::RevokeCall;

/// Makes the request that the definition describes.
pub async fn make(calls: &Calls<'_>, call: &RevokeCall, access: &ApiAccess<'_>) -> Result<(), CallError> {
    let values = access.bound.values();
    let base_uri = access.bound.registration().integration.base_uri.as_ref();
    let mut url = call.path.at(base_uri)?.render(values, calls.loopback)?;
    let (headers, body) = call.parts().render(values, &mut url, "revoke.headers")?;
    let request = ApiRequest { method: call.method.of("revoke.method")?, url, headers, body };
    let request = authenticated(calls, access, request, Purpose::Defined)?;
    let answer = calls.ask(request, "revoke.path").await?;
    if answer.response.status().is_success() { Ok(()) } else { Err(answer.failed(Refusal::Fault).into()) }
}
