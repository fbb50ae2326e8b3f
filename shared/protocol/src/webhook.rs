//! Signed webhooks, as the Standard Webhooks specification (version 1.0.0) has them: the symmetric scheme `v1`.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::random::{Random, draw};
use crate::secret::Secret;

/// The beginning of a secret's text. Base64 follows.
const SECRET: &str = "whsec_";

/// A secret's length in bytes: from 24 to 64 by the specification.
const SECRET_BYTES: usize = 32;

/// The header with the message's id: the same for each try.
pub const ID: &str = "webhook-id";

/// The header with the time of the try, in seconds since 1970.
pub const TIMESTAMP: &str = "webhook-timestamp";

/// The header with the signatures, with spaces between them.
pub const SIGNATURE: &str = "webhook-signature";

/// Draws a new secret: `whsec_` and base64.
#[must_use]
pub fn draw_secret(random: &dyn Random) -> Secret {
    let bytes = Zeroizing::new(draw::<SECRET_BYTES>(random));
    Secret::new(format!("{SECRET}{}", STANDARD.encode(*bytes)))
}

/// Signs a message: `v1,` and the HMAC-SHA256 of its id, its time and its body. Returns nothing if the text is no secret.
#[must_use]
pub fn signature(secret: &Secret, id: &str, at: Timestamp, body: &[u8]) -> Option<String> {
    let key = Zeroizing::new(STANDARD.decode(secret.expose().strip_prefix(SECRET)?).ok()?);
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
    context.update(format!("{id}.{}.", at.seconds()).as_bytes());
    context.update(body);
    Some(format!("v1,{}", STANDARD.encode(context.sign())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    /// The example that the specification's own libraries are tested with.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let secret = Secret::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed = signature(
            &secret,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            Timestamp(1_614_265_330_999),
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_are_drawn_as_the_specification_wants_them_and_nothing_else_signs() {
        let secret = draw_secret(&SystemRandom);
        assert!(!secret.is_same_as(&draw_secret(&SystemRandom)));
        assert_eq!(secret.expose().len(), "whsec_".len() + 44);
        assert!(signature(&secret, "a", Timestamp(0), b"").is_some());
        for text in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!"] {
            let signed = signature(&Secret::from(text), "a", Timestamp(0), b"");
            assert_eq!(signed.is_some(), text == "whsec_", "{text}");
        }
    }
}
