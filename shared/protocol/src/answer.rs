//! What an answer of a provider says: its headers, and its body as a value that paths read. The body is JSON or XML, and is
//! read once, when somebody looks.

mod xml;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use http::header::SET_COOKIE;
use http::{HeaderMap, Response};
use serde_json::Value;

use crate::json;
use crate::media_type::media_type;

/// The largest answer in which an error is looked for, in bytes: an error is short, and what is read of a larger answer
/// can take many times its size.
pub const MAX_ERROR: usize = 64 * 1024;

/// The largest answer that is nothing but a value, in bytes.
const MAX_TEXT: usize = 16 * 1024;

/// An answer, as far as its values go.
pub struct Content<'a> {
    headers: &'a HeaderMap,
    body: &'a [u8],
    limit: usize,
    value: OnceLock<Option<Value>>,
}

impl<'a> Content<'a> {
    /// What an answer says.
    #[must_use]
    pub fn of<B: AsRef<[u8]>>(answer: &'a Response<B>) -> Self {
        Self::new(answer.headers(), answer.body().as_ref())
    }

    /// What these headers and this body say.
    #[must_use]
    pub fn new(headers: &'a HeaderMap, body: &'a [u8]) -> Self {
        Self { headers, body, limit: usize::MAX, value: OnceLock::new() }
    }

    /// The same, where an error is looked for: a body of more than [`MAX_ERROR`] says nothing.
    #[must_use]
    pub fn short(self) -> Self {
        Self { limit: MAX_ERROR, ..self }
    }

    /// The body as a value, if it is JSON or XML.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        self.value.get_or_init(|| self.read()).as_ref()
    }

    fn read(&self) -> Option<Value> {
        if self.body.len() > self.limit {
            return None;
        }
        if is_xml(self.headers, self.body) {
            return xml::value(self.body);
        }
        json::read(self.body)
    }

    /// The answer, if it is nothing but a value: a line of text, or a text or number in JSON. A page and an object are none.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        if self.body.len() > MAX_TEXT.min(self.limit) {
            return None;
        }
        match self.value() {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(_)) | None => {
                let text = std::str::from_utf8(self.body).ok()?.trim();
                let is_line = !text.starts_with('<') && !text.chars().any(char::is_control);
                // What begins as JSON is a broken one.
                (is_line && !text.starts_with(['{', '[', '"'])).then(|| text.to_owned())
            }
            Some(_) => None,
        }
        .filter(|text| !text.is_empty())
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The value of a cookie that the answer sets.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&'a str> {
        self.set_cookies().find(|(of, _)| *of == name).map(|(_, value)| value)
    }

    /// The cookies that the answer sets, as a request sends them back (RFC 6265 §4.2.1). The last of a name counts.
    #[must_use]
    pub fn cookies(&self) -> String {
        let kept: BTreeMap<&str, &str> = self.set_cookies().collect();
        let pairs = kept.into_iter().filter(|(_, value)| !value.is_empty());
        pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// The names and the values of the cookies that the answer sets.
    fn set_cookies(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let set = self.headers.get_all(SET_COOKIE).iter().filter_map(|header| header.to_str().ok());
        let pairs = set.filter_map(|header| header.split(';').next()?.split_once('='));
        pairs.map(|(name, value)| (name.trim(), value.trim()))
    }
}

/// True if a body can be XML: its media type says so (RFC 7303), or the document itself does. No JSON begins like it.
fn is_xml(headers: &HeaderMap, body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    let declared = || {
        media_type(headers).is_some_and(|media_type| {
            matches!(media_type.as_str(), "application/xml" | "text/xml") || media_type.ends_with("+xml")
        })
    };
    body.starts_with(b"<?xml") || (body.starts_with(b"<") && declared())
}

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;
    use serde_json::json;

    use super::*;

    fn said(media_type: &str, body: &str) -> Option<Value> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, media_type.parse().unwrap())]);
        Content::new(&headers, body.as_bytes()).value().cloned()
    }

    #[test]
    fn xml_is_what_is_declared_or_begins_as_xml() {
        let xml = Some(json!({ "a": "1" }));
        for media_type in ["application/xml", "text/xml; charset=utf-8", "application/soap+xml"] {
            assert_eq!(said(media_type, "<a>1</a>"), xml, "{media_type}");
        }
        assert_eq!(said("text/plain", "\n<?xml version='1.0'?><a>1</a>"), xml);
        assert_eq!(said("text/html", "<a>1</a>"), None);
        // Servers that declare everything as XML.
        assert_eq!(said("text/xml", "{\"a\":\"1\"}"), xml);
    }

    #[test]
    fn a_bare_value_is_a_line_of_text_or_a_text_in_json() {
        let headers = HeaderMap::new();
        let text = |body: &str| Content::new(&headers, body.as_bytes()).text();
        for (body, expected) in
            [(" abc.def==\r\n", "abc.def=="), ("\"a b\"", "a b"), ("0123", "0123"), ("1.50", "1.50")]
        {
            assert_eq!(text(body).as_deref(), Some(expected), "{body}");
        }
        let long = "x".repeat(MAX_TEXT + 1);
        for none in [
            "",
            " \n",
            "\"\"",
            "null",
            "true",
            "{\"error\":1}",
            "[1]",
            "{\"cut",
            "<html>",
            "a\nb",
            "\"cut",
            &long,
        ] {
            assert_eq!(text(none), None, "{none}");
        }
        assert_eq!(Content::new(&headers, b"\xff").text(), None);
    }

    #[test]
    fn a_long_answer_is_not_searched_for_errors() {
        let headers = HeaderMap::new();
        let body = format!("\"{}\"", "x".repeat(MAX_ERROR));
        assert!(Content::new(&headers, body.as_bytes()).value().is_some());
        assert!(Content::new(&headers, body.as_bytes()).short().value().is_none());
    }
}
