//! Templates, as docs/definition-language.md describes them. Nothing here is the product's own code.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::Checked;

/// What stands in a filled template for a JWT or a random text: `\u{e000}signed.name\u{e001}`.
pub(crate) const OPEN: char = '\u{e000}';
/// Its end.
pub(crate) const CLOSE: char = '\u{e001}';

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What placeholders take their values from.
#[derive(Debug, Clone)]
pub(crate) struct Values {
    pub(crate) parameters: Value,
    pub(crate) connector: Value,
    pub(crate) credentials: Value,
    pub(crate) integration: Value,
    /// The `redirect_uri` that was announced.
    pub(crate) callback: String,
    /// The properties of the schemas, by their source: what a choice means is said there.
    pub(crate) properties: Value,
}

impl Default for Values {
    fn default() -> Self {
        let none = || json!({});
        Self {
            parameters: none(),
            connector: none(),
            credentials: none(),
            integration: none(),
            callback: String::new(),
            properties: none(),
        }
    }
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    Text(&'a str),
    Placeholder { names: Vec<&'a str>, literal: Option<&'a str>, optional: bool },
}

/// The parts of a template.
pub(crate) fn parts(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inner, after)) = after.split_once('}') else { break };
        if !before.is_empty() {
            parts.push(Part::Text(before));
        }
        let (inner, optional) = match inner.strip_suffix('?') {
            Some(inner) => (inner, true),
            None => (inner, false),
        };
        let (mut names, mut literal) = (Vec::new(), None);
        for way in inner.split("||").map(str::trim) {
            match way.strip_prefix('\'').and_then(|way| way.strip_suffix('\'')) {
                Some(text) => literal = Some(text),
                None => names.push(way),
            }
        }
        parts.push(Part::Placeholder { names, literal, optional });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

/// The name of a function and its arguments, if that is what stands in a placeholder.
fn call(inner: &str) -> Option<(&str, Vec<&str>)> {
    let (name, arguments) = inner.strip_suffix(')')?.split_once('(')?;
    let mut is_text = false;
    let between = |character: char| {
        is_text ^= character == '\'';
        character == ',' && !is_text
    };
    Some((name, arguments.split(between).map(str::trim).collect()))
}

fn literal(argument: &str) -> Option<&str> {
    argument.strip_prefix('\'')?.strip_suffix('\'')
}

/// The names whose values a placeholder's way takes: its own, or those that a function is given.
pub(crate) fn named(way: &str) -> Vec<&str> {
    match call(way) {
        Some((_, arguments)) => {
            arguments.into_iter().filter(|argument| literal(argument).is_none()).collect()
        }
        None => vec![way],
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// The value at a path.
pub(crate) fn at(value: &Value, path: &str) -> Option<Value> {
    let mut found = value.clone();
    for step in path.split('.') {
        found = match (step, &found) {
            ("@jwt", Value::String(jwt)) => {
                let claims = jwt.split('.').nth(1)?;
                serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?
            }
            (step, Value::Array(items)) => items.get(step.parse::<usize>().ok()?)?.clone(),
            (step, Value::Object(members)) => members.get(step)?.clone(),
            _ => return None,
        };
    }
    (!found.is_null()).then_some(found)
}

/// A value as text.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

impl Values {
    fn get(&self, name: &str) -> Option<String> {
        if let Some((function, arguments)) = call(name) {
            return self.made(function, &arguments);
        }
        let (source, path) = name.split_once('.')?;
        if let Some((choice, member)) = path.split_once(".@").filter(|(_, step)| !step.starts_with("jwt.")) {
            let chosen = self.get(&format!("{source}.{choice}"))?;
            // What is entered for an API is a credential.
            let source = if source == "integration" { source } else { "parameters" };
            return text(&self.properties[source][choice]["means"][chosen][member]);
        }
        let source = match source {
            "parameters" => &self.parameters,
            "connectorParameters" => &self.connector,
            "credentials" => &self.credentials,
            "integration" => &self.integration,
            "callback" => return Some(self.callback.clone()),
            _ => return Some(format!("{OPEN}{name}{CLOSE}")),
        };
        text(&at(source, path)?)
    }

    /// What a function makes of its arguments, if they are all there.
    fn made(&self, function: &str, arguments: &[&str]) -> Option<String> {
        let value = |argument: &&str| match literal(argument) {
            Some(text) => Some(text.to_owned()),
            None => self.get(argument),
        };
        let values: Vec<String> = arguments.iter().map(value).collect::<Option<_>>()?;
        let whole = values.concat();
        Some(match function {
            "base64" => STANDARD.encode(whole),
            "base64url" => URL_SAFE_NO_PAD.encode(whole),
            "hex" => hex(whole.as_bytes()),
            "sha256" => hex(digest(&SHA256, whole.as_bytes()).as_ref()),
            "lower" => whole.to_lowercase(),
            "upper" => whole.to_uppercase(),
            "match" => {
                let found = regex_lite::Regex::new(values.get(1)?).ok()?.captures(&values[0])?;
                found.get(1)?.as_str().to_owned()
            }
            _ => return None,
        })
    }

    /// The template with its values, or nothing if an optional one is missing.
    pub(crate) fn optional(&self, template: &str) -> Checked<Option<String>> {
        self.filled(template, |value, _| value.to_owned())
    }

    /// The template with its values.
    pub(crate) fn text(&self, template: &str) -> Checked<String> {
        self.optional(template)?.ok_or_else(|| format!("{template}: a value is missing"))
    }

    /// An address with its values; they are percent-encoded unless the whole address begins with one.
    pub(crate) fn address(&self, template: &str) -> Checked<String> {
        let encode = |value: &str, is_first| {
            if is_first { value.to_owned() } else { utf8_percent_encode(value, UNRESERVED).to_string() }
        };
        self.filled(template, encode)?.ok_or_else(|| format!("{template}: a value is missing"))
    }

    fn filled(&self, template: &str, encode: impl Fn(&str, bool) -> String) -> Checked<Option<String>> {
        let mut filled = String::new();
        for part in parts(template) {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Placeholder { names, literal, optional } => {
                    let found = names.iter().find_map(|name| self.get(name));
                    match found.or_else(|| literal.map(str::to_owned)) {
                        Some(value) => filled.push_str(&encode(&value, filled.is_empty())),
                        None if optional => return Ok(None),
                        None => return Err(format!("{template}: a value is missing")),
                    }
                }
            }
        }
        Ok(Some(filled))
    }

    /// A JSON value whose texts are templates. What an optional one leaves out is left out.
    pub(crate) fn json(&self, value: &Value) -> Checked<Option<Value>> {
        Ok(Some(match value {
            Value::String(template) => match self.optional(template)? {
                Some(text) => Value::String(text),
                None => return Ok(None),
            },
            Value::Array(items) => {
                let filled: Checked<Vec<Option<Value>>> = items.iter().map(|item| self.json(item)).collect();
                filled?.into_iter().flatten().collect()
            }
            Value::Object(members) => {
                let mut filled = serde_json::Map::new();
                for (name, value) in members {
                    if let Some(value) = self.json(value)? {
                        filled.insert(name.clone(), value);
                    }
                }
                Value::Object(filled)
            }
            other => other.clone(),
        }))
    }

    /// The named templates with their values.
    pub(crate) fn pairs(&self, named: &Value) -> Checked<Vec<(String, String)>> {
        let mut pairs = Vec::new();
        for (name, template) in named.as_object().into_iter().flatten() {
            let template = template.as_str().ok_or_else(|| format!("{name} is no text"))?;
            if let Some(value) = self.optional(template)? {
                pairs.push((name.clone(), value));
            }
        }
        Ok(pairs)
    }
}

/// All templates in a value.
pub(crate) fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        _ => {}
    }
}
