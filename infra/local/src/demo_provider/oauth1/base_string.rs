//! The signature base string (RFC 5849 §3.4.1).

use std::fmt::Write as _;

/// A request as it is signed.
pub(super) struct SignedParts<'a> {
    pub(super) method: &'a str,
    /// `http` or `https`.
    pub(super) scheme: &'a str,
    /// The `Host` header.
    pub(super) host: &'a str,
    pub(super) path: &'a str,
    /// The decoded parameters of query, header and form body, without `realm` and `oauth_signature`.
    pub(super) parameters: Vec<(String, String)>,
}

impl SignedParts<'_> {
    /// The three parts, each encoded, joined by ampersands (§3.4.1.1).
    pub(super) fn base_string(&self) -> String {
        let method = self.method.to_ascii_uppercase();
        [method, self.base_uri(), self.normalized_parameters()].map(|part| percent_encode(&part)).join("&")
    }

    /// The base string URI of §3.4.1.2.
    fn base_uri(&self) -> String {
        let scheme = self.scheme.to_ascii_lowercase();
        let host = self.host.to_ascii_lowercase();
        let default_port = if scheme == "https" { ":443" } else { ":80" };
        let host = host.strip_suffix(default_port).unwrap_or(&host);
        format!("{scheme}://{host}{}", self.path)
    }

    /// The parameters of §3.4.1.3.2: encoded, then sorted, then joined.
    fn normalized_parameters(&self) -> String {
        let mut pairs: Vec<(String, String)> = Vec::with_capacity(self.parameters.len());
        for (name, value) in &self.parameters {
            pairs.push((percent_encode(name), percent_encode(value)));
        }
        pairs.sort_unstable();
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    }
}

/// Encodes as §3.6 requires: everything but letters, digits and `-._~`, as UTF-8 bytes in upper-case hexadecimal.
pub(super) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(scheme: &'static str, host: &'static str, path: &'static str) -> SignedParts<'static> {
        SignedParts { method: "get", scheme, host, path, parameters: Vec::new() }
    }

    #[test]
    fn the_base_uri_is_that_of_section_3_4_1_2() {
        assert_eq!(parts("HTTP", "EXAMPLE.COM:80", "/r%20v/X").base_uri(), "http://example.com/r%20v/X");
        let other_port = parts("https", "www.example.net:8080", "/");
        assert_eq!(other_port.base_uri(), "https://www.example.net:8080/");
        assert_eq!(parts("https", "example.com:80", "/").base_uri(), "https://example.com:80/");
    }

    #[test]
    fn the_base_string_is_that_of_section_3_4_1_1() {
        let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let request = SignedParts {
            method: "POST",
            scheme: "http",
            host: "example.com",
            path: "/request",
            parameters: [
                ("b5", "=%3D"),
                ("a3", "a"),
                ("c@", ""),
                ("a2", "r b"),
                ("oauth_consumer_key", "9djdj82h48djs9d2"),
                ("oauth_token", "kkk9d7dh3k39sjv7"),
                ("oauth_signature_method", "HMAC-SHA1"),
                ("oauth_timestamp", "137131201"),
                ("oauth_nonce", "7d8f3e4a"),
                ("c2", ""),
                ("a3", "2 q"),
            ]
            .map(pair)
            .into(),
        };
        assert_eq!(
            request.base_string(),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540\
             %3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3D\
             HMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    #[test]
    fn encoding_leaves_only_unreserved_characters() {
        assert_eq!(percent_encode("Ladies + Gentlemen-._~☃"), "Ladies%20%2B%20Gentlemen-._~%E2%98%83");
    }
}
