//! The challenge of a resource server (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9728 §5.1).

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// What a `Bearer` challenge says of where to get a token.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Challenge {
    /// The address of the resource's metadata.
    pub(super) resource_metadata: Option<String>,
    /// The scopes that the request needs.
    pub(super) scope: Option<String>,
}

impl Challenge {
    /// The first `Bearer` challenge, or an empty one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        values.map(tokens).find_map(|tokens| Self::among(&tokens)).unwrap_or_default()
    }

    fn among(tokens: &[Token]) -> Option<Self> {
        let is_bearer =
            |token: &Token| matches!(token, Token::Scheme(name) if name.eq_ignore_ascii_case("bearer"));
        let first = tokens.iter().position(is_bearer)?;
        let mut found = Self::default();
        for token in &tokens[first + 1..] {
            let Token::Parameter(name, value) = token else { break };
            let place = match name.to_ascii_lowercase().as_str() {
                "resource_metadata" => &mut found.resource_metadata,
                "scope" => &mut found.scope,
                _ => continue,
            };
            // A parameter stands there once; the first counts.
            place.get_or_insert_with(|| value.clone());
        }
        Some(found)
    }
}

/// A part of the header: a challenge begins with its scheme.
#[derive(Debug)]
enum Token {
    Scheme(String),
    Parameter(String, String),
}

/// Reads the header as far as it can be read.
fn tokens(header: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() {
            return found;
        }
        if let Some(value) = after.trim_start_matches([' ', '\t']).strip_prefix('=') {
            let (value, after) = parameter(value.trim_start_matches([' ', '\t']));
            found.push(Token::Parameter(name.to_owned(), value));
            rest = after;
        } else {
            found.push(Token::Scheme(name.to_owned()));
            rest = after;
        }
    }
}

/// A parameter's value, and what follows it.
fn parameter(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find([' ', '\t', ',']).unwrap_or(text.len()));
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            character => value.push(character),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(headers: &[&'static str]) -> (Option<String>, Option<String>) {
        let values = headers.iter().map(|text| (WWW_AUTHENTICATE, HeaderValue::from_static(text)));
        let Challenge { resource_metadata, scope } = Challenge::of(&values.collect());
        (resource_metadata, scope)
    }

    #[test]
    fn a_bearer_challenge_is_found_among_others() {
        let metadata = || Some("https://a.example/m".to_owned());
        for (headers, found) in [
            (
                &[r#"Bearer resource_metadata="https://a.example/m", scope="a b""#][..],
                (metadata(), Some("a b")),
            ),
            (&[r#"bearer realm="x,y\" Bearer", RESOURCE_METADATA=https://a.example/m"#], (metadata(), None)),
            (&[r#"Basic realm="Bearer scope=\"x\"", Bearer scope = "c""#], (None, Some("c"))),
            (&[r#"Bearer scope="a", Basic scope="b", resource_metadata="x""#], (None, Some("a"))),
            (&["Negotiate", r#"Bearer resource_metadata="https://a.example/m""#], (metadata(), None)),
            (&[r#"Bearer scope="a", scope="b""#], (None, Some("a"))),
            (&["Bearer"], (None, None)),
            (&[r#"Basic realm="x""#], (None, None)),
            (&[r#"Bearer scope="a"#], (None, Some("a"))),
            (&["Bearer =, ==\"\", \"", "=", ",,,"], (None, None)),
            (&[], (None, None)),
        ] {
            assert_eq!(of(headers), (found.0, found.1.map(str::to_owned)), "{headers:?}");
        }
    }
}
