use proptest::prelude::*;
use url::Url;

use crate::path::{Doubt, doubt};
use crate::redirect_uri::{Loopback, OwnRoutes, percent_encoded};

use super::*;

const SUBDOMAIN: &str = "https://${parameters.x}.example.com/oauth/authorize";

/// Values that try to leave the part of the address that their placeholder stands in.
const ESCAPES: &[&str] = &[
    "",
    ".",
    "..",
    "a.",
    ".a",
    "a..b",
    "evil.example/",
    "evil.example#",
    "evil.example?",
    "evil.example%23",
    "evil.example%2f",
    "evil.example\\",
    "x.evil.example\\",
    "evil.example:443",
    "evil.example:443/",
    "evil.example:443#",
    "a@evil",
    "a@evil.example/",
    "a:b@evil.example/",
    "evil.example/@",
    "//evil.example/",
    "https://evil.example/",
    "evil.example/?x=",
    "evil.example;",
    "evil.example,",
    "a&b",
    "evil。example",
    "evil．example",
    "evil｡example",
    "evil.example／",
    "evil.example＃",
    "ｅvil",
    "évil",
    "evil\u{ad}",
    "evil\u{200d}",
    "%2e",
    "%2e%2e",
    "%65vil",
    "evil.example%00",
    "evil.example\0",
    "evil.example\t/",
    "evil.example\n",
    "evil.example\r\nHost: evil",
    " evil.example",
    "evil.example ",
    "[::1]",
    "127.0.0.1:80#",
    "169.254.169.254/latest/meta-data?",
    "${parameters.y}",
    "a_b",
    "*",
];

#[test]
fn a_host_is_filled_with_a_plain_name() {
    for (value, expected) in [
        (json!("acme"), "https://acme.example.com/oauth/authorize"),
        (json!("ACME-1"), "https://acme-1.example.com/oauth/authorize"),
        (json!("eu.acme"), "https://eu.acme.example.com/oauth/authorize"),
        (json!("evil.example.com.evil"), "https://evil.example.com.evil.example.com/oauth/authorize"),
        (json!(7), "https://7.example.com/oauth/authorize"),
    ] {
        assert_eq!(url(SUBDOMAIN, &json!({ "x": value })).unwrap().as_str(), expected);
    }
}

#[test]
fn no_value_leaves_the_host_that_it_stands_in() {
    for template in [
        SUBDOMAIN,
        "https://${parameters.x}.example.com",
        "https://${parameters.x}.example.com:8443/a",
        "https://api-${parameters.x}.example.com?a",
        "https://api.${parameters.x}",
        "https://${parameters.x}/a",
    ] {
        for value in ESCAPES {
            match url(template, &json!({ "x": value })) {
                Err(error) => {
                    assert_invalid(&error, "connectionParameters.x");
                    assert!(value.len() < 5 || !error.message().contains(value), "{}", error.message());
                }
                Ok(url) => panic!("{template} with {value:?} gives {url}"),
            }
        }
    }
}

#[test]
fn no_value_leaves_the_path_or_query_that_it_stands_in() {
    for value in ESCAPES {
        let parameters = json!({ "x": value });
        match url("https://api.example.com/v1/${parameters.x}/token?a=${parameters.x}&b", &parameters) {
            Ok(url) => {
                assert_eq!(url.host_str(), Some("api.example.com"));
                assert_eq!((url.port(), url.username(), url.fragment()), (None, "", None));
                let segments: Vec<&str> = url.path_segments().unwrap().collect();
                assert_eq!((segments.len(), segments[0], segments[2]), (3, "v1", "token"), "{url}");
                let pairs: Vec<_> = url.query_pairs().collect();
                assert_eq!(pairs, [("a".into(), (*value).into()), ("b".into(), "".into())]);
            }
            Err(error) => {
                let in_doubt = doubt(&percent_encoded(value));
                assert!(in_doubt > Some(Doubt::Separator), "{value}: {in_doubt:?}");
                assert_invalid(&error, "connectionParameters.x");
            }
        }
    }
    let url =
        url("https://api.example.com/a?q=${parameters.x}#${parameters.x}", &json!({ "x": "../a b&c=é+%41" }));
    let encoded = "..%2Fa%20b%26c%3D%C3%A9%2B%2541";
    assert_eq!(url.unwrap().as_str(), format!("https://api.example.com/a?q={encoded}#{encoded}"));
}

/// A server that decodes before it routes would climb.
#[test]
fn a_value_cannot_climb_in_the_path() {
    let template = "https://api.example.com/v1/${parameters.x}/token?a=${parameters.x}";
    for value in [
        "../x",
        "a/../x",
        "a/..",
        "..\\x",
        "..;",
        "..;v=1",
        "..?",
        "..#",
        ".. ",
        "%2e%2e",
        "%2e%2e%2fx",
        "%252e%252e",
        "%c0%ae%c0%ae",
        "a\0",
        "a%00",
        "a\r\nb",
    ] {
        assert_invalid(&url(template, &json!({ "x": value })).unwrap_err(), "connectionParameters.x");
        assert!(url("https://api.example.com/v1?a=${parameters.x}", &json!({ "x": value })).is_ok());
    }
    for value in ["group/project", "a..b", "...", "a;b", "100%", "café"] {
        assert!(url(template, &json!({ "x": value })).is_ok(), "{value}");
    }
}

#[test]
fn a_value_cannot_complete_a_dot_segment() {
    for (template, value) in [
        ("https://api.example.com/a/.${parameters.x}/b", "."),
        ("https://api.example.com/a/.${parameters.x}/b", ""),
        ("https://api.example.com/a/%2e${parameters.x}", "."),
        ("https://api.example.com/a/${parameters.x}%2E", "."),
        ("https://api.example.com/a/${parameters.x}${parameters.x}", "."),
    ] {
        assert_invalid(&url(template, &json!({ "x": value })).unwrap_err(), "connectionParameters.x");
    }
    let two = url("https://api.example.com/${parameters.x}/${parameters.y}", &json!({ "x": "..", "y": "a" }));
    assert_invalid(&two.unwrap_err(), "connectionParameters.x");
    assert!(url("https://api.example.com/a?${parameters.x}", &json!({ "x": ".." })).is_ok());
}

#[test]
fn an_ip_address_is_written_in_one_way_only() {
    assert!(url("https://${parameters.x}/a", &json!({ "x": "203.0.113.7" })).is_ok());
    for value in ["203.0.28935", "3405803783", "0xcb007107", "0313.0.0161.7"] {
        let error = url("https://${parameters.x}/a", &json!({ "x": value })).unwrap_err();
        assert_invalid(&error, "connectionParameters.x");
    }
}

#[test]
fn an_address_may_be_the_customers_own() {
    for (value, expected) in [
        ("https://acme.example", "https://acme.example/oauth"),
        ("https://acme.example/", "https://acme.example/oauth"),
        ("https://acme.example:8443/base//", "https://acme.example:8443/base/oauth"),
        ("HTTPS://ACME.example/Base", "https://acme.example/Base/oauth"),
    ] {
        assert_eq!(url("${parameters.x}/oauth", &json!({ "x": value })).unwrap().as_str(), expected);
    }
    for value in [
        "",
        "acme.example",
        "//acme.example",
        "https:acme.example",
        "https:///acme.example",
        "http://acme.example",
        "ftp://acme.example",
        "javascript://acme.example",
        "https://user@acme.example",
        "https://user:password@acme.example",
        "https://acme.example?x=",
        "https://acme.example/#",
        "https://acme.example/..",
        "https://acme.example/%2e%2e/x",
        "https://acme.example\\x",
        "https://acme.example:*",
        "https://acme.example:0",
        "https://acme。example",
        "https://acme.example\n",
        " https://acme.example",
        "https://127.0.0.1",
        "https://2130706433",
        "https://localhost:9000",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
    ] {
        let error = url("${parameters.x}/oauth", &json!({ "x": value })).unwrap_err();
        assert_invalid(&error, "connectionParameters.x");
        assert!(value.len() < 9 || !error.message().contains(value), "{}", error.message());
    }
}

#[test]
fn a_template_that_is_no_address_is_a_fault_of_the_definition() {
    for template in [
        "",
        "/oauth",
        "api.example.com/oauth",
        "//api.example.com",
        "http://api.example.com/",
        "ftp://api.example.com/",
        "https:///x",
        "https://user@api.example.com/",
        "https://user@${parameters.x}.example.com/",
        "https://${parameters.x}@evil.example/",
        "https://${parameters.x}\\.example.com/",
        "https://${parameters.x}%2eexample.com/",
        "https://api.example.com:${parameters.x}/",
        "https://api.example.com:8${parameters.x}/",
        "https://api.example.com:99999/",
        "https://api.example.com:*/",
        "https://api.example.com/../x",
        "https://api.example.com/a/..;/x",
        "https://api.example.com/a/%252e%252e/x",
        "https://api.example.com/a%2f..%2fx",
        "https://api.example.com/%c0%ae%c0%ae/x",
        "https://api.example.com/a%00",
        "https://api.example.com/a b/${parameters.x}",
        "https://api.example.com\\${parameters.x}",
        "https://exämple.com/",
        "https://127.0.0.1/",
        "http://${parameters.x}.example.com/",
        "x?u=https://${parameters.x}.example.com/",
        "http${parameters.x}://api.example.com/",
        "h${parameters.x}",
        "${parameters.x}.example.com/",
        "${parameters.x}@example.com/",
        "${parameters.x}${parameters.x}",
    ] {
        let error = url(template, &json!({ "x": "acme" })).unwrap_err();
        assert_eq!(error.key(), ErrorKey::ConfigurationInvalid, "{template}: {error}");
        let problem = Address::parse(template).unwrap().problem(Loopback::Refused, &OwnRoutes::default());
        assert!(problem.is_some(), "{template} is found out only when it is used");
    }
}

#[test]
fn a_template_that_some_value_makes_an_address_of_has_no_problem() {
    for template in [
        SUBDOMAIN,
        "https://api.example.com:8443/v1/${parameters.x}?a=${parameters.x}#${parameters.x}",
        "https://${parameters.x}/a",
        "https://${parameters.x}.${parameters.y}/a",
        "${parameters.x}",
        "${parameters.x}/oauth?a=b",
        "https://203.0.113.7.example.com/",
        "https://1.1.1.1/",
    ] {
        assert_eq!(
            Address::parse(template).unwrap().problem(Loopback::Refused, &OwnRoutes::default()),
            None,
            "{template}"
        );
    }
    for template in ["http://${parameters.x}:9000/token", "http://localhost/${parameters.x}"] {
        assert_eq!(
            Address::parse(template).unwrap().problem(Loopback::Allowed, &OwnRoutes::default()),
            None,
            "{template}"
        );
        assert!(
            Address::parse(template).unwrap().problem(Loopback::Refused, &OwnRoutes::default()).is_some(),
            "{template}"
        );
    }
}

#[test]
fn a_literal_private_address_is_a_problem() {
    for host in ["10.0.0.1", "169.254.169.254", "192.168.1.1", "[fd00:ec2::254]", "[::ffff:10.0.0.1]"] {
        for loopback in [Loopback::Refused, Loopback::Allowed] {
            let address = Address::parse(&format!("https://{host}/token")).unwrap();
            assert!(address.problem(loopback, &OwnRoutes::default()).is_some(), "{host}");
        }
    }
}

#[test]
fn loopback_hosts_are_for_the_local_run_only() {
    let local = [
        ("http://127.0.0.1:9000/token", "a"),
        ("http://localhost/${parameters.x}", "a"),
        ("http://${parameters.x}:9000/token", "localhost"),
        ("${parameters.x}/token", "http://[::1]:9000"),
    ];
    for (template, value) in local {
        let parameters = json!({ "x": value });
        assert!(render(template, &parameters, Loopback::Allowed).is_ok(), "{template}");
        assert!(render(template, &parameters, Loopback::Refused).is_err(), "{template}");
    }
    for value in ["127.0.0.2", "127.1", "2130706433", "0.0.0.0", "0x7f.1", "a.localhost", "acme.example"] {
        assert!(
            render("http://${parameters.x}/", &json!({ "x": value }), Loopback::Allowed).is_err(),
            "{value}"
        );
    }
}

#[test]
fn values_come_from_their_own_root() {
    let of = |value: &str| json!({ "x": value }).as_object().cloned().unwrap();
    let (parameters, credentials, connector) = (of("p"), of("c"), of("w"));
    let values = Values {
        parameters: &parameters,
        credentials: &credentials,
        connector_parameters: &connector,
        integration: &connector,
        maker: None,
        callback_uri: None,
        authorities: &[],
        means: &[],
        closed: None,
        may_lack: false,
    };
    let template = "https://${parameters.x}.example.com/${credentials.x}/${connectorParameters.x}";
    let url = Address::parse(template).unwrap().render(&values, Loopback::Refused).unwrap();
    assert_eq!(url.as_str(), "https://p.example.com/c/w");
}

#[test]
fn what_no_schema_binds_names_no_host() {
    let given = json!({ "x": "evil", "url": "https://evil.example" });
    let none = Map::new();
    let values = Values {
        parameters: &none,
        credentials: &none,
        connector_parameters: given.as_object().unwrap(),
        integration: &none,
        maker: None,
        callback_uri: None,
        authorities: &[],
        means: &[],
        closed: None,
        may_lack: false,
    };
    for template in ["https://${connectorParameters.x}.example.com/", "${connectorParameters.url}/token"] {
        let error = Address::parse(template).unwrap().render(&values, Loopback::Refused).unwrap_err();
        assert_eq!(error.key(), ErrorKey::ConfigurationInvalid, "{template}");
    }
}

proptest! {
    #[test]
    fn the_host_is_always_what_the_literal_parts_promise(
        value in prop_oneof!["[a-z0-9.%@:/?#\\\\-]{1,16}", "[a-zA-Z0-9.-]{1,8}", any::<String>()],
    ) {
        let parameters = json!({ "x": value });
        if let Ok(url) = url("https://api-${parameters.x}.example.com:8443/${parameters.x}?${parameters.x}", &parameters) {
            let host = url.host_str().unwrap();
            prop_assert!(host.starts_with("api-") && host.ends_with(".example.com"), "{}", url);
            prop_assert_eq!((url.scheme(), url.port(), url.username(), url.password()), ("https", Some(8443), "", None));
        }
        if let Ok(url) = url("https://example.com/${parameters.x}/b?a=${parameters.x}", &parameters) {
            prop_assert!(url.as_str().starts_with("https://example.com/") && url.path().ends_with("/b"));
            prop_assert_eq!(url.query_pairs().next().unwrap().1, value);
        }
    }
}

fn url(template: &str, parameters: &Value) -> Result<Url> {
    render(template, parameters, Loopback::Refused)
}

fn render(template: &str, parameters: &Value, loopback: Loopback) -> Result<Url> {
    with_parameters(parameters, |values| Address::parse(template)?.render(values, loopback))
}
