//! A signed authorization response, as Shopify sends it: an HMAC-SHA256 in hexadecimal digits, keyed with the client
//! secret, over the response's other parameters.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

use crate::definition::CallbackHmac;
use crate::error::{Error, ErrorKey, Result};
use crate::provider::authorization_response::AuthorizationResponse;
use crate::random::hex;
use crate::secret::Secret;

/// Verifies that the provider has signed the response.
pub(super) fn verify(
    response: &AuthorizationResponse,
    settings: &CallbackHmac,
    client_secret: Option<&Secret>,
) -> Result<()> {
    let secret = client_secret.ok_or_else(|| Error::unusable("clientSecret"))?;
    let given = response.get(&settings.parameter).unwrap_or_default().to_ascii_lowercase();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let expected = hex(hmac::sign(&key, signed_text(response, &settings.parameter).as_bytes()).as_ref());
    verify_slices_are_equal(given.as_bytes(), expected.as_bytes()).map_err(|_| {
        let message = "The answer is not signed by the service that was asked.";
        Error::new(ErrorKey::CallbackSignatureInvalid, message).field(&settings.parameter)
    })
}

/// The other parameters as `name=value`, decoded, sorted, and with `&` between them. What would separate two of them is
/// escaped, so that no two responses have the same text.
fn signed_text(response: &AuthorizationResponse, signature: &str) -> String {
    let mut pairs: Vec<String> = response
        .pairs()
        .filter(|(name, _)| *name != signature)
        .map(|(name, value)| {
            let name = name.replace('%', "%25").replace('=', "%3D");
            format!("{name}={}", value.replace('%', "%25")).replace('&', "%26")
        })
        .collect();
    pairs.sort();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(query: &str, secret: &str) -> bool {
        let settings = CallbackHmac { parameter: "hmac".to_owned() };
        let response = AuthorizationResponse::parse(query).unwrap();
        verify(&response, &settings, Some(&Secret::from(secret))).is_ok()
    }

    /// The example of Shopify's documentation.
    #[test]
    fn the_other_parameters_are_signed_in_their_order() {
        let query = "code=0907a61c0c8d55e99db179b68161bc00&shop=some-shop.myshopify.com&\
                     state=0.6784241404160823&timestamp=1337178173";
        let signature = "700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf";
        assert!(checked(&format!("{query}&hmac={signature}"), "hush"));
        assert!(checked(&format!("hmac={}&{query}", signature.to_uppercase()), "hush"));
        for wrong in [
            format!("{query}&hmac={signature}0"),
            format!("{query}&hmac="),
            query.to_owned(),
            format!("{query}&hmac={signature}&x=1"),
            format!("{}&hmac={signature}", query.replace("some-shop", "evil-shop")),
        ] {
            assert!(!checked(&wrong, "hush"), "{wrong}");
        }
        assert!(!checked(&format!("{query}&hmac={signature}"), "hush!"));
    }

    /// As in Shopify's own libraries, the text is `a%26b=c%25%26d=`.
    #[test]
    fn separators_in_a_value_are_none() {
        let signature = "ff3611f1d8e4ff9a13e5f14b4b3434f3739242369083c377dd6e61cddfe18434";
        assert!(checked(&format!("a%26b=c%25%26d%3D&hmac={signature}"), "hush"));
        assert!(!checked(&format!("a%26b=c%25&d=&hmac={signature}"), "hush"));
    }
}
