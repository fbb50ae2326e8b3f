//! Paths that not every server reads in the same way.
//!
//! A server decodes a path before it routes, and behind a proxy this happens twice. Some servers drop what follows a
//! `;` (`..;` in Tomcat), some take `\` for `/`, and old ones read the overlong `%c0%ae` as a dot. What one of them
//! checked, the next one may then read as another path. This module alone decides what is in doubt: for the targets
//! that results go to, for the addresses of a definition, and for what callers send through the proxy.

use percent_encoding::percent_decode;

/// The most times that a path is decoded. Nobody encodes a path more often for a reason.
const MOST_DECODINGS: usize = 8;

/// The reason why servers could disagree about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// An encoded `/` or `\`, which may or may not separate two segments.
    Separator,
    /// Bytes that are no text: control characters, or what is not UTF-8.
    Unreadable,
    /// A segment that could be a step, `.` or `..`, to another directory.
    Step,
}

impl Doubt {
    /// The problem, as the end of a sentence that begins with the path or the address.
    #[must_use]
    pub fn problem(self) -> &'static str {
        match self {
            Self::Separator => "has an encoded `/`, or a `\\`, in its path",
            Self::Unreadable => "has bytes in its path that are no text",
            Self::Step => "has a `.` or `..` segment in its path",
        }
    }
}

/// The gravest doubt about a path, if there is any. The path is percent-encoded, and has neither query nor fragment.
#[must_use]
pub fn doubt(path: &str) -> Option<Doubt> {
    path.split('/').filter_map(doubt_of_segment).max()
}

fn doubt_of_segment(segment: &str) -> Option<Doubt> {
    let Some(decoded) = fully_decoded(segment) else { return Some(Doubt::Unreadable) };
    let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    if decoded.split(is_separator).any(is_step) {
        return Some(Doubt::Step);
    }
    if decoded.iter().any(u8::is_ascii_control) || str::from_utf8(&decoded).is_err() {
        return Some(Doubt::Unreadable);
    }
    decoded.iter().any(is_separator).then_some(Doubt::Separator)
}

/// True for `.` and `..`, whatever parameters, query or spaces follow.
fn is_step(name: &[u8]) -> bool {
    let name = name.split(|byte| matches!(byte, b';' | b'?' | b'#')).next().unwrap_or_default();
    matches!(name.trim_ascii(), b"." | b"..")
}

/// Decodes until nothing is encoded. Returns nothing if that takes too long.
pub(crate) fn fully_decoded(segment: &str) -> Option<Vec<u8>> {
    let mut encoded = segment.as_bytes().to_vec();
    for _ in 0..MOST_DECODINGS {
        let decoded: Vec<u8> = percent_decode(&encoded).collect();
        if decoded.len() == encoded.len() {
            return Some(decoded);
        }
        encoded = decoded;
    }
    None
}

/// True if a path, in decoded segments, is one of the pattern's, as API Gateway writes it: `{id}` takes one segment,
/// `{path+}` whatever is left.
#[must_use]
pub fn fits(pattern: &str, path: &[impl AsRef<str>]) -> bool {
    let pattern: Vec<&str> = pattern.trim_start_matches('/').split('/').collect();
    let takes_the_rest = pattern.last().is_some_and(|last| last.ends_with("+}"));
    let is_as_long = if takes_the_rest { path.len() >= pattern.len() } else { path.len() == pattern.len() };
    is_as_long
        && pattern
            .iter()
            .zip(path)
            .all(|(expected, segment)| expected.starts_with('{') || segment.as_ref() == *expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_is_in_no_doubt() {
        for path in [
            "",
            "/",
            "//",
            "/a/b.c/...",
            "/..a/.b/a..",
            "/a;v=1/...;b",
            "/100%25/%zz/%",
            "/caf%C3%A9/caf\u{e9}",
            "/a%20b/:@!$&'()*+,=~",
            "/%3f%23%3b",
            "/a%3b..",
        ] {
            assert_eq!(doubt(path), None, "{path}");
        }
    }

    #[test]
    fn every_way_to_write_a_step_is_one() {
        let dots = [".", "%2e", "%2E", "%252e", "%25252e", "%25%32%65"];
        let mut written = 0;
        for first in dots {
            for second in dots.into_iter().chain([""]) {
                for after in
                    ["", ";", ";v=1", "%3b", "%253Bx", "%3fx", "%23x", "%20", "%0d", "%2fx", "%5cx", "\\x"]
                {
                    for before in ["", "a%2f", "a%5C", "a%252f", "a\\"] {
                        for path in [
                            format!("/x/{before}{first}{second}{after}/y"),
                            format!("{before}{first}{second}{after}"),
                        ] {
                            assert_eq!(doubt(&path), Some(Doubt::Step), "{path}");
                            written += 1;
                        }
                    }
                }
            }
        }
        assert!(written > 5_000, "{written}");
    }

    #[test]
    fn the_gravest_doubt_counts() {
        for (path, expected) in [
            ("/a%2fb", Doubt::Separator),
            ("/a%5Cb", Doubt::Separator),
            ("/a\\b", Doubt::Separator),
            ("/a%252Fb", Doubt::Separator),
            ("/%c0%ae%c0%ae/x", Doubt::Unreadable),
            ("/%c0%afx", Doubt::Unreadable),
            ("/%e0%80%ae", Doubt::Unreadable),
            ("/%ff", Doubt::Unreadable),
            ("/%25ff", Doubt::Unreadable),
            ("/a%00", Doubt::Unreadable),
            ("/..%00", Doubt::Unreadable),
            ("/%0d%0aX:", Doubt::Unreadable),
            ("/%7f", Doubt::Unreadable),
            ("/a%2fb/%00", Doubt::Unreadable),
            ("/a%2fb/%00/..", Doubt::Step),
        ] {
            assert_eq!(doubt(path), Some(expected), "{path}");
        }
    }

    #[test]
    fn what_is_encoded_without_end_is_given_up() {
        let nested = format!("/%{}2e", "25".repeat(200_000));
        assert_eq!(doubt(&nested), Some(Doubt::Unreadable));
    }
}
