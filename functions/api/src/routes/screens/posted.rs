//! What a screen is sent: a form.

use bytes::Bytes;
use flow::web::request_fields::Fields;
use http::Request;
use protocol::error::{Error, ErrorKey, Result};
use protocol::media_type::is_form;
use url::form_urlencoded;

use crate::body::MAX_BODY;

/// The fields of a form. Debug is left out: customers enter secrets.
pub(super) struct Posted {
    pairs: Vec<(String, String)>,
}

impl Posted {
    /// Reads the body.
    pub(super) fn read(request: &Request<Bytes>) -> Result<Self> {
        if !is_form(request.headers()) {
            let message = "A screen is opened by a form (application/x-www-form-urlencoded).";
            return Err(Error::new(ErrorKey::MediaTypeUnsupported, message).field("Content-Type"));
        }
        if request.body().len() > MAX_BODY {
            return Err(Error::new(ErrorKey::RequestTooLarge, "The body is larger than 256 KiB."));
        }
        Ok(Self { pairs: form_urlencoded::parse(request.body()).into_owned().collect() })
    }

    /// The value of a field that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.given(name).filter(|value| !value.is_empty())
    }

    /// The value of a field, which may be empty.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// True if the field is there and says something.
    pub(super) fn says(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// All fields, as a form has them.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// All fields by name and type. Of a repeated one, the first that is not empty counts.
    pub(super) fn fields(&self) -> Fields {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.pairs).finish();
        Fields::of_query(&query)
    }
}
