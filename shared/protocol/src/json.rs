//! JSON from outside. What is read is kept inside other values and read again, and a reader gives up at 128 levels. So a text
//! that is nested more deeply than half of that is not read in the first place: it would be kept, and never read again.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// The most levels of arrays and objects in a text from outside.
pub const MOST_LEVELS: usize = 64;

/// True if a text is nested more deeply than anything that is read.
#[must_use]
pub(crate) fn is_too_deep(json: &[u8]) -> bool {
    let (mut level, mut in_string, mut is_escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_string,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => level += 1,
            b']' | b'}' if !in_string => level = level.saturating_sub(1),
            _ => {}
        }
        if level > MOST_LEVELS {
            return true;
        }
    }
    false
}

/// Refuses a caller's text that is nested more deeply than anything that is read.
///
/// # Errors
///
/// `request_malformed`, with the field.
pub fn check_depth(json: &[u8], field: &str) -> Result<()> {
    if is_too_deep(json) {
        return Err(Error::malformed(field, &format!("is nested more than {MOST_LEVELS} levels deep")));
    }
    Ok(())
}

/// Reads a text from outside. Returns nothing for one that does not fit, or is nested too deeply.
#[must_use]
pub fn read<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    if is_too_deep(json) { None } else { serde_json::from_slice(json).ok() }
}

/// Reads the claims of a JWT (RFC 7519 §3), without verifying it.
pub(crate) fn claims<T: DeserializeOwned>(jwt: &str) -> Option<T> {
    let payload = jwt.split('.').nth(1)?;
    read(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn nested(levels: usize) -> String {
        (0..levels).fold("1".to_owned(), |inner, level| match level % 2 {
            0 => format!("[{inner}]"),
            _ => format!(r#"{{"a\"[{{": {inner}}}"#),
        })
    }

    #[test]
    fn what_is_nested_too_deeply_is_not_read() {
        assert!(read::<Value>(nested(MOST_LEVELS).as_bytes()).is_some());
        assert!(read::<Value>(nested(MOST_LEVELS + 1).as_bytes()).is_none());
        assert!(is_too_deep("[".repeat(MOST_LEVELS + 1).as_bytes()));
    }

    #[test]
    fn brackets_in_strings_and_beside_each_other_do_not_count() {
        for text in [
            format!("{:?}", "[".repeat(1000)),
            format!("[{}[]]", "[],".repeat(1000)),
            r#"["\\",["\""]]"#.to_owned(),
            "]]]]1".to_owned(),
        ] {
            assert!(!is_too_deep(text.as_bytes()), "{text}");
        }
    }
}
