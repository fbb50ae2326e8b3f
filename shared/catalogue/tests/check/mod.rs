//! What must hold for a connector's file.

use std::collections::BTreeMap;

use protocol::definition::{
    HostRule, Integration, IntegrationDefinition, KnownSecrets, OptionSecrets, Problems,
};
use protocol::id::WorkspaceKey;
use protocol::redirect_uri::{Loopback, OwnRoutes};
use serde_json::{Value, json};

/// The categories, each with its heading.
pub(crate) const CATEGORIES: &[(&str, &str)] = &[
    ("accounting", "Accounting"),
    ("advertising", "Advertising"),
    ("ai", "AI"),
    ("analytics", "Analytics"),
    ("ats", "Recruiting"),
    ("banking", "Banking"),
    ("calendar", "Calendar"),
    ("chat", "Chat"),
    ("commerce", "Commerce"),
    ("crm", "CRM"),
    ("data", "Data"),
    ("development", "Development"),
    ("erp", "ERP"),
    ("files", "Files"),
    ("forms", "Forms"),
    ("hr", "HR"),
    ("identity", "Identity"),
    ("knowledge", "Knowledge"),
    ("mail", "Mail"),
    ("marketing", "Marketing"),
    ("meetings", "Meetings"),
    ("payments", "Payments"),
    ("projects", "Projects"),
    ("security", "Security"),
    ("signatures", "Signatures"),
    ("social", "Social"),
    ("support", "Support"),
    ("telephony", "Telephony"),
];

/// The problems of one connector. `file` has in it what it extends.
pub(crate) fn problems(key: &str, file: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let is_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if key.is_empty() || !key.chars().all(is_key) {
        found.push("its file's name must be lower-case letters, digits and hyphens".to_owned());
    }
    about(file, &mut found);
    for (place, option) in options(file).enumerate() {
        check_option(&format!("authOptions[{place}]"), option, file, &mut found);
    }
    plain_http("", file, &mut found);
    definition(key, file, &mut found);
    found
}

/// What is about the connector, and is no part of the definition.
fn about(file: &Value, found: &mut Vec<String>) {
    let mut must = |holds: bool, problem: &str| {
        if !holds {
            found.push(problem.to_owned());
        }
    };
    let is_https = |value: &Value| value.as_str().is_some_and(|text| text.starts_with("https://"));
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
    must(is_https(&file["documentation"]), "documentation must be the https address of the vendor's page");
    if options(file).any(|option| matches!(option["type"].as_str(), Some("oauth2" | "oauth1"))) {
        must(is_https(&file["setup"]["uri"]), "setup.uri must say where the team registers (https)");
        must(is_text(&file["setup"]["text"]), "setup.text must say what the team creates there");
    }
    let on = file["checked"]["on"].as_str().unwrap_or_default();
    let is_date = on.len() == 10
        && on.char_indices().all(|(at, c)| if matches!(at, 4 | 7) { c == '-' } else { c.is_ascii_digit() });
    must(is_date, "checked.on must be a day (2026-01-31)");
    let against = file["checked"]["against"].as_array();
    must(
        against.is_some_and(|against| !against.is_empty() && against.iter().all(is_text)),
        "checked.against must name a source",
    );
    let categories = file["categories"].as_array();
    must(categories.is_some_and(|given| !given.is_empty()), "categories must name one");
    for category in categories.into_iter().flatten() {
        let is_known = CATEGORIES.iter().any(|(known, _)| category == known);
        must(is_known, &format!("categories: {category} is none; see docs/connectors-adding.md"));
    }
    for (member, is_fine) in [
        ("notes", file["notes"].is_null() || is_text(&file["notes"])),
        ("aliases", file["aliases"].is_null() || texts(&file["aliases"]).is_some()),
    ] {
        must(is_fine, &format!("{member} must be text"));
    }
}

fn check_option(path: &str, option: &Value, file: &Value, found: &mut Vec<String>) {
    let config = &option["config"];
    if option["title"].as_str().is_none_or(|title| title.trim().is_empty()) {
        found.push(format!("{path}.title is missing: customers read it"));
    }
    if option["test"].is_null() && file["notes"].is_null() {
        found.push(format!("{path}.test is missing, and there are no notes that say why"));
    }
    let default = match option["type"].as_str() {
        Some("oauth1") => ",",
        _ => " ",
    };
    let is_template = |setting: &str| config[setting].as_str().is_some_and(|text| text.contains("${"));
    for setting in ["clientId", "consumerKey", "clientSecret", "consumerSecret", "privateKey"] {
        if !config[setting].is_null() && !is_template(setting) {
            found.push(format!("{path}.config.{setting} is the team's: it is left out"));
        }
    }
    let separator = config["scopeSeparator"].as_str().unwrap_or(default);
    let scopes = texts(&config["scopes"]).unwrap_or_default();
    for (at, scope) in scopes.iter().enumerate() {
        let place = format!("{path}.config.scopes[{at}]");
        if scope.contains("${") {
            continue;
        }
        if scope.is_empty() || scope.contains(char::is_whitespace) || scope.contains(separator) {
            found.push(format!("{place} must be one scope"));
        }
        if scopes[..at].contains(scope) {
            found.push(format!("{place} stands there twice"));
        }
    }
    for (name, property) in option["inputSchema"]["properties"].as_object().into_iter().flatten() {
        if property["title"].as_str().is_none_or(str::is_empty) {
            found.push(format!("{path}.inputSchema.properties.{name}.title is missing: customers read it"));
        }
    }
}

/// The definition is one that could be put, once the team has given what is its own.
fn definition(key: &str, file: &Value, found: &mut Vec<String>) {
    let (mut definition, _) = catalogue::files::parts(file);
    let team = json!({ "clientId": "stand-in", "consumerKey": "stand-in" });
    if definition.insert("parameters".to_owned(), team).is_some() {
        found.push("parameters are the team's: they are left out".to_owned());
    }
    let mut definition = match IntegrationDefinition::read(definition.into()) {
        Ok(definition) => definition,
        Err(error) => return found.push(format!("cannot be read: {}", error.message())),
    };
    // What is a secret's place and has a template in it stays.
    drop(definition.take_secrets());
    let integration = Integration::new(&WorkspaceKey::new("check"), key, definition, None);
    let mut problems = Problems::default();
    // The metadata of an issuer is read when an integration is put.
    problems.add_all_but_undiscovered(&integration.problems(
        KnownSecrets::Sealed,
        Loopback::Refused,
        &OwnRoutes::default(),
    ));
    integration.check_hosts(KnownSecrets::Sealed, HostRule::Put(is_registrable), &mut problems);
    integration.check_input_schemas(&mut problems);
    let mut parameters = Problems::default();
    if let Err(error) = integration.check_parameters(&OptionSecrets::default(), &mut parameters) {
        found.push(format!("parametersSchema: {}", error.message()));
    }
    let of_the_schema = parameters.iter().filter(|problem| problem.field == "parametersSchema");
    for problem in problems.iter().chain(of_the_schema) {
        found.push(format!("{} {}", problem.field, problem.problem));
    }
}

fn is_registrable(host: &str) -> bool {
    psl::domain_str(host).is_some()
}

fn plain_http(path: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains("http://") => found.push(format!("{path} has an http address")),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                plain_http(&format!("{path}[{at}]"), item, found);
            }
        }
        Value::Object(members) => {
            // What is sent in a body or said in a JWT may be a name that only looks like an address.
            let said = ["add", "body", "claims"];
            for (name, member) in members.iter().filter(|(name, _)| !said.contains(&name.as_str())) {
                plain_http(&format!("{path}.{name}"), member, found);
            }
        }
        _ => {}
    }
}

/// The connectors that could be one: the same name, or the same addresses, scopes and test.
pub(crate) fn alike(connectors: &BTreeMap<String, Value>) -> Vec<String> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for (key, file) in connectors {
        let names = [json!(key), file["name"].clone()].into_iter();
        let aliases = file["aliases"].as_array().into_iter().flatten().cloned();
        let mut marks: Vec<String> =
            names.chain(aliases).filter_map(|name| name.as_str().map(plain)).collect();
        marks.sort_unstable();
        marks.dedup();
        marks.push(addresses(file));
        for mark in marks {
            // Addresses are long, and stand in both files.
            let what = if mark.starts_with('[') { "addresses, scopes and test" } else { &mark };
            let alike = seen.get(&mark).map(|other| format!("{other} and {key} are alike: {what}"));
            found.extend(alike);
            seen.insert(mark, key);
        }
    }
    found
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn addresses(file: &Value) -> String {
    let of = |option: &Value| {
        let config = &option["config"];
        let members =
            ["mcpServer", "issuer", "authorizeUri", "tokenUri", "requestTokenUri", "login", "scopes"]
                .map(|name| &config[name]);
        json!([members, option["test"], option["apiClient"]])
    };
    json!([file["baseUri"], options(file).map(of).collect::<Vec<_>>()]).to_string()
}

fn options(file: &Value) -> impl Iterator<Item = &Value> {
    file["authOptions"].as_array().into_iter().flatten()
}

/// The texts of an array, if it is one of texts.
fn texts(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}
