//! Addresses made of what open-redirect payloads are made of. None that is accepted leaves what the workspace lists.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use url::Url;

use super::super::*;
use super::patterns;

/// Delimiters, what some parser takes for one, escapes of both, and hosts.
const PARTS: &[&str] = &[
    "/",
    "//",
    "\\",
    "/\\",
    "%2f",
    "%5c",
    "%252f",
    "..",
    ".",
    "%2e%2e",
    "%2e",
    "..;",
    ";",
    ":",
    "@",
    "%40",
    "?",
    "#",
    "%23",
    "%3f",
    "&",
    "=",
    "\t",
    "\n",
    "\r",
    " ",
    "%09",
    "%0a",
    "%0d%0a",
    "%00",
    "%20",
    "\u{200b}",
    "\u{3002}",
    "\u{ff0f}",
    "\u{ff0e}",
    "%e3%80%82",
    "%c0%ae",
    "http:",
    "https:",
    "javascript:alert(1)",
    "data:,",
    "evil.example",
    "good.example",
    "good.example.evil.example",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "2130706433",
    "443",
    "callback",
    "app",
    "x",
];

/// What stands before.
const STARTS: &[&str] = &[
    "",
    "https://",
    "https://good.example",
    "https://good.example/",
    "https://good.example/app/",
    "https://good.example/callback",
    "https://good.example:443/app/",
];

/// True if a browser that is sent there stays where the workspace lists.
pub(super) fn stays(location: &str) -> bool {
    let Ok(url) = Url::parse(location) else { return false };
    let path = url.path();
    url.origin().ascii_serialization() == "https://good.example"
        && url.username().is_empty()
        && (path == "/callback" || path.starts_with("/app/"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn no_generated_address_leaves_what_the_workspace_lists(
        start in select(STARTS), parts in vec(select(PARTS), 0..8),
    ) {
        let raw = format!("{start}{}", parts.concat());
        let listed = patterns(&["https://good.example/callback", "https://good.example/app/*"], Loopback::Refused);
        if let Ok(uri) = RedirectUri::parse(&raw, Loopback::Refused)
            && listed.iter().any(|pattern| pattern.matches(&uri))
        {
            let location = uri.with_result(&[("connectionId", "c1")]);
            prop_assert!(stays(&location), "{:?} leads to {:?}", raw, location);
        }
    }
}
