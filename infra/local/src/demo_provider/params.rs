//! Parameters as RFC 6749 reads them.

use std::collections::HashSet;

/// The parameters of a request to the authorization, token or revocation endpoint.
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `application/x-www-form-urlencoded` text: a query or a body (RFC 6749 appendix B).
    pub(super) fn parse(encoded: &[u8]) -> Self {
        // "Parameters sent without a value MUST be treated as if they were omitted" (RFC 6749 §3.1 and §3.2).
        Self(
            url::form_urlencoded::parse(encoded)
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that appears twice, which none may (RFC 6749 §3.1 and §3.2).
    pub(super) fn repeated(&self) -> Option<&str> {
        let mut seen = HashSet::new();
        self.0.iter().map(|(name, _)| name.as_str()).find(|name| !seen.insert(*name))
    }

    /// True if `name` appears more than once.
    pub(super) fn is_repeated(&self, name: &str) -> bool {
        self.0.iter().filter(|(given, _)| given == name).count() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_is_omitted_and_twice_is_found() {
        let params = Params::parse(b"state=a%20b+c&scope=&code=1&code=2");
        assert_eq!(params.get("state"), Some("a b c"));
        assert_eq!(params.get("scope"), None);
        assert_eq!(params.repeated(), Some("code"));
        assert!(params.is_repeated("code") && !params.is_repeated("state"));
    }
}
