//! The call that ends credentials, where the provider has no revocation endpoint (RFC 7009).

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};

use super::api_call::{ApiAccess, ApiRequest, authenticated, rendered, rendered_headers};
use super::calls::Calls;
use super::failure::{CallError, Refusal};
use crate::definition::RevokeCall;
use crate::error::Error;

/// Makes the definition's own request.
pub async fn make(calls: &Calls<'_>, call: &RevokeCall, access: &ApiAccess<'_>) -> Result<(), CallError> {
    let mut headers = HeaderMap::new();
    for header in rendered_headers(&call.headers, &access.values, "revoke.headers") {
        let (name, value) = header?;
        headers.insert(name, value);
    }
    let mut body = Bytes::new();
    if !call.body.is_empty() {
        let (content_type, encoded) = call.body_format.encode(rendered(&call.body, &access.values)?);
        headers.insert(CONTENT_TYPE, content_type);
        body = encoded;
    }
    let request = ApiRequest {
        method: Method::from_bytes(call.method.as_bytes()).map_err(|_| Error::unusable("revoke.method"))?,
        url: access.registration.below_base(&call.path)?.render_url(&access.values, calls.loopback)?,
        headers,
        body,
    };
    let answer = calls.ask(authenticated(calls, access, request)?, "revoke.path").await?;
    if answer.response.status().is_success() { Ok(()) } else { Err(answer.failed(Refusal::Fault).into()) }
}
