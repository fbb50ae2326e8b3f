//! The files in `catalogue/`, and the page that is made of them.

#![expect(clippy::unwrap_used, reason = "a test's helper fails the test")]

mod check;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn connectors() -> BTreeMap<String, Value> {
    catalogue::files::resolved(&catalogue::files::read(&root().join("catalogue")).unwrap()).unwrap()
}

#[test]
fn every_file_is_a_definition_that_could_be_put() {
    let connectors = connectors();
    assert!(!connectors.is_empty());
    let mut found = Vec::new();
    for (key, file) in &connectors {
        found.extend(check::problems(key, file).into_iter().map(|problem| format!("{key}: {problem}")));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn no_two_connectors_are_alike() {
    let found = check::alike(&connectors());
    assert!(found.is_empty(), "{found:#?}");
}

/// Each rule is seen to find something.
#[test]
fn what_is_wrong_in_a_file_is_found() {
    let mut asana = connectors()["asana"].clone();
    // A note could say why something is not there.
    asana.as_object_mut().unwrap().remove("notes");
    let asana = &asana;
    let with = |place: &str, value: Value| {
        let mut file = asana.clone();
        file["notes"] = Value::Null;
        let (parent, name) = place.rsplit_once('/').unwrap();
        file.pointer_mut(parent).unwrap()[name] = value;
        check::problems("asana", &file)
    };
    assert!(check::problems("asana", asana).is_empty());
    for (place, value, problem) in [
        ("/documentation", Value::Null, "documentation"),
        ("/setup", Value::Null, "setup.uri"),
        ("/checked", json!({ "on": "today", "against": ["x"] }), "checked.on"),
        ("/checked", json!({ "on": "2026-01-31", "against": [] }), "checked.against"),
        ("/categories", json!([]), "categories"),
        ("/categories", json!(["things"]), "categories: \"things\""),
        ("/aliases", json!([3]), "aliases"),
        ("/parameters", json!({}), "parameters are the team's"),
        ("/lgoUri", json!("x"), "lgoUri is unknown"),
        ("/baseUri", json!("http://app.asana.com"), "http address"),
        ("/baseUri", json!("https://${parameters.host}"), "baseUri has `${parameters.host}`"),
        ("/authOptions/0/title", Value::Null, "authOptions[0].title"),
        ("/authOptions/1/test", Value::Null, "authOptions[1].test"),
        ("/authOptions/0/config/clientSecret", json!("x"), "config.clientSecret"),
        ("/authOptions/0/config/tokenUri", json!("https://${credentials.a}.example.com"), "config.tokenUri"),
        ("/authOptions/0/config/scopes", json!(["a b"]), "scopes[0]"),
        ("/authOptions/0/config/scopes", json!(["a", "a"]), "scopes[1] stands there twice"),
        ("/authOptions/1/inputSchema/properties/apiKey/title", Value::Null, "properties.apiKey.title"),
        ("/authOptions/1/inputSchema/properties/apiKey/type", json!("x"), "authOptions[1].inputSchema"),
        ("/parametersSchema", json!({ "type": "x" }), "parametersSchema"),
    ] {
        let found = with(place, value);
        assert!(found.iter().any(|it| it.contains(problem)), "{place}: {found:#?}");
    }
    assert!(!check::problems("As ana", asana).is_empty());
    let twin = [("asana".to_owned(), asana.clone()), ("other".to_owned(), asana.clone())].into();
    assert_eq!(check::alike(&twin).len(), 2);
}

/// `docs/connectors.md` is made of the files: `UPDATE=1 cargo test -p catalogue` writes it.
#[test]
fn the_page_lists_the_connectors() {
    let path = root().join("docs/connectors.md");
    let page = page(&connectors());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/connectors.md is not up to date: UPDATE=1 cargo test -p catalogue");
}

fn page(connectors: &BTreeMap<String, Value>) -> String {
    let mut page = format!(
        "# Connectors\n\n\
         Services whose addresses, headers and quirks are known: {}. An integration that names one needs nothing but the \
         team's registration; see [integrations.md](integrations.md#an-integration-with-a-connector). \
         [connectors-adding.md](connectors-adding.md) says how to add one, [connector-checks.md](connector-checks.md) what is \
         checked of each, and [most-wanted](most-wanted/README.md) has the most wanted ones beside their documentation.\n\n\
         This page is made from the files in `catalogue/` (`UPDATE=1 cargo test -p catalogue`).\n",
        connectors.len()
    );
    for (category, title) in check::CATEGORIES {
        let mut lines: Vec<(String, String)> = connectors
            .iter()
            .filter(|(_, file)| file["categories"].as_array().is_some_and(|of| of.contains(&json!(category))))
            .map(|(key, file)| line(key, file))
            .collect();
        if lines.is_empty() {
            continue;
        }
        lines.sort();
        write!(page, "\n## {title}\n\n| service | key | types | documentation |\n|---|---|---|---|\n")
            .unwrap();
        page.extend(lines.into_iter().map(|(_, line)| line));
    }
    page
}

/// A connector's line in a table, and the name to sort it by.
fn line(key: &str, file: &Value) -> (String, String) {
    let name = file["name"].as_str().unwrap_or_default();
    let mut types: Vec<&str> = Vec::new();
    for option in file["authOptions"].as_array().into_iter().flatten() {
        types.extend(option["type"].as_str());
    }
    types.dedup();
    let documentation = file["documentation"].as_str().unwrap_or_default();
    let host = documentation.trim_start_matches("https://").split('/').next().unwrap_or_default();
    let line = format!("| {name} | `{key}` | {} | [{host}]({documentation}) |\n", types.join(", "));
    (name.to_lowercase(), line)
}
