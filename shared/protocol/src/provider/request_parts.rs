//! The parts of a request, as `${request.…}` names them.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use url::{Position, Url};

use super::api_request::{ApiRequest, form_fields};
use super::oauth1::normalize;
use crate::clock::Timestamp;
use crate::definition::SIGNATURE;
use crate::error::{Error, ErrorKey, Result};
use crate::random::hex;

/// A request, as far as it is made.
pub(super) struct RequestParts {
    at: Timestamp,
    method: String,
    url: Url,
    content_type: String,
    form: Vec<(String, String)>,
    body: Bytes,
    signature: Option<String>,
}

impl RequestParts {
    /// The parts of this request, which is made at this time.
    pub(super) fn of(request: &ApiRequest, at: Timestamp) -> Self {
        let ApiRequest { method, url, headers, body } = request;
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Self {
            at,
            method: method.as_str().to_owned(),
            url: url.clone(),
            content_type: content_type.unwrap_or_default().to_owned(),
            form: form_fields(headers, body),
            body: body.clone(),
            signature: None,
        }
    }

    /// The same parts with a signature of them.
    pub(super) fn signed(self, signature: Option<String>) -> Self {
        Self { signature, ..self }
    }

    /// The part of this name. Nothing if there is no such part; most are there always, and may be empty.
    pub(super) fn get(&self, name: &str) -> Result<Option<String>> {
        let sha256 = || digest(&SHA256, &self.body);
        Ok(Some(match name {
            "method" => self.method.clone(),
            "url" => self.url[..Position::AfterQuery].to_owned(),
            "host" => self.url[Position::BeforeHost..Position::AfterPort].to_owned(),
            "path" => self.url.path().to_owned(),
            "query" => self.url.query().unwrap_or_default().to_owned(),
            "target" => self.url[Position::BeforePath..Position::AfterQuery].to_owned(),
            "parameters" => normalize(self.url.query_pairs().into_owned().chain(self.form.iter().cloned())),
            "contentType" => self.content_type.clone(),
            "body" => String::from_utf8(self.body.to_vec()).map_err(|_| no_text())?,
            "bodySha256" => hex(sha256().as_ref()),
            "bodySha256Base64" => STANDARD.encode(sha256()),
            "timestamp" => self.at.seconds().to_string(),
            "timestampMs" => self.at.0.to_string(),
            "date" => self.at.to_http_date(),
            "dateTime" => self.at.to_whole_rfc3339(),
            SIGNATURE => return Ok(self.signature.clone()),
            _ => return Ok(None),
        }))
    }
}

fn no_text() -> Error {
    let message = "What is signed has the body in it, which must be text in UTF-8 then.";
    Error::new(ErrorKey::RequestMalformed, message).field("body")
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Method};

    use super::*;
    use crate::definition::REQUEST_PARTS;

    fn parts(body: &'static [u8]) -> RequestParts {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let request = ApiRequest {
            method: Method::POST,
            url: Url::parse("https://api.example:8443/v1/a%20b?z=1&a=%7E+c#f").unwrap(),
            headers: HeaderMap::from_iter([(CONTENT_TYPE, form)]),
            body: Bytes::from_static(body),
        };
        RequestParts::of(&request, Timestamp(1_784_000_000_123))
    }

    #[test]
    fn each_part_is_there() {
        let parts = parts(b"m=2&b=");
        let found = REQUEST_PARTS.map(|name| (name, parts.get(name).unwrap().unwrap()));
        let hash = "81ea321746f493e16e677158f636f724267efb2f0cdd8aa95ee1067966ee56be";
        let expected = [
            ("method", "POST"),
            ("url", "https://api.example:8443/v1/a%20b?z=1&a=%7E+c"),
            ("host", "api.example:8443"),
            ("path", "/v1/a%20b"),
            ("query", "z=1&a=%7E+c"),
            ("target", "/v1/a%20b?z=1&a=%7E+c"),
            ("parameters", "a=~%20c&b=&m=2&z=1"),
            ("contentType", "application/x-www-form-urlencoded"),
            ("body", "m=2&b="),
            ("bodySha256", hash),
            ("bodySha256Base64", "geoyF0b0k+FuZ3FY9jb3JCZ++y8M3YqpXuEGeWbuVr4="),
            ("timestamp", "1784000000"),
            ("timestampMs", "1784000000123"),
            ("date", "Tue, 14 Jul 2026 03:33:20 GMT"),
            ("dateTime", "2026-07-14T03:33:20Z"),
        ];
        assert_eq!(found, expected.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(parts.get(SIGNATURE).unwrap(), None);
        assert_eq!(parts.get("other").unwrap(), None);
    }

    #[test]
    fn a_body_that_is_no_text_has_a_hash_only() {
        let parts = parts(b"\xff");
        assert_eq!(parts.get("body").unwrap_err().data()["field"], "body");
        assert_eq!(
            parts.get("bodySha256").unwrap().unwrap(),
            "a8100ae6aa1940d0b663bb31cd466142ebbdbd5187131b92d93818987832eb89"
        );
    }
}
