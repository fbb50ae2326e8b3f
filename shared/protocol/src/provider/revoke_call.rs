//! The call that revokes credentials, where the provider has no revocation endpoint (RFC 7009).

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::api_call::{ApiAccess, ApiRequest, authenticated, rendered};
use super::calls::Calls;
use super::failure::{CallError, Refusal};
use crate::definition::RevokeCall;

/// Makes the request that the definition describes.
pub async fn make(calls: &Calls<'_>, call: &RevokeCall, access: &ApiAccess<'_>) -> Result<(), CallError> {
    let values = access.bound.values();
    let mut headers = HeaderMap::new();
    for header in call.headers.render(values, "revoke.headers") {
        let (name, value) = header?;
        headers.insert(name, value);
    }
    let mut body = Bytes::new();
    if !call.body.is_empty() {
        let (content_type, encoded) = call.body_format.encode(rendered(&call.body, values)?);
        headers.insert(CONTENT_TYPE, content_type);
        body = encoded;
    }
    let request = ApiRequest {
        method: call.method.of("revoke.method")?,
        url: call
            .path
            .at(access.bound.registration().integration.base_uri.as_ref())?
            .render(values, calls.loopback)?,
        headers,
        body,
    };
    let answer = calls.ask(authenticated(calls, access, request)?, "revoke.path").await?;
    if answer.response.status().is_success() { Ok(()) } else { Err(answer.failed(Refusal::Fault).into()) }
}
