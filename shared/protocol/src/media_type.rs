//! The media type of a body.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// The media type of a form (HTML, "application/x-www-form-urlencoded").
pub const FORM: &str = "application/x-www-form-urlencoded";

/// The `Content-Type` without its parameters, in lower case (RFC 9110 §8.3.1); `None` if there is none that can be
/// read.
#[must_use]
pub fn media_type(headers: &HeaderMap) -> Option<String> {
    let parsed: mime::Mime = headers.get(CONTENT_TYPE)?.to_str().ok()?.parse().ok()?;
    Some(parsed.essence_str().to_owned())
}

/// True if the body is `application/x-www-form-urlencoded`.
#[must_use]
pub fn is_form(headers: &HeaderMap) -> bool {
    media_type(headers).as_deref() == Some(FORM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_parameters_do_not_matter() {
        for (header, form) in [
            ("application/x-www-form-urlencoded", true),
            ("Application/X-WWW-Form-Urlencoded; charset=utf-8", true),
            ("application/x-www-form-urlencoded-not", false),
            ("application/json", false),
            ("nonsense", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, header.parse().unwrap())]);
            assert_eq!(is_form(&headers), form, "{header}");
        }
    }
}
