//! A definition with one setting changed. The service that is tested gets it; the provider goes by the original.

use serde_json::{Value, json};

use crate::run::Subject;

/// Settings that are only shown, and what a schema says about a field beside that.
pub(crate) const EXCLUDED: [&str; 5] = ["title", "description", "helpUri", "examples", "multiline"];

/// A changed definition.
#[derive(Debug, Clone)]
pub(crate) struct Mutant {
    pub(crate) subject: Subject,
    /// The setting: its type, and its path without places in lists.
    pub(crate) setting: String,
    /// What was done to it.
    pub(crate) change: &'static str,
    pub(crate) definition: Value,
    /// Where it stands.
    pub(crate) pointer: String,
    /// The value that was changed.
    pub(crate) original: Value,
}

/// All of one option, with what it needs of its definition.
pub(crate) fn of(subject: &Subject) -> Vec<Mutant> {
    let option = subject.option();
    let auth_type = option["type"].as_str().unwrap_or_default();
    // Alone, so that what is put is small.
    let mut alone = subject.clone();
    alone.place = 0;
    alone.definition = json!({
        "key": subject.connector, "name": subject.definition["name"], "authOptions": [option],
    });
    for name in ["baseUri", "parametersSchema"] {
        if let Some(value) = subject.definition.get(name) {
            alone.definition[name] = value.clone();
        }
    }
    let mut pointers = Vec::new();
    for name in ["baseUri", "parametersSchema", "authOptions"] {
        walk(&alone.definition[name], &format!("/{name}"), &mut pointers);
    }
    let mut mutants = Vec::new();
    for pointer in pointers {
        let setting = setting(&pointer);
        if is_excluded(&setting) {
            continue;
        }
        for (change, definition) in changes(&alone.definition, &pointer) {
            let setting = format!("{auth_type}: {setting}");
            let original = alone.definition.pointer(&pointer).cloned().unwrap_or_default();
            mutants.push(Mutant {
                subject: alone.clone(),
                setting,
                change,
                definition,
                pointer: pointer.clone(),
                original,
            });
        }
    }
    mutants
}

fn is_excluded(setting: &str) -> bool {
    let last = setting.rsplit('.').next().unwrap_or_default();
    EXCLUDED.contains(&last)
}

/// The path of a setting, without places in lists and without the names of properties.
fn setting(pointer: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in pointer.split('/').skip(1) {
        let is_property = steps.last() == Some(&"properties");
        let is_place = step.parse::<usize>().is_ok();
        if !is_place {
            steps.push(if is_property { "*" } else { step });
        }
    }
    steps.join(".").trim_start_matches("authOptions").trim_start_matches('.').to_owned()
}

fn walk(value: &Value, pointer: &str, found: &mut Vec<String>) {
    if value.is_null() {
        return;
    }
    if pointer != "/authOptions" && pointer != "/authOptions/0" {
        found.push(pointer.to_owned());
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                walk(member, &format!("{pointer}/{name}"), found);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| walk(item, &format!("{pointer}/{at}"), found));
        }
        _ => {}
    }
}

fn changes(definition: &Value, pointer: &str) -> Vec<(&'static str, Value)> {
    let value = definition.pointer(pointer).cloned().unwrap_or_default();
    let with = |value: Value| {
        let mut changed = definition.clone();
        if let Some(place) = changed.pointer_mut(pointer) {
            *place = value;
        }
        changed
    };
    let mut all = Vec::new();
    match value {
        Value::String(text) => all.push(("changed", with(json!(format!("{text}x"))))),
        Value::Bool(is) => all.push(("changed", with(json!(!is)))),
        Value::Number(number) => all.push(("changed", with(json!(number.as_i64().unwrap_or_default() + 7)))),
        _ => {}
    }
    let mut without = definition.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
    let name = name.replace("~1", "/").replace("~0", "~");
    match without.pointer_mut(parent) {
        Some(Value::Object(members)) => drop(members.remove(&name)),
        Some(Value::Array(items)) => drop(items.remove(name.parse().unwrap_or_default())),
        _ => return all,
    }
    all.push(("removed", without));
    all
}
