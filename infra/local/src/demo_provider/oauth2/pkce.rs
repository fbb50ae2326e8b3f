//! Proof Key for Code Exchange (RFC 7636), with S256 only.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::demo_provider::Fingerprint;

/// A `code_challenge`: the SHA-256 of the verifier.
#[derive(Debug, Clone, Copy)]
pub(super) struct CodeChallenge([u8; 32]);

impl CodeChallenge {
    /// Reads the parameter; `None` if no S256 challenge looks like this.
    pub(super) fn parse(parameter: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(parameter).ok()?.try_into().ok().map(Self)
    }

    /// True if `code_verifier` is well formed (RFC 7636 §4.1) and is what the challenge was made from (§4.6).
    pub(super) fn is_met_by(self, code_verifier: &str) -> bool {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        (43..=128).contains(&code_verifier.len())
            && code_verifier.bytes().all(unreserved)
            && verify_slices_are_equal(&self.0, &Fingerprint::of(code_verifier).0).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_7636_appendix_b() {
        let challenge = CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert!(challenge.is_met_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert!(!challenge.is_met_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"));
    }

    #[test]
    fn short_verifiers_and_challenges_are_refused() {
        let of_short = URL_SAFE_NO_PAD.encode(Fingerprint::of("short").0);
        assert!(!CodeChallenge::parse(&of_short).unwrap().is_met_by("short"));
        assert!(CodeChallenge::parse("short").is_none());
        assert!(CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM").is_none());
    }
}
