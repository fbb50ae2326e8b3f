//! Redirect targets: one that is accepted is what the workspace lists, or below it. The crate `url` reads it as a browser does.

use percent_encoding::percent_decode;
use protocol::redirect_uri::{
    Loopback, OwnRoutes, RESULT_PARAMETERS, RedirectUri, RedirectUriPattern, WebOrigin, WebOriginPattern,
};
use tests::answer::parameter;
use url::Url;

use crate::inputs::{Inputs, assert_reached};
use crate::refusals::assert_names_field;

const WORDS: &[&str] = &[
    "https://",
    "http://",
    "//",
    "\\",
    "@",
    ":443",
    ":8443",
    ":*",
    "/*",
    "*",
    "%2f",
    "%5c",
    "%2e%2e",
    "%252e",
    "..",
    ".;",
    "..;/",
    "?",
    "#",
    "&",
    "connectionId=x",
    "error=",
    "%63ustomState=x",
    "evil.example",
    "good.example",
    ".good.example",
    "127.0.0.1",
    "localhost",
    "[::1]",
    "2130706433",
    "\t",
    "\r\n",
    "%00",
    "%c0%ae",
    "\u{3002}",
    "\u{ff0f}",
    "\u{200b}",
    "xn--",
    "/app/",
    "/callback",
];

/// True if no reading of the path, however often it is decoded, steps out of it.
fn has_no_step(path: &str) -> bool {
    let mut read = path.as_bytes().to_vec();
    for _ in 0..12 {
        let is_end = |byte: &u8| matches!(byte, b'/' | b'\\');
        let is_step = |segment: &[u8]| {
            let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
            matches!(name, b"." | b"..")
        };
        if read.split(is_end).any(is_step) {
            return false;
        }
        read = percent_decode(&read).collect();
    }
    true
}

/// Asserts that a browser which is sent to the address stays at what the entry lists.
fn assert_stays(entry: &str, uri: &RedirectUri, location: &str) {
    let to = Url::parse(location).unwrap();
    let (directory, is_directory) = match entry.strip_suffix('*') {
        Some(directory) => (directory, true),
        None => (entry, false),
    };
    let listed = Url::parse(directory).unwrap();
    let place =
        |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default());
    assert_eq!(place(&to), place(&listed), "{entry} leads to {location}");
    assert_eq!((to.scheme(), to.username(), to.password()), ("https", "", None), "{location}");
    if is_directory {
        assert!(to.path().starts_with(listed.path()), "{entry} leads to {location}");
        assert!(has_no_step(&to.path()[listed.path().len()..]), "{entry} leads to {location}");
    } else {
        assert_eq!(to.path(), listed.path(), "{entry} leads to {location}");
    }
    assert_eq!(uri.origin().to_string(), to.origin().ascii_serialization());
}

#[test]
fn a_target_that_is_accepted_is_what_is_listed_or_below_it() {
    let mut allowed = 0;
    for input in Inputs::mutated("addresses", 10_000).with_words(WORDS) {
        let text = String::from_utf8_lossy(&input);
        let (entry, address) = text.split_once('\n').unwrap_or(("https://good.example/app/*", &text));
        let pattern = RedirectUriPattern::parse(entry, Loopback::Refused);
        let uri = RedirectUri::parse(address, Loopback::Refused);
        let (pattern, uri) = match (pattern, uri) {
            (Ok(pattern), Ok(uri)) => (pattern, uri),
            (pattern, uri) => {
                pattern.err().iter().for_each(assert_names_field);
                uri.err().iter().for_each(assert_names_field);
                continue;
            }
        };
        assert!(
            RedirectUri::parse(uri.as_str(), Loopback::Refused).is_ok_and(|again| again == uri),
            "{address:?}"
        );
        if !pattern.matches(&uri) {
            continue;
        }
        allowed += 1;
        let location = uri.with_result(&[("connectionId", "c1"), ("customState", "a b&c#d")]);
        assert_stays(entry, &uri, &location);
        assert!(location.is_ascii() && !location.bytes().any(|byte| byte.is_ascii_control()), "{location:?}");
        // Nobody but us says how it ended.
        let to = Url::parse(&location).unwrap();
        for name in RESULT_PARAMETERS {
            let expected = match name {
                "connectionId" => Some("c1".to_owned()),
                "customState" => Some("a b&c#d".to_owned()),
                _ => None,
            };
            assert_eq!(parameter(&to, name), expected, "{name} in {location}");
            assert_eq!(
                to.query_pairs().filter(|(given, _)| given == name).count(),
                usize::from(expected.is_some())
            );
        }
    }
    assert_reached(allowed > 200, &format!("{allowed}"));
}

#[test]
fn an_origin_that_is_accepted_is_the_browsers_own() {
    let own = OwnRoutes::default();
    own.begin_at("https://good.example");
    let mut accepted = 0;
    for input in Inputs::mutated("origins", 10_000).with_words(WORDS) {
        let text = String::from_utf8_lossy(&input);
        for loopback in [Loopback::Refused, Loopback::Allowed] {
            if let Err(error) = WebOriginPattern::parse(&text, loopback) {
                assert_names_field(&error);
            }
        }
        // What is no route at any reading of a browser's must not be ours, and the other way round.
        if own.have(&text) {
            let url = Url::parse(&text).unwrap();
            assert_eq!(url.host_str().map(|host| host.trim_end_matches('.')), Some("good.example"), "{text}");
        }
        let Ok(origin) = WebOrigin::parse(&text) else { continue };
        accepted += 1;
        assert_eq!(Url::parse(&text).unwrap().origin().ascii_serialization(), origin.to_string(), "{text:?}");
    }
    assert_reached(accepted > 100, &format!("{accepted}"));
}
