//! The routes stand in the code, once; whatever must repeat them says the same.

use std::collections::{BTreeMap, BTreeSet};

use flow::web::routes::Access;
use serde_json::{Value, json};

use crate::read;

/// The functions by their routes, as API Gateway names them: `ANY` and a path; where a path is several functions', the first
/// has that, and another its methods.
fn functions() -> BTreeMap<String, String> {
    let mut functions: BTreeMap<String, String> = BTreeMap::new();
    for route in api::all_routes() {
        let (any, function) = (format!("ANY {}", route.path), route.function.name());
        if functions.entry(any).or_insert_with(|| function.to_owned()) != function {
            functions.insert(format!("{} {}", route.method, route.path), function.to_owned());
        }
    }
    functions
}

/// What stands in `text` between each `start` and the `end` after it.
fn between<'a>(text: &'a str, start: &'a str, end: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(start).skip(1).map(move |rest| rest.split(end).next().unwrap())
}

#[test]
fn a_method_of_a_path_is_one_route() {
    let routes = api::all_routes();
    let distinct: BTreeSet<(&str, &str)> =
        routes.iter().map(|route| (route.method.as_str(), route.path)).collect();
    assert_eq!(distinct.len(), routes.len());
}

/// The definitions' checks know the paths, to refuse addresses that lead there.
#[test]
fn the_own_paths_that_no_definition_may_lead_to_are_every_path() {
    let paths: BTreeSet<&str> = protocol::redirect_uri::OWN_PATHS.iter().copied().collect();
    assert_eq!(paths, api::all_routes().iter().map(|route| route.path).collect());
}

#[test]
fn the_template_has_every_path() {
    let template = read("infra/template.yaml");
    let found: BTreeMap<String, String> = between(&template, "RouteKey: \"", "Integration}")
        .map(|route| {
            let (key, target) = route.split_once("\", Target: !Sub \"integrations/${").unwrap();
            (key.to_owned(), target.to_lowercase())
        })
        .collect();
    let declared = template.matches("Type: AWS::ApiGatewayV2::Route\n").count();
    assert_eq!(found.len(), declared, "a route is written in another way");
    assert_eq!(found, functions());
}

/// It knows the paths that browsers open; the API gets the others, and itself refuses those that are nobody's. A path that is
/// several functions' has all their methods there.
#[test]
fn the_router_of_cargo_lambda_leads_to_the_same_functions() {
    let manifest = read("Cargo.toml");
    let (_, router) = manifest.split_once("\nrouter = [\n").unwrap();
    let found: BTreeSet<String> =
        router.lines().take_while(|line| *line != "]").map(|line| line.trim().to_owned()).collect();
    let mut paths: BTreeMap<&str, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
    let routes = api::all_routes();
    for route in &routes {
        let methods = paths.entry(route.path).or_default().entry(route.function.name()).or_default();
        methods.push(route.method.as_str());
    }
    let mut expected = BTreeSet::from(["{ function = \"api\", path = \"/{*path}\" },".to_owned()]);
    for (path, functions) in &paths {
        let is_shared = functions.len() > 1;
        for (function, methods) in functions {
            let only = if is_shared { format!(", methods = {methods:?}") } else { String::new() };
            if is_shared || *function != "api" {
                expected.insert(format!("{{ function = {function:?}, path = {path:?}{only} }},"));
            }
        }
    }
    assert_eq!(found, expected);
}

/// What an operation needs, as the document says: nothing, any token, or a token with this scope.
fn described(operation: &Value) -> String {
    match operation.get("security") {
        None => "a token".to_owned(),
        Some(Value::Array(none)) if none.is_empty() => "nothing".to_owned(),
        Some(security) => {
            let scope = security[0]["token"][0].as_str().unwrap_or_default();
            assert_eq!(*security, json!([{ "token": [scope] }]));
            scope.to_owned()
        }
    }
}

fn needed(access: Access) -> String {
    match access {
        Access::Open => "nothing".to_owned(),
        Access::Token => "a token".to_owned(),
        Access::Scope(scope) => scope.name().to_owned(),
    }
}

#[test]
fn the_document_describes_every_route_and_what_it_needs() {
    let document: Value = serde_json::from_str(&read("docs/openapi.json")).unwrap();
    assert_eq!(document["security"], json!([{ "token": [] }]));
    let mut in_document = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if method != "parameters" {
                in_document.insert((path.clone(), method.to_uppercase(), described(operation)));
            }
        }
    }
    let routes: BTreeSet<(String, String, String)> = api::all_routes()
        .iter()
        .map(|route| (route.path.replace("+}", "}"), route.method.to_string(), needed(route.access)))
        .collect();
    assert_eq!(in_document, routes);
}
