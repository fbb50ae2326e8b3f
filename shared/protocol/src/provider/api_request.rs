//! A request, before it is authenticated.

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use url::{Url, form_urlencoded};

use crate::error::{Error, Result};
use crate::media_type::is_form;

/// A request to the API, before it is authenticated.
#[derive(Clone)]
pub struct ApiRequest {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: Url,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl ApiRequest {
    /// The request. `setting` holds its address.
    pub(super) fn built(self, setting: &str) -> Result<Request<Bytes>> {
        let Self { method, url, headers, body } = self;
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = url.as_str().parse().map_err(|_| Error::unusable(setting))?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// The fields of a form-encoded body.
pub(super) fn form_fields(headers: &HeaderMap, body: &[u8]) -> Vec<(String, String)> {
    if is_form(headers) { form_urlencoded::parse(body).into_owned().collect() } else { Vec::new() }
}
