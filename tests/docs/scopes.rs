//! What the page for callers says of scopes is what the routes ask for.

use std::collections::{BTreeMap, BTreeSet};

use flow::web::routes::Access;
use protocol::token::Scope;
use serde_json::{Value, json};

use crate::read;

/// The routes by their scope. Those of the proxy are the same for every method.
fn routes() -> BTreeMap<String, BTreeSet<String>> {
    let mut routes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for route in api::all_routes() {
        let Access::Scope(scope) = route.access else { continue };
        let method = if scope == Scope::Proxy { "ANY" } else { route.method.as_str() };
        let path = route.path.replace("+}", "}");
        routes.entry(scope.name().to_owned()).or_default().insert(format!("{method} {path}"));
    }
    routes
}

#[test]
fn the_page_has_every_scope_with_its_routes() {
    let page = read("docs/backend.md");
    let (_, section) = page.split_once("\n### Scopes\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut documented = BTreeMap::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let mut texts = row.split('`').skip(1).step_by(2).map(str::to_owned);
        let scope = texts.next().unwrap();
        let of_routes: BTreeSet<String> = texts.filter(|text| text.contains(" /")).collect();
        assert!(documented.insert(scope.clone(), of_routes).is_none(), "{scope} stands there twice");
    }
    let known: BTreeSet<&str> = Scope::ALL.iter().map(|scope| scope.name()).collect();
    assert_eq!(documented.keys().map(String::as_str).collect::<BTreeSet<_>>(), known);
    documented.retain(|_, routes| !routes.is_empty());
    let mut expected = routes();
    // A start brings its token in another way.
    let starts = ["GET /connection-popup", "POST /connection-popup", "GET /connect", "POST /connect"];
    expected.get_mut(Scope::Connect.name()).unwrap().extend(starts.map(str::to_owned));
    assert_eq!(documented, expected);
}

#[test]
fn the_document_names_every_scope() {
    let document: Value = serde_json::from_str(&read("docs/openapi.json")).unwrap();
    let known: Vec<&str> = Scope::ALL.iter().map(|scope| scope.name()).collect();
    assert_eq!(document["components"]["schemas"]["Scopes"]["items"]["enum"], json!(known));
}
