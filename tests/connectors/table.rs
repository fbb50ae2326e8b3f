//! The parts of docs/connector-checks.md that are made.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::flow::{Step, Steps};
use crate::mutants::Mutant;
use crate::run::Subject;
use crate::survivors;
use crate::unused;

const STEPS: [(Step, &str); 7] = [
    (Step::Connect, "connect"),
    (Step::Test, "test"),
    (Step::Refresh, "refresh"),
    (Step::Rotation, "rotation"),
    (Step::Expired, "expired answer"),
    (Step::Refusal, "refusal"),
    (Step::Revoke, "revoke"),
];

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/connector-checks.md")
}

/// Compares a part of the page with what it should be, or writes it with `UPDATE=1`.
pub(crate) fn compare(part: &str, wanted: &str) {
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap();
    let page = page();
    let text = std::fs::read_to_string(&page).unwrap();
    let (begin, end) = (format!("<!-- {part} -->\n"), format!("<!-- end of {part} -->"));
    let (before, rest) = text.split_once(&begin).unwrap();
    let (now, after) = rest.split_once(&end).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&page, format!("{before}{begin}\n{wanted}\n{end}{after}")).unwrap();
        return;
    }
    let is_same = now.trim() == wanted.trim();
    assert!(
        is_same,
        "docs/connector-checks.md is old: UPDATE=1 cargo test -p tests --test connectors writes it"
    );
}

/// Each option, and the steps that were made of it.
pub(crate) fn of_steps(rows: &[(&Subject, Steps)]) -> String {
    let names: Vec<&str> = STEPS.iter().map(|(_, name)| *name).collect();
    let mut text =
        format!("| connector | option | type | {} |\n|---|---|---|{}\n", names.join(" | "), "---|".repeat(7));
    for (subject, steps) in rows {
        let cells: Vec<&str> =
            STEPS.iter().map(|(step, _)| if steps.contains(step) { "yes" } else { "" }).collect();
        let auth_type = subject.option()["type"].as_str().unwrap_or_default();
        let (connector, option) = (&subject.connector, subject.option_key());
        writeln!(text, "| `{connector}` | `{option}` | {auth_type} | {} |", cells.join(" | ")).unwrap();
    }
    text
}

/// How many connectors use each setting of the language, and why those stay that none uses.
pub(crate) fn of_settings(subjects: &[Subject]) -> String {
    let openapi = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let openapi: Value = serde_json::from_str(&std::fs::read_to_string(openapi).unwrap()).unwrap();
    let mut known = BTreeSet::new();
    let options = [
        ("oauth2", "OAuth2Option", "OAuth2Config"),
        ("oauth1", "OAuth1Option", "OAuth1Config"),
        ("client-credentials", "ClientCredentialsOption", "ClientCredentialsConfig"),
    ];
    for (auth_type, option, config) in options {
        let schemas = &openapi["components"]["schemas"];
        for (schema, place) in
            [("AuthOptionDefinition", String::new()), (option, String::new()), (config, "config.".to_owned())]
        {
            properties(&openapi, &schemas[schema], &format!("{auth_type}: {place}"), 2, &mut known);
        }
    }
    let mut used: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for subject in subjects {
        let auth_type = subject.option()["type"].as_str().unwrap_or_default();
        for setting in &known {
            let Some(path) = setting.strip_prefix(&format!("{auth_type}: ")) else { continue };
            if has(subject.option(), path) {
                used.entry(setting.clone()).or_default().insert(&subject.connector);
            }
        }
    }
    let mut text = "| setting | connectors |\n|---|---|\n".to_owned();
    for (setting, connectors) in &used {
        writeln!(text, "| `{setting}` | {} |", connectors.len()).unwrap();
    }
    format!("{text}\n{}", unused::table(&known, &used))
}

/// Whether an option has a setting at this path; a step over a list takes each item.
fn has(value: &Value, path: &str) -> bool {
    match (value, path.split_once('.')) {
        (Value::Array(items), _) => items.iter().any(|item| has(item, path)),
        (_, Some((step, rest))) => has(&value[step], rest),
        (_, None) => !value[path].is_null(),
    }
}

fn properties(openapi: &Value, schema: &Value, place: &str, depth: usize, known: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return properties(openapi, &openapi["components"]["schemas"][name], place, depth, known);
    }
    for several in ["allOf", "anyOf", "oneOf"] {
        for one in schema[several].as_array().into_iter().flatten() {
            properties(openapi, one, place, depth, known);
        }
    }
    if schema["items"].is_object() {
        properties(openapi, &schema["items"], place, depth, known);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if ![
            "inputSchema",
            "key",
            "type",
            "title",
            "config",
            "properties",
            // Linkspan writes it.
            "discovered",
        ]
        .contains(&name.as_str())
        {
            known.insert(format!("{place}{name}"));
            if depth > 0 {
                properties(openapi, property, &format!("{place}{name}."), depth - 1, known);
            }
        }
    }
}

/// How many changes were made and noticed, and which were not.
pub(crate) fn of_changes(all: usize, made: &[Mutant], survivors: &[Mutant]) -> String {
    let noticed = made.len() - survivors.len();
    let mut text = format!(
        "{} of {all} changes were made. {noticed} were noticed, {} were not.\n\n",
        made.len(),
        survivors.len()
    );
    text.push_str("| setting | change | not noticed | of | at | reason |\n|---|---|---|---|---|---|\n");
    let mut by: BTreeMap<(&str, &str), Vec<&Mutant>> = BTreeMap::new();
    for mutant in survivors {
        by.entry((&mutant.setting, mutant.change)).or_default().push(mutant);
    }
    for ((setting, change), mutants) in by {
        let of = made.iter().filter(|mutant| mutant.setting == setting && mutant.change == change).count();
        let mut at: Vec<&str> = mutants.iter().map(|mutant| &*mutant.subject.connector).collect();
        at.dedup();
        let more = if at.len() > 3 { format!(" and {} more", at.len() - 3) } else { String::new() };
        let at = at.iter().take(3).map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let reason = survivors::reason(mutants[0]).unwrap_or("nothing checks it yet");
        writeln!(text, "| `{setting}` | {change} | {} | {of} | {at}{more} | {reason} |", mutants.len())
            .unwrap();
    }
    text
}
