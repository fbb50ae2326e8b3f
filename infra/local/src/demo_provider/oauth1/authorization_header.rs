//! The protocol parameters in the Authorization header (RFC 5849 §3.5.1).

use percent_encoding::percent_decode_str;

/// The parameters, decoded, without `realm`; `None` if this is no OAuth 1.0 header or a malformed one.
pub(super) fn parse(header: &str) -> Option<Vec<(String, String)>> {
    let rest = after_scheme(header)?;
    let mut parameters = Vec::new();
    for part in rest.split(',') {
        let (name, quoted) = part.trim().split_once('=')?;
        let value = quoted.strip_prefix('"')?.strip_suffix('"')?;
        let (name, value) = (decode(name)?, decode(value)?);
        if name != "realm" {
            parameters.push((name, value));
        }
    }
    Some(parameters)
}

/// The text after the scheme `OAuth`, in any case.
pub(super) fn after_scheme(header: &str) -> Option<&str> {
    let (scheme, rest) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("oauth").then_some(rest)
}

fn decode(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_the_realm_is_left_out() {
        let header = "oauth realm=\"Photos\",\n   oauth_nonce=\"a%20b\", oauth_signature=\"74KN%2FXKycU%3D\"";
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = vec![pair("oauth_nonce", "a b"), pair("oauth_signature", "74KN/XKycU=")];
        assert_eq!(parse(header), Some(expected));
    }

    #[test]
    fn anything_else_is_none() {
        for header in ["Bearer x", "OAuth", "OAuth x", "OAuth a=b", "OAuth a=\"b", "OAuth a=\"%ff\""] {
            assert_eq!(parse(header), None, "{header}");
        }
    }
}
