//! Choices that set several values: what `means` says of each value of a property, `${parameters.region.@host}`.
//!
//! They are the definition's own, so they may choose a host: what is entered only says which of them it is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::host_and_path::is_host_and_path;
use super::problem::Problems;
use super::template::Root;

/// What the values of one property mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Meanings {
    /// `parameters` or `integration`.
    root: Root,
    /// The property's path.
    path: Vec<String>,
    /// The members that each value stands for.
    choices: BTreeMap<String, BTreeMap<String, String>>,
}

/// Those of a schema's properties, at any depth. What [`check`] refuses is left out.
pub(super) fn of(root: Root, schema: Option<&Value>) -> Vec<Meanings> {
    let mut found = Vec::new();
    collect(root, schema.unwrap_or(&Value::Null), &[], &mut found);
    found
}

fn collect(root: Root, schema: &Value, path: &[String], found: &mut Vec<Meanings>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = [path, std::slice::from_ref(name)].concat();
        collect(root, property, &path, found);
        if let Ok(Some(choices)) = read(property) {
            found.push(Meanings { root, path, choices });
        }
    }
}

/// Reads a property's `means`. The error is the end of a sentence that begins with it.
#[expect(clippy::type_complexity, reason = "it is the field's own type")]
fn read(property: &Value) -> Result<Option<BTreeMap<String, BTreeMap<String, String>>>, String> {
    let Some(means) = property.get("means") else { return Ok(None) };
    let shape = || "must have an object of texts for each of the values".to_owned();
    let choices: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_value(means.clone()).map_err(|_| shape())?;
    // Beside `$ref` older drafts ignore `enum`.
    if property.get("$ref").is_some() {
        return Err("cannot stand beside `$ref`".to_owned());
    }
    let mut arms = property["oneOf"].as_array().into_iter().flatten();
    if arms.any(|arm| !arm["const"].is_string()) {
        return Err("must have a text as the `const` of each of `oneOf`".to_owned());
    }
    let named: BTreeSet<&str> = choices.keys().map(String::as_str).collect();
    if named != values(property) {
        return Err("must have each of the values that `enum` lists, and no other".to_owned());
    }
    let members: BTreeSet<Vec<&String>> = choices.values().map(|members| members.keys().collect()).collect();
    match members.first().map(Vec::as_slice) {
        Some([_, ..]) if members.len() == 1 => {}
        _ => return Err("must have the same members for each of the values".to_owned()),
    }
    for (name, text) in choices.values().flatten() {
        let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if !is_name || name == "jwt" {
            return Err(format!("has the member `{name}`: letters, digits, `_` and `-` only, and not `jwt`"));
        }
        if text.is_empty() {
            return Err(format!("has nothing as `{name}`"));
        }
    }
    Ok(Some(choices))
}

/// The values that the property can have, those aside that are no texts.
fn values(property: &Value) -> BTreeSet<&str> {
    let listed = property["enum"].as_array().into_iter().flatten();
    let titled = property["oneOf"].as_array().into_iter().flatten().map(|option| &option["const"]);
    listed.chain(titled).filter_map(Value::as_str).collect()
}

/// Notes each `means` that cannot be used, at any depth of the schema's properties.
pub(super) fn check(schema: &Value, path: &str, problems: &mut Problems) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.properties.{name}");
        if let Err(problem) = read(property) {
            problems.add(format!("{path}.means"), problem);
        }
        check(property, &path, problems);
    }
}

/// A placeholder's path that ends in `.@member`: the path of the property, and the member. Credentials can be what was entered.
pub(super) fn named(root: Root, path: &[String]) -> Option<(Root, &[String], &str)> {
    let (last, path) = path.split_last()?;
    let member = last.strip_prefix('@').filter(|member| *member != "jwt")?;
    match root {
        Root::Parameters | Root::Credentials if !path.is_empty() => Some((Root::Parameters, path, member)),
        Root::Integration if !path.is_empty() => Some((Root::Integration, path, member)),
        _ => None,
    }
}

/// The path of the property whose meaning the placeholder stands for, if it stands for one.
pub(super) fn property<'p>(all: &[Meanings], root: Root, path: &'p [String]) -> Option<&'p [String]> {
    let (root, path, _) = named(root, path)?;
    all.iter().any(|it| it.root == root && it.path == path).then_some(path)
}

/// The texts that the placeholder can stand for; nothing if it is none of these.
pub(super) fn texts<'m>(all: &'m [Meanings], root: Root, path: &[String]) -> Option<Vec<&'m str>> {
    let (root, path, member) = named(root, path)?;
    let meanings = all.iter().find(|it| it.root == root && it.path == path)?;
    let texts = meanings.choices.values().map(|members| members.get(member).map(String::as_str));
    texts.collect()
}

/// What the value at the placeholder's property means.
pub(super) fn find<'m>(all: &'m [Meanings], root: Root, path: &[String], value: &str) -> Option<&'m str> {
    let (root, path, member) = named(root, path)?;
    let meanings = all.iter().find(|it| it.root == root && it.path == path)?;
    meanings.choices.get(value)?.get(member).map(String::as_str)
}

/// The paths of the members that are hosts with a port or a path.
pub(super) fn hosts_and_paths(all: &[Meanings]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for meanings in all.iter().filter(|it| it.root == Root::Parameters) {
        let names = meanings.choices.values().next().into_iter().flat_map(BTreeMap::keys);
        for name in names {
            let mut texts = meanings.choices.values().filter_map(|members| members.get(name));
            let has_more = texts.clone().any(|text| text.contains([':', '/']));
            if has_more && texts.all(|text| is_host_and_path(text)) {
                found.push([meanings.path.as_slice(), &[format!("@{name}")]].concat());
            }
        }
    }
    found
}
