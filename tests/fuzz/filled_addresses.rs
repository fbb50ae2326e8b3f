//! Addresses that are filled in: each value stays in the part where its placeholder stands.

use protocol::definition::template::Address;
use protocol::redirect_uri::Loopback;
use serde_json::{Map, Value, json};
use url::Url;

use crate::grammar::TEXTS;
use crate::inputs::{Inputs, assert_reached};
use crate::refusals::assert_typed;
use crate::templates::World;

#[test]
fn a_value_stays_in_its_part_of_an_address() {
    let addresses = [
        "https://${parameters.host}.example.com/v1/${parameters.path}/end?q=${parameters.query}#${parameters.fragment}",
        "https://api.${parameters.host}.example.com/${parameters.path}",
        "https://api.example.com/${parameters.path}/${parameters.path}?q=${parameters.query}&r=1",
    ]
    .map(|source| Address::parse(source).unwrap());
    let words = &[
        "..",
        "/",
        "\\",
        "@",
        ":",
        "#",
        "?",
        "&",
        "=",
        "%2e",
        "%2f",
        "%",
        ".",
        "-",
        "\u{3002}",
        "\u{ff0f}",
        "\t",
        "evil.example",
        "xn--a",
        "\0",
        "\r\n",
        "+",
        " ",
        ";",
        "[::1]",
        "127.0.0.1",
    ];
    let mut made = 0;
    for input in Inputs::mutated("values", 4_000).and(TEXTS.iter().copied()).with_words(words) {
        let text = String::from_utf8_lossy(&input);
        let mut lines = text.splitn(4, '\n').chain(std::iter::repeat("x"));
        let names = ["host", "path", "query", "fragment"];
        let values: Map<String, Value> =
            names.into_iter().map(|name| (name.to_owned(), json!(lines.next()))).collect();
        let world = World::new(&Value::Object(values.clone()));
        for address in &addresses {
            let url = match world.with(|maker| address.render(&maker.values(), Loopback::Refused)) {
                Ok(url) => url,
                Err(error) => {
                    assert_typed(&error);
                    continue;
                }
            };
            made += 1;
            assert_in_place(address.as_str(), &url, &values);
        }
    }
    assert_reached(made > 500, &format!("{made}"));
}

/// Asserts that the address is the template with each value in its place, as the crate `url` reads it.
fn assert_in_place(template: &str, url: &Url, values: &Map<String, Value>) {
    let plain = Url::parse(&template.replace("${parameters.", "X").replace('}', "")).unwrap();
    let host = url.host_str().unwrap();
    assert!(host.ends_with(".example.com") || host == "api.example.com", "{url}");
    assert_eq!(
        (url.scheme(), url.username(), url.password(), url.port()),
        ("https", "", None, None),
        "{url}"
    );
    let segments = |url: &Url| url.path_segments().unwrap().count();
    assert_eq!(segments(url), segments(&plain), "{url}");
    assert!(url.path_segments().unwrap().all(|segment| !matches!(segment, "." | "..")), "{url}");
    let pairs: Vec<_> = url.query_pairs().collect();
    assert_eq!(pairs.len(), plain.query_pairs().count(), "{url}");
    if let Some((_, value)) = pairs.first() {
        assert_eq!(*value, values["query"].as_str().unwrap(), "{url}");
    }
    assert_eq!(url.fragment().is_some(), plain.fragment().is_some(), "{url}");
}
