//! A token endpoint's answer that is form-encoded: RFC 5849 §2.3 has it so, and some OAuth 2 providers answer so too.
//!
//! The answer comes from a provider, and may be anything of up to 4 MiB. Reading it takes no more than twice its size:
//! it has a bounded number of fields, and is decoded once, into its place.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::answer::Content;

/// The most fields that an answer has. In memory, a field of two bytes would take a hundred.
const MOST_FIELDS: usize = 256;

/// What a field adds to its name and value in JSON: four quotes, a colon and a comma.
const AROUND_A_FIELD: usize = 6;

/// An answer that is JSON, XML or a form, as a value.
pub(super) fn read(content: &Content<'_>, answer: &[u8]) -> Option<Value> {
    content.value().cloned().or_else(|| serde_json::from_slice(&as_json(answer)?).ok())
}

/// True if a form has no more fields than an answer has.
pub(super) fn is_readable(form: &[u8]) -> bool {
    form.split(|byte| *byte == b'&').take(MOST_FIELDS + 1).count() <= MOST_FIELDS
}

/// A form-encoded token or error response as the text of a JSON object. Any other body that merely parses as a form is
/// none.
pub(super) fn as_json(form: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(form).ok()?.trim();
    // A form is printable; a control character would also be six times as long in JSON.
    if !is_readable(form) || text.bytes().any(|byte| byte.is_ascii_control()) {
        return None;
    }
    let mut json = Vec::with_capacity(2 * text.len() + AROUND_A_FIELD * MOST_FIELDS);
    let mut is_answer = false;
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        json.push(if json.is_empty() { b'{' } else { b',' });
        is_answer |= matches!(push_text(&mut json, name), b"access_token" | b"error");
        json.push(b':');
        push_text(&mut json, value);
    }
    json.push(b'}');
    is_answer.then_some(json)
}

/// Decodes a name or a value, and writes it as a JSON text (RFC 8259 §7). Returns what stands between its quotes.
fn push_text<'j>(json: &'j mut Vec<u8>, encoded: &str) -> &'j [u8] {
    json.push(b'"');
    let start = json.len();
    for (index, part) in encoded.split('+').enumerate() {
        if index > 0 {
            json.push(b' ');
        }
        for byte in percent_decode_str(part) {
            match byte {
                b'"' | b'\\' => json.extend([b'\\', byte]),
                ..b' ' => {
                    let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
                    json.extend(*b"\\u00");
                    json.extend([digit(byte >> 4), digit(byte & 15)]);
                }
                _ => json.push(byte),
            }
        }
    }
    if std::str::from_utf8(&json[start..]).is_err() {
        let text = String::from_utf8_lossy(&json[start..]).into_owned();
        json.truncate(start);
        json.extend(text.into_bytes());
    }
    let end = json.len();
    json.push(b'"');
    &json[start..end]
}

#[cfg(test)]
mod tests {
    use serde_json::Map;
    use url::form_urlencoded;

    use super::*;

    /// Forms of one kind of field, each a text of its own, up to this many bytes.
    fn forms(longest: usize) -> impl Iterator<Item = String> {
        let parts = [
            "a", "&", "=", "a=&", "+", "%01", "%22", "%5C", "\"", "\\", "%", "%zz", "%ff", "%C3", "é", "%00&",
        ];
        parts.into_iter().flat_map(move |part| {
            let sizes = [1, 7, 255, 4096, longest];
            sizes.into_iter().map(move |size| {
                format!("access_token={}&error={}", part.repeat(size / part.len()), part.repeat(3))
            })
        })
    }

    #[test]
    fn an_answer_takes_no_more_than_twice_its_size() {
        let around = AROUND_A_FIELD * MOST_FIELDS;
        for form in forms(512 * 1024) {
            let Some(json) = as_json(form.as_bytes()) else {
                assert!(!is_readable(form.as_bytes()), "{}", &form[..32]);
                continue;
            };
            // It never grew: what it was given at the beginning was enough.
            assert_eq!(json.capacity(), 2 * form.len() + around, "{}", &form[..32]);
            assert!(json.len() <= 2 * form.len() + around);
        }
    }

    #[test]
    fn it_says_what_a_form_parser_reads() {
        for form in forms(4096) {
            let Some(json) = as_json(form.as_bytes()) else { continue };
            let read: Map<String, Value> = form_urlencoded::parse(form.as_bytes())
                .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
                .collect();
            let json: Map<String, Value> = serde_json::from_slice(&json).unwrap();
            assert_eq!(json, read, "{}", &form[..32]);
        }
    }

    #[test]
    fn what_is_no_answer_is_none() {
        let crowd = format!("access_token=a{}", "&b".repeat(MOST_FIELDS));
        for none in
            ["", "a=b", "<html>access_token=a</html>", "access_token=a\nb", "access_token=\u{1}", &crowd]
        {
            assert_eq!(as_json(none.as_bytes()), None, "{}", &none[..none.len().min(40)]);
        }
        assert_eq!(as_json(b"access_token=\xff"), None);
        let json = as_json(b"\n%61ccess_token=a%2Bb+c&&x\r\n").unwrap();
        assert_eq!(json, br#"{"access_token":"a+b c","x":""}"#);
    }
}
