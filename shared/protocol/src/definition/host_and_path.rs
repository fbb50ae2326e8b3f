//! A host that a customer enters with a port and a path.

use crate::redirect_uri::http_url::HttpUrl;

/// The format of a host that may have a port and a path: `acme.example.com:8443/base`.
pub(super) const HOST_AND_PATH: &str = "host-and-path";

/// True if the text is `host[:port][/path]` and nothing else: no scheme, user name, query or fragment, and no step in the
/// path.
pub(super) fn is_host_and_path(text: &str) -> bool {
    let path = text.split_once('/').map_or("", |(_, path)| path);
    let is_plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:/[]".contains(&b));
    is_plain
        && !path.contains([':', '[', ']'])
        && !path.trim_end_matches('/').split('/').any(|name| name.is_empty() && !path.is_empty())
        && HttpUrl::parse(&format!("https://{text}")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_a_port_and_a_path_and_nothing_else() {
        for good in [
            "acme.example",
            "acme.example:8443",
            "acme.example/base",
            "a.example:1/b/c",
            "a.example/b/",
            "[2001:db8::1]:8443/b",
        ] {
            assert!(is_host_and_path(good), "{good}");
        }
        for bad in [
            "",
            "/base",
            "https://acme.example",
            "user@acme.example",
            "user:password@acme.example",
            "acme.example?a=b",
            "acme.example/#a",
            "acme.example/..",
            "acme.example/a/../b",
            "acme.example/./b",
            "acme.example//b",
            "acme.example/%2e%2e",
            "acme.example/..;/b",
            "acme.example:0",
            "acme.example:99999",
            "acme.example:80:90",
            "acme.example:",
            "acme example",
            "acme.example\\b",
            "acme..example",
            "acme.example/b:c",
        ] {
            assert!(!is_host_and_path(bad), "{bad}");
        }
    }
}
