//! What a request says in a header.

use http::HeaderMap;
use http::header::HeaderName;

/// What a request says in a header. The absence of some headers means trust (no `Origin`: no page of another site). So
/// a header that is there but cannot be read is never taken for an absent one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said<'a> {
    /// The header is not there.
    Nothing,
    /// Its value.
    Text(&'a str),
    /// It is there, and says nothing that can be read: bytes beyond ASCII, or several values.
    Unreadable,
}

impl<'a> Said<'a> {
    /// Reads a header of one value.
    #[must_use]
    pub fn in_header(headers: &'a HeaderMap, name: &HeaderName) -> Self {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Nothing,
            (Some(value), None) => value.to_str().map_or(Self::Unreadable, Self::Text),
            (Some(_), Some(_)) => Self::Unreadable,
        }
    }

    /// Returns the value, if there is one that can be read.
    #[must_use]
    pub fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Nothing | Self::Unreadable => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http::header::ORIGIN;

    #[test]
    fn a_header_that_cannot_be_read_is_not_an_absent_one() {
        let with = |values: &[&[u8]]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(ORIGIN, HeaderValue::from_bytes(value).unwrap());
            }
            headers
        };
        assert_eq!(Said::in_header(&with(&[]), &ORIGIN), Said::Nothing);
        assert_eq!(Said::in_header(&with(&[b"a"]), &ORIGIN), Said::Text("a"));
        assert_eq!(Said::in_header(&with(&[b""]), &ORIGIN), Said::Text(""));
        for unreadable in [&[b"\xe9".as_slice()][..], &["é".as_bytes()], &[b"a\tb\x80"], &[b"a", b"a"]] {
            assert_eq!(Said::in_header(&with(unreadable), &ORIGIN), Said::Unreadable, "{unreadable:?}");
        }
    }
}
