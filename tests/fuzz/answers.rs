//! Bodies of providers' answers: JSON and XML of any shape, read as one value of a bounded size.

use http::header::{CONTENT_TYPE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use protocol::answer::Content;
use serde_json::Value;

use crate::inputs::{Inputs, assert_reached};

/// How many levels a value has.
fn depth(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(members) => members.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

/// The bytes of all its texts.
fn texts(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(texts).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + texts(value)).sum(),
        _ => 0,
    }
}

#[test]
fn xml_of_any_shape_is_a_value_no_larger_than_it_is() {
    let words = &[
        "<?xml version=\"1.0\"?>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]>",
        "<a>",
        "</a>",
        "<a/>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "&lt;",
        "&x;",
        "&#0;",
        "&#x110000;",
        "&#xD800;",
        "&amp;",
        "xmlns:a=\"b\"",
        "a:b",
        "=\"",
        "'",
        "\u{0}",
        "<",
        ">",
        "/",
    ];
    let xml = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("text/xml"))]);
    let mut read = 0;
    for input in Inputs::mutated("xml", 10_000).with_words(words) {
        let content = Content::new(&xml, &input);
        let Some(value) = content.value() else { continue };
        read += 1;
        assert!(depth(value) <= 2 * 64 + 2, "{value}");
        assert!(texts(value) <= 2 * input.len() + 64, "{value}");
        // An entity of a document's own would be a text from nowhere. What looks like one can be text, or a comment.
        let text = String::from_utf8_lossy(&input);
        let rest = text.strip_prefix("<?xml version=\"1.0\"?>").unwrap_or(&text);
        let is_plain = ["<?", "<![CDATA[", "<!--"].iter().all(|other| !rest.contains(other));
        assert!(!is_plain || !text.contains("<!DOCTYPE"), "{text} is {value}");
    }
    assert_reached(read > 500, &format!("{read}"));
}

#[test]
fn json_of_any_shape_is_that_value() {
    let words =
        &["{\"a\":", "[", "]", "}", "null", "\"\\u0000\"", "1e999", "\"\\ud800\"", "\u{feff}", "\r\n"];
    let types = ["application/json", "text/html", "application/json; charset=utf-16", ""];
    for (turn, input) in Inputs::mutated("json", 10_000).with_words(words).enumerate() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(types[turn % types.len()]));
        if let Ok(cookie) = HeaderValue::from_bytes(&input) {
            headers.insert(SET_COOKIE, cookie);
        }
        let content = Content::new(&headers, &input);
        let expected: Option<Value> = serde_json::from_slice(&input).ok();
        if !input.starts_with(b"<?xml") {
            assert_eq!(content.value(), expected.as_ref(), "{:?}", String::from_utf8_lossy(&input));
        }
        if let Some(text) = content.text() {
            let is_json_text = content.value().is_some_and(Value::is_string);
            assert!(text.len() <= 16 * 1024 && !text.is_empty(), "{text:?}");
            assert!(is_json_text || !text.contains(['\r', '\n']), "{text:?}");
        }
        let cookies = content.cookies();
        assert!(!cookies.contains(['\r', '\n', '\0']), "{cookies:?}");
        let _ = (content.cookie("SESSION"), content.short().value().is_some());
    }
}
