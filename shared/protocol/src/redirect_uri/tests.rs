mod evil;
mod generated;

use proptest::prelude::*;
use serde_json::json;
use url::Url;

use super::*;

#[test]
fn no_evil_address_matches() {
    assert!(evil::ADDRESSES.len() >= 60, "{}", evil::ADDRESSES.len());
    let patterns =
        patterns(&["https://good.example/callback", "https://good.example/app/*"], Loopback::Refused);
    for raw in evil::ADDRESSES {
        match RedirectUri::parse(raw, Loopback::Refused) {
            Ok(uri) => assert!(!patterns.iter().any(|pattern| pattern.matches(&uri)), "{raw:?}"),
            Err(error) => {
                let facts = (error.key(), &error.data()["field"]);
                assert_eq!(facts, (ErrorKey::RedirectUriNotAllowed, &json!("redirectUri")), "{raw:?}");
            }
        }
    }
}

#[test]
fn what_the_workspace_lists_matches() {
    for (entry, raw) in [
        ("https://good.example/callback", "https://good.example/callback"),
        ("https://good.example/callback", "HTTPS://GOOD.example:443/callback?next=/a#top"),
        ("https://GOOD.example:443/callback", "https://good.example/callback?#"),
        ("https://good.example", "https://good.example"),
        ("https://good.example", "https://good.example/"),
        ("https://good.example/", "https://good.example?a"),
        ("https://good.example:8443/a", "https://good.example:8443/a"),
        ("https://good.example/a%2Fb", "https://good.example/a%2Fb"),
        ("https://good.example/@user", "https://good.example/@user?email=a@b.example"),
        ("https://good.example/é", "https://good.example/%C3%A9"),
        ("https://xn--mnchen-3ya.example/", "https://xn--mnchen-3ya.example/"),
        ("https://10.0.0.5/a", "https://10.0.0.5/a"),
        ("https://[2001:db8::1]/a", "https://[2001:db8::1]/a"),
        ("https://good.example/app/*", "https://good.example/app/"),
        ("https://good.example/app/*", "https://good.example/app/x/y.z?q=../..#../"),
        ("https://good.example/app/*", "https://good.example/app/100%25/...;v=1/*/a%20b"),
        ("https://good.example/*", "https://good.example"),
        ("https://good.example/*", "https://good.example//evil.example"),
    ] {
        let pattern = RedirectUriPattern::parse(entry, Loopback::Refused).unwrap();
        let uri = RedirectUri::parse(raw, Loopback::Refused).unwrap();
        assert!(pattern.matches(&uri), "{entry} {raw}");
    }
}

#[test]
fn only_what_lies_under_a_path_matches_it() {
    let pattern = RedirectUriPattern::parse("https://good.example/app/*", Loopback::Refused).unwrap();
    for path in [
        "/",
        "/app",
        "/app2/x",
        "/apple",
        "/App/x",
        "/%61pp/x",
        "/app%2Fx",
        "//app/x",
        "/x/app/",
        "/app/%2f",
        "/app/%5C",
        "/app/a%2fb",
        "/app/..%2fx",
        "/app/..%5cx",
        "/app/%252e%252e/x",
        "/app/%25252e%2e/x",
        "/app/..;/x",
        "/app/%2e%2e;v=1/x",
        "/app/.;/x",
        "/app/%252f..",
        "/app/%c0%ae%c0%ae/x",
        "/app/%c0%afx",
        "/app/%00",
        "/app/%0d%0aX:",
    ] {
        if let Ok(uri) = RedirectUri::parse(&format!("https://good.example{path}"), Loopback::Refused) {
            assert!(!pattern.matches(&uri), "{path}");
        }
    }
}

#[test]
fn an_address_is_written_in_one_way_only() {
    for raw in [
        "https://10.1/a",
        "https://0x0a000001/a",
        "https://167772161/a",
        "https://012.0.0.1/a",
        "https://[2001:db8:0::1]/a",
        "https://[::ffff:10.0.0.1]/a",
    ] {
        assert!(RedirectUri::parse(raw, Loopback::Refused).is_err(), "{raw}");
    }
}

#[test]
fn loopback_hosts_are_for_the_local_run_only() {
    for raw in
        ["http://127.0.0.1:9000/a", "http://localhost/a", "http://[::1]:3000/a", "https://localhost:3000/a"]
    {
        assert!(RedirectUri::parse(raw, Loopback::Allowed).is_ok(), "{raw}");
        assert!(RedirectUri::parse(raw, Loopback::Refused).is_err(), "{raw}");
    }
    for raw in evil::NOT_QUITE_LOOPBACK {
        assert!(RedirectUri::parse(raw, Loopback::Allowed).is_err(), "{raw}");
    }
}

#[test]
fn an_open_port_is_for_loopback_hosts_in_the_local_run() {
    let uri = |raw| RedirectUri::parse(raw, Loopback::Allowed).unwrap();
    let any_path = RedirectUriPattern::parse("http://127.0.0.1:*", Loopback::Allowed).unwrap();
    let one_path = RedirectUriPattern::parse("http://127.0.0.1:*/a", Loopback::Allowed).unwrap();
    let root = RedirectUriPattern::parse("http://127.0.0.1:*/", Loopback::Allowed).unwrap();
    for (raw, expected) in [
        ("http://127.0.0.1:5555/a", [true, true, false]),
        ("http://127.0.0.1/a/b", [true, false, false]),
        ("http://127.0.0.1:80", [true, false, true]),
        ("http://localhost:5555/a", [false, false, false]),
        ("https://127.0.0.1:5555/a", [false, false, false]),
        ("https://good.example/a", [false, false, false]),
    ] {
        let uri = uri(raw);
        assert_eq!([&any_path, &one_path, &root].map(|pattern| pattern.matches(&uri)), expected, "{raw}");
    }
    assert!(RedirectUriPattern::parse("http://127.0.0.1:*", Loopback::Refused).is_err());
    assert!(RedirectUriPattern::parse("https://good.example:*/", Loopback::Allowed).is_err());
    assert!(RedirectUri::parse("http://127.0.0.1:*/a", Loopback::Allowed).is_err());
}

#[test]
fn an_entry_that_means_nothing_is_an_error() {
    for raw in [
        "",
        "*",
        "https://*",
        "https://*.good.example/",
        "https://good.example/a*",
        "https://good.example/*/a",
        "https://good.example/*/*",
        "https://good.example/**",
        "https://good.example/a?b",
        "https://good.example/a#b",
        "https://good.example/a?",
        "https://user@good.example/",
        "https://good.example/a/../b",
        "http://good.example/",
        "https://good.example:*",
        "https://good.example./",
        "good.example",
        "/a",
        "null",
        "custom://good.example/",
        "https://good.example\\a",
        "https://good.example/a b",
    ] {
        let error = RedirectUriPattern::parse(raw, Loopback::Refused).unwrap_err();
        assert_eq!(
            (error.key(), &error.data()["field"]),
            (ErrorKey::RequestMalformed, &json!("redirectUris")),
            "{raw}"
        );
    }
}

#[test]
fn with_result_keeps_what_is_the_callers() {
    let result = [("connectionId", "c1"), ("customState", "a&b=#c d/é+%")];
    let appended = "connectionId=c1&customState=a%26b%3D%23c%20d%2F%C3%A9%2B%25";
    for (own, kept) in [
        ("", "?"),
        ("?", "?"),
        ("?a&b=&=c&&", "?a&b=&=c&&&"),
        ("?a=1&a=2", "?a=1&a=2&"),
        ("?next=/x?y=z&q='\"<>[]{}|^`", "?next=/x?y=z&q='\"<>[]{}|^`&"),
        ("?%zz=%&+=%2B", "?%zz=%&+=%2B&"),
        ("?q=é", "?q=%C3%A9&"),
        (
            "?errors=2&error2&xerror=3&a=error&error.x&a[error]=1&a;b",
            "?errors=2&error2&xerror=3&a=error&error.x&a[error]=1&a;b&",
        ),
        ("?connectionId=forged", "?"),
        ("?error&errorData=&customState=x&connectionId", "?"),
        ("?a&e%72ror=x&b", "?a&b&"),
        ("?%63onnectionId=forged&b&connectionId=again", "?b&"),
        ("?+connectionId=forged&%20error=1&b", "?b&"),
        ("?e%2572ror=kept", "?e%2572ror=kept&"),
    ] {
        for fragment in ["", "#", "#/route?error=1&a=%", "#a#b", "#é"] {
            let uri =
                RedirectUri::parse(&format!("https://good.example/a{own}{fragment}"), Loopback::Refused)
                    .unwrap();
            let fragment = fragment.replace('é', "%C3%A9");
            assert_eq!(uri.with_result(&result), format!("https://good.example/a{kept}{appended}{fragment}"));
        }
    }
    let uri = RedirectUri::parse("https://GOOD.example:443", Loopback::Refused).unwrap();
    assert_eq!(uri.with_result(&[("error", "no")]), "https://good.example/?error=no");
    assert_eq!(uri.with_result(&[]), "https://good.example/");
}

/// A result's name in the caller's own query, as some reader would take it for the result.
#[test]
fn no_way_to_write_a_results_name_stays() {
    let uppercase = |name: &str| name.to_uppercase();
    let capital = |name: &str| format!("{}{}", &name[..1].to_uppercase(), &name[1..]);
    let escaped = |name: &str| name.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02x}"));
    for name in RESULT_PARAMETERS {
        for name in [name.to_owned(), uppercase(name), name.to_lowercase(), capital(name), escaped(name)] {
            for (before, after) in [
                ("", ""),
                ("", "[]"),
                ("", "[0]"),
                ("", "[a]"),
                ("", "[a][b]"),
                ("", "["),
                ("", "]"),
                ("", "%5B%5D"),
                ("", "%5b0%5d"),
                ("", "+"),
                ("", "%20[]"),
                ("", "%00"),
                ("", "%00x"),
                ("+", ""),
                ("%20%09%0a", "+"),
                ("[", "]"),
                ("%5B", "%5D[]"),
                ("?", ""),
                ("%3f", ""),
            ] {
                for value in ["", "=", "=forged", "=a=b", "=%26"] {
                    let pair = format!("{before}{name}{after}{value}");
                    for (own, kept) in [
                        (pair.clone(), "?"),
                        (format!("a=%zz+é&{pair}&[b]=;c&"), "?a=%zz+%C3%A9&[b]=;c&&"),
                        (format!("a;{pair};b"), "?a;b&"),
                        (format!("a&amp;{pair}&{pair}"), "?a&amp&"),
                        (format!("&&{pair}"), "?&&"),
                    ] {
                        let raw = format!("https://good.example/a?{own}#{pair}");
                        let Ok(uri) = RedirectUri::parse(&raw, Loopback::Refused) else {
                            panic!("{raw}");
                        };
                        let sent = uri.with_result(&[("error", "no")]);
                        assert_eq!(sent, format!("https://good.example/a{kept}error=no#{pair}"), "{raw}");
                    }
                }
            }
        }
    }
}

#[test]
fn an_address_is_at_most_2_kib() {
    let longest = format!("https://good.example/?{}", "a".repeat(MAX_BYTES - 22));
    assert_eq!(longest.len(), 2048);
    assert!(RedirectUri::parse(&longest, Loopback::Refused).is_ok());
    assert!(RedirectUri::parse(&format!("{longest}a"), Loopback::Refused).is_err());
}

#[test]
fn debug_shows_neither_query_nor_fragment() {
    let uri = RedirectUri::parse("https://good.example/a?session=s3#s3", Loopback::Refused).unwrap();
    assert_eq!(format!("{uri:?}"), "RedirectUri(https://good.example/a)");
}

proptest! {
    #[test]
    fn a_result_never_changes_where_it_goes(
        path in "[/a-z.%2efé;@:*]{0,12}", own in "([?&=#%a-zé+/@:]|error|connectionId|%65rror){0,20}", state in any::<String>(),
    ) {
        let raw = format!("https://good.example/{path}?{own}");
        prop_assume!(!state.is_empty());
        if let Ok(uri) = RedirectUri::parse(&raw, Loopback::Refused) {
            let (before, after) = (Url::parse(&raw).unwrap(), uri.with_result(&[("customState", &state)]));
            prop_assert!(after.is_ascii());
            let after = Url::parse(&after).unwrap();
            prop_assert_eq!((before.origin(), before.path()), (after.origin(), after.path()));
            let named: Vec<_> = after.query_pairs().filter(|(name, _)| RESULT_PARAMETERS.contains(&&**name)).collect();
            prop_assert_eq!(named, [("customState".into(), state.into())]);
            prop_assert_eq!(RedirectUri::parse(uri.as_str(), Loopback::Refused).unwrap(), uri);
        }
    }

    #[test]
    fn no_text_is_read_otherwise_than_a_browser_reads_it(raw in "(https?:)?[/\\\\]{0,3}[a-z0-9.:@#?%/\\\\\\[\\]é\t-]{0,24}") {
        if let Ok(uri) = RedirectUri::parse(&raw, Loopback::Allowed) {
            let browser = Url::parse(&raw).unwrap();
            let sent = Url::parse(&uri.with_result(&[])).unwrap();
            prop_assert_eq!((browser.origin(), browser.path()), (sent.origin(), sent.path()));
            prop_assert!(browser.username().is_empty() && browser.password().is_none());
        }
    }
}

fn patterns(entries: &[&str], loopback: Loopback) -> Vec<RedirectUriPattern> {
    entries.iter().map(|entry| RedirectUriPattern::parse(entry, loopback).unwrap()).collect()
}
