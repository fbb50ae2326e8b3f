//! The error codes of providers: those of the standards, and what may be one.

/// The error codes of a token response (RFC 6749 §5.2).
pub(super) const REGISTERED: &[&str] = &[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// The codes of RFC 6749 (§4.1.2.1, §5.2) and RFC 8628 (§3.5) that say nothing about the credentials.
pub(super) const ABOUT_SOMETHING_ELSE: &[&str] = &[
    "invalid_client",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "server_error",
    "temporarily_unavailable",
    "slow_down",
];

/// True for words of one case, joined by `_`, `-`, `.` or `/`: `invalid_auth`, `BAD_REFRESH_TOKEN`. Any other text
/// from a provider may be a token, and stays out of the log.
pub(super) fn reads_like_a_code(text: &str) -> bool {
    let is_word = |word: &str| {
        (1..=24).contains(&word.len())
            && (word.bytes().all(|byte| byte.is_ascii_lowercase())
                || word.bytes().all(|byte| byte.is_ascii_uppercase()))
    };
    text.len() <= 64 && text.split(['_', '-', '.', '/']).all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_no_code() {
        for secret in
            ["tGzv3JOkF0XG5Qx2TlKWIA", "client!+secret", "1234", "", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"]
        {
            assert!(!reads_like_a_code(secret), "{secret}");
        }
        for code in ["invalid_auth", "BAD_REFRESH_TOKEN", "token_revoked", "auth/expired"] {
            assert!(reads_like_a_code(code), "{code}");
        }
    }
}
