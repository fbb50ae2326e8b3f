//! A start, as an application's page makes it.

use bytes::Bytes;
use http::Request;
use http::request::Builder;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::definitions::{INTEGRATION, REDIRECT_URI, merge};
use crate::tokens;

/// The parameters of a start, and the headers that show where it came from.
#[derive(Debug, Clone)]
pub struct Start {
    /// The payload.
    pub payload: Value,
    headers: Vec<(&'static str, String)>,
}

impl Default for Start {
    fn default() -> Self {
        Self::new()
    }
}

impl Start {
    /// The usual customer, integration and target, from the application's own page.
    #[must_use]
    pub fn new() -> Self {
        Self {
            payload: json!({
                "token": tokens::customer(tokens::WORKSPACE, tokens::CUSTOMER),
                "integrationKey": INTEGRATION,
                "redirectUri": REDIRECT_URI,
            }),
            headers: vec![("origin", "https://app.example".to_owned())],
        }
    }

    /// The start with these parameters; `null` takes one away.
    #[must_use]
    pub fn with(mut self, changes: &Value) -> Self {
        merge(&mut self.payload, changes);
        self
    }

    /// The start for another customer of the usual workspace.
    #[must_use]
    pub fn by(self, customer: &str) -> Self {
        self.with(&json!({ "token": tokens::customer(tokens::WORKSPACE, customer) }))
    }

    /// The start from elsewhere: only these headers show where it came from.
    #[must_use]
    pub fn from(mut self, headers: &[(&'static str, &str)]) -> Self {
        self.headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self
    }

    /// A form with `payload`: what HTML forms and the SDKs send.
    #[must_use]
    pub fn form(&self) -> Request<Bytes> {
        self.post_form("/connection-popup", &[("payload", &self.payload.to_string())])
    }

    /// A form with these fields, to this address.
    #[must_use]
    pub fn post_form(&self, address: &str, fields: &[(&str, &str)]) -> Request<Bytes> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.post(address, "application/x-www-form-urlencoded", body)
    }

    /// A body of this type, to this address.
    #[must_use]
    pub fn post(&self, address: &str, content_type: &str, body: impl Into<Bytes>) -> Request<Bytes> {
        self.vouched(Request::post(address)).header("content-type", content_type).body(body.into()).unwrap()
    }

    /// A link with everything in the query.
    #[must_use]
    pub fn link(&self, path: &str) -> Request<Bytes> {
        self.vouched(Request::get(format!("{path}?{}", self.query()))).body(Bytes::new()).unwrap()
    }

    /// All parameters as a query.
    #[must_use]
    pub fn query(&self) -> String {
        let pairs = self.payload.as_object().unwrap().iter().map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), text)
        });
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    }

    fn vouched(&self, request: Builder) -> Builder {
        self.headers.iter().fold(request, |request, (name, value)| request.header(*name, value))
    }
}
