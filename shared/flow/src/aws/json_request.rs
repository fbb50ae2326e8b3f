//! Requests to services of AWS of which only one operation is used, so that there is no SDK for them.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, Request};
use protocol::provider::aws_signature::{Credentials, Scope, Signable, signature_headers};

/// Builds a signed request to a service's address, of this content type and operation. Returns nothing if it cannot be built.
#[must_use]
pub fn json_request(
    credentials: Credentials,
    scope: Scope<'_>,
    url: &str,
    (content_type, operation): (&'static str, &'static str),
    body: Bytes,
) -> Option<HttpRequest> {
    let mut request = Request::post(url).body(()).ok()?;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(HeaderName::from_static("x-amz-target"), HeaderValue::from_static(operation));
    let signable = Signable { method: &Method::POST, url, headers: request.headers(), body: &body };
    let signed = signature_headers(credentials, scope, signable).ok()?;
    request.headers_mut().extend(signed);
    HttpRequest::try_from(request.map(|()| SdkBody::from(body))).ok()
}
