//! The signature base string (RFC 5849 §3.4.1).

use url::Url;

use crate::redirect_uri::percent_encoded;

/// Percent-encodes by the one rule that both sides must share (§3.6): everything but the unreserved characters.
pub(super) fn escape(text: &str) -> String {
    percent_encoded(text)
}

/// `method & base string URI & normalized parameters`. `parameters` are those of the Authorization header and of a
/// form-encoded body; the URL's own query is added here.
pub(super) fn base_string(method: &str, url: &Url, parameters: &[(String, String)]) -> String {
    let query = url.query_pairs().into_owned();
    let normalized = normalize(parameters.iter().cloned().chain(query));
    format!("{}&{}&{}", escape(&method.to_uppercase()), escape(&base_uri(url)), escape(&normalized))
}

/// The URL without query and fragment; `url` has lowered scheme and host, and dropped a default port (§3.4.1.2).
fn base_uri(url: &Url) -> String {
    let mut base = url.clone();
    base.set_query(None);
    base.set_fragment(None);
    base.into()
}

/// Encodes first, then sorts by name and value, byte by byte (§3.4.1.3.2).
pub(in crate::provider) fn normalize(parameters: impl Iterator<Item = (String, String)>) -> String {
    let mut encoded: Vec<(String, String)> =
        parameters.map(|(name, value)| (escape(&name), escape(&value))).collect();
    encoded.sort();
    let pairs: Vec<String> = encoded.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_base_uri_is_normalized_as_in_section_3_4_1_2() {
        let url = Url::parse("http://EXAMPLE.COM:80/r%20v/X?id=123").unwrap();
        assert_eq!(base_uri(&url), "http://example.com/r%20v/X");
        let url = Url::parse("https://www.example.net:8080/?q=1#f").unwrap();
        assert_eq!(base_uri(&url), "https://www.example.net:8080/");
    }

    #[test]
    fn the_base_string_is_that_of_section_3_4_1_1() {
        let url = Url::parse("http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b").unwrap();
        let parameters = [
            ("c2", ""),
            ("a3", "2 q"),
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(
            base_string("post", &url, &parameters),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540\
             %3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3D\
             HMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    proptest! {
        #[test]
        fn escaping_is_reversible_and_leaves_only_unreserved_characters(text in ".*") {
            let escaped = escape(&text);
            prop_assert_eq!(percent_decode_str(&escaped).decode_utf8().unwrap(), text);
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~%".contains(c);
            prop_assert!(escaped.chars().all(allowed));
            let upper = escaped.split('%').skip(1).all(|rest| !rest[..2].bytes().any(|b| b.is_ascii_lowercase()));
            prop_assert!(upper, "hexadecimal digits are upper case: {}", escaped);
        }

        #[test]
        fn the_order_of_the_parameters_does_not_matter(
            mut parameters in proptest::collection::vec((".{0,8}", ".{0,8}"), 0..8),
            seed in any::<usize>(),
        ) {
            let url = Url::parse("https://api.example/x").unwrap();
            let first = base_string("GET", &url, &parameters);
            if !parameters.is_empty() {
                let middle = seed % parameters.len();
                parameters.rotate_left(middle);
                parameters.reverse();
            }
            prop_assert_eq!(base_string("GET", &url, &parameters), first);
        }

        #[test]
        fn different_parameters_give_different_base_strings(
            one in (".{0,8}", ".{0,8}"),
            other in (".{0,8}", ".{0,8}"),
        ) {
            let url = Url::parse("https://api.example/x").unwrap();
            let same = one == other;
            let equal = base_string("GET", &url, &[one]) == base_string("GET", &url, &[other]);
            prop_assert_eq!(equal, same);
        }
    }
}
