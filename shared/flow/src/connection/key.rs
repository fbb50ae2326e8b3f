//! The key that a caller gives a connection: a name of the caller's own, which stands where the id does.

use protocol::error::{Error, Result};
use protocol::id::{ConnectionId, ConnectionKey};

/// The most that a key weighs, in bytes. Its characters are ASCII.
const MAX_KEY: usize = 100;

/// What names a connection, in a path or a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionName {
    /// Its id.
    Id(ConnectionId),
    /// The key that a caller gave it.
    Key(ConnectionKey),
}

impl ConnectionName {
    /// Reads a name. What can be neither names nothing.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        if is_id(text) {
            return Some(Self::Id(ConnectionId::new(text)));
        }
        is_key(text).then(|| Self::Key(ConnectionKey::new(text)))
    }
}

/// Reads a key that a caller gives a connection; `field` held it.
///
/// # Errors
///
/// `request_malformed` that names the field.
pub fn read_key(text: &str, field: &str) -> Result<ConnectionKey> {
    if is_key(text) {
        return Ok(ConnectionKey::new(text));
    }
    let problem = "must have 1 to 100 letters, digits, or characters of `-._~:@`, begin with a letter or digit, and not \
                   look like an id";
    Err(Error::malformed(field, problem))
}

/// True for 24 hexadecimal digits: what every id is. Those in upper case are nobody's id, and no key either.
fn is_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The characters are those that stand in a path as they are, since clients do not encode them. None is a step in it.
fn is_key(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@".contains(&byte);
    text.len() <= MAX_KEY
        && text.bytes().all(fits)
        && text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && !is_id(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_no_key_and_a_key_no_id() {
        for id in ["0123456789abcdef01234567", "0123456789ABCDEF01234567"] {
            assert!(matches!(ConnectionName::read(id), Some(ConnectionName::Id(_))), "{id}");
            read_key(id, "connectionKey").unwrap_err();
        }
        for key in
            ["main", "0", "team:7@eu.example", "a-b_c~d", "0123456789abcdef0123456", &"k".repeat(MAX_KEY)]
        {
            assert!(matches!(ConnectionName::read(key), Some(ConnectionName::Key(_))), "{key}");
            read_key(key, "connectionKey").unwrap();
        }
        for bad in ["", ".", "..", "-a", "a/b", "a b", "a%2f", "ä", "a\n", "a#", &"k".repeat(MAX_KEY + 1)] {
            assert_eq!(ConnectionName::read(bad), None, "{bad}");
            read_key(bad, "connectionKey").unwrap_err();
        }
    }
}
