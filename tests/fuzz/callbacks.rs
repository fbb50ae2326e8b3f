//! What the provider sends back through the browser (RFC 6749 §4.1.2, RFC 5849 §2.2).

use percent_encoding::percent_decode_str;
use protocol::definition::OWN_CALLBACK_PARAMETERS;
use protocol::error::ErrorKey;
use protocol::provider::authorization_response::{AuthorizationResponse, refused_by_provider};

use crate::inputs::{Inputs, assert_reached};
use crate::refusals::{assert_names_field, assert_silent, assert_typed};

/// The pairs of a form (WHATWG URL §5.1), by another hand.
fn pairs(encoded: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = encoded.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

#[test]
fn a_callback_has_each_parameter_once_and_hides_its_code() {
    let words = &[
        "code=",
        "state=",
        "error=",
        "iss=",
        "oauth_token=",
        "oauth_verifier=",
        "denied=",
        "&",
        "&&",
        "=",
        "%",
        "%00",
        "%ff",
        "+",
        ";",
        "access_denied",
        "invalid_scope",
        "admin_consent=True",
        "%63ode=",
    ];
    let (mut accepted, mut refused) = (0, 0);
    for input in Inputs::mutated("callbacks", 10_000).with_words(words) {
        let text = String::from_utf8_lossy(&input);
        let expected = pairs(&text);
        match AuthorizationResponse::parse(&text) {
            Ok(response) => {
                accepted += 1;
                for name in OWN_CALLBACK_PARAMETERS {
                    let of_name: Vec<_> = expected.iter().filter(|(given, _)| given == name).collect();
                    assert!(of_name.len() <= 1, "{name} twice in {text:?}");
                    let value =
                        of_name.first().map(|(_, value)| value.as_str()).filter(|value| !value.is_empty());
                    assert_eq!(response.get(name), value, "{name} in {text:?}");
                }
                assert_eq!(format!("{response:?}"), "[redacted]");
                if let Some(code) = response.get("error") {
                    assert_typed(&refused_by_provider(code, &["denied".to_owned()]));
                }
                if let Some(alone) = response.error_alone() {
                    assert_eq!((alone.get("code"), alone.get("state")), (None, None), "{text:?}");
                }
            }
            Err(error) => {
                refused += 1;
                match error.key() {
                    ErrorKey::ParameterConflict => assert_names_field(&error),
                    ErrorKey::RequestMalformed => {
                        // It is the parameter's own name, and whoever chose it chose the value as well.
                        assert!(expected.iter().any(|(_, value)| value.len() > 8 * 1024), "{text:?}");
                        assert_silent(error.message());
                    }
                    _ => panic!("{error}"),
                }
            }
        }
    }
    assert_reached(accepted > 1_000 && refused > 100, &format!("{accepted} {refused}"));
}
