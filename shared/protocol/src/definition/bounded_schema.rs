//! The bounds of an input schema. Only a schema within them reaches the schema engine, and only with an input that it can
//! check in a bounded number of steps.

use std::collections::{BTreeMap, HashSet};
use std::ptr;

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value};

/// The most bytes of a schema, counted as those of its names and texts and one for each value.
const MAX_BYTES: usize = 64 * 1024;

/// The most levels of subschemas, with each `$ref` replaced by what it refers to.
const MAX_DEPTH: usize = 16;

/// The most values of a schema, with each `$ref` replaced by what it refers to.
const MAX_VALUES: usize = 10_000;

/// The longest pattern, in bytes.
pub(super) const MAX_PATTERN: usize = 1024;

/// The most states of all patterns, with each `$ref` replaced by what it refers to.
const MAX_STATES: usize = 10_000;

/// The most bytes of an input, counted like those of a schema.
const MAX_INPUT: usize = 64 * 1024;

/// The most steps of one check: the schema's cost, times the bytes of the input.
const MAX_STEPS: usize = 50_000_000;

/// The dialects that a schema can be written in.
const DIALECTS: [&str; 5] = [
    "json-schema.org/draft-04/schema",
    "json-schema.org/draft-06/schema",
    "json-schema.org/draft-07/schema",
    "json-schema.org/draft/2019-09/schema",
    "json-schema.org/draft/2020-12/schema",
];

/// A schema that is within the bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct BoundedSchema<'a> {
    schema: &'a Value,
    cost: usize,
}

impl<'a> BoundedSchema<'a> {
    /// The schema, or the bound that it breaks, as the end of a sentence that begins with `inputSchema`.
    pub(super) fn of(schema: &'a Value) -> Result<Self, String> {
        if bytes(schema) > MAX_BYTES {
            return Err("is larger than 64 KiB".to_owned());
        }
        let mut walk = Walk::new(schema);
        walk.subschema(schema, 0)?;
        walk.follows = true;
        walk.subschema(schema, 0)?;
        let mut states = 0_usize;
        for (pattern, times) in &walk.patterns {
            states = states.saturating_add(states_of(pattern)?.saturating_mul(*times));
            if states > MAX_STATES {
                return Err(format!(
                    "has patterns that are too large together, up to `{pattern}`; say lengths with `maxLength`"
                ));
            }
        }
        Ok(Self { schema, cost: walk.values + states })
    }

    /// The schema itself, for the engine.
    pub(super) fn as_value(&self) -> &'a Value {
        self.schema
    }

    /// True if the input is short enough for this schema: the more a schema asks, the shorter the input must be.
    pub(super) fn can_check(&self, input: &Value) -> bool {
        let input = bytes(input);
        input <= MAX_INPUT && input.saturating_mul(self.cost) <= MAX_STEPS
    }
}

/// The size of a value: one for each value in it, and the bytes of all names and texts.
fn bytes(value: &Value) -> usize {
    1 + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(bytes).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + bytes(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// The number of values in a value, itself among them.
fn values(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(values).sum(),
        Value::Object(members) => members.values().map(values).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// A walk through a schema: first as it is written, then once more into each `$ref`.
struct Walk<'a> {
    root: &'a Value,
    /// True if the walk goes into each `$ref`.
    follows: bool,
    /// The subschemas that the first walk met. A `$ref` leads to one of these.
    written: HashSet<*const Value>,
    /// The `$ref`s that the walk is in.
    inside: Vec<&'a str>,
    values: usize,
    patterns: BTreeMap<&'a str, usize>,
}

impl<'a> Walk<'a> {
    fn new(root: &'a Value) -> Self {
        Self {
            root,
            follows: false,
            written: HashSet::new(),
            inside: Vec::new(),
            values: 0,
            patterns: BTreeMap::new(),
        }
    }

    fn subschema(&mut self, schema: &'a Value, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("has subschemas more than {MAX_DEPTH} levels deep, counted through `$ref`"));
        }
        self.count(1)?;
        if !self.follows {
            self.written.insert(ptr::from_ref(schema));
        }
        let Value::Object(keywords) = schema else { return Ok(()) };
        for (keyword, value) in keywords {
            self.keyword(keyword, value, depth)?;
        }
        Ok(())
    }

    fn keyword(&mut self, keyword: &str, value: &'a Value, depth: usize) -> Result<(), String> {
        match (keyword, value) {
            ("$id" | "$anchor" | "$dynamicAnchor" | "$recursiveAnchor", _) => {
                Err(format!("has `{keyword}`; write a `$ref` as `#/$defs/…` instead"))
            }
            ("id", Value::String(_)) if self.is_draft_4() => {
                Err("has `id`; write a `$ref` as `#/definitions/…` instead".to_owned())
            }
            ("$dynamicRef" | "$recursiveRef" | "unevaluatedItems" | "unevaluatedProperties", _) => {
                Err(format!("has `{keyword}`, which takes time without bound"))
            }
            ("$schema", dialect) => check_dialect(dialect, depth),
            ("$ref", Value::String(to)) => self.reference(to, depth),
            ("$ref", _) => Err("has a `$ref` that is no text".to_owned()),
            ("pattern", Value::String(pattern)) => self.pattern(pattern),
            ("patternProperties", Value::Object(schemas)) => {
                for pattern in schemas.keys() {
                    self.pattern(pattern)?;
                }
                self.members(schemas, depth)
            }
            (
                "properties" | "dependentSchemas" | "dependencies" | "$defs" | "definitions",
                Value::Object(schemas),
            ) => self.members(schemas, depth),
            ("allOf" | "anyOf" | "oneOf" | "prefixItems" | "items", Value::Array(schemas)) => {
                schemas.iter().try_for_each(|schema| self.subschema(schema, depth + 1))
            }
            (
                "additionalItems"
                | "additionalProperties"
                | "contains"
                | "contentSchema"
                | "else"
                | "if"
                | "items"
                | "not"
                | "propertyNames"
                | "then",
                schema,
            ) => self.subschema(schema, depth + 1),
            (_, value) => self.count(values(value)),
        }
    }

    fn members(&mut self, schemas: &'a Map<String, Value>, depth: usize) -> Result<(), String> {
        schemas.values().try_for_each(|schema| match schema {
            // The old form of `dependentRequired`.
            Value::Array(_) => self.count(values(schema)),
            schema => self.subschema(schema, depth + 1),
        })
    }

    fn reference(&mut self, to: &'a str, depth: usize) -> Result<(), String> {
        self.count(1)?;
        if !self.follows {
            return Ok(());
        }
        let target = to.strip_prefix('#').filter(|pointer| !pointer.contains('%'));
        let target = target.and_then(|pointer| self.root.pointer(pointer));
        let Some(target) = target.filter(|target| self.written.contains(&ptr::from_ref(*target))) else {
            return Err(format!(
                "has the `$ref` `{to}`, which leads to no subschema of its own (`#/$defs/…`)"
            ));
        };
        if target == self.root || self.inside.contains(&to) {
            return Err(format!("has the `$ref` `{to}`, which leads into itself"));
        }
        self.inside.push(to);
        self.subschema(target, depth + 1)?;
        self.inside.pop();
        Ok(())
    }

    fn pattern(&mut self, pattern: &'a str) -> Result<(), String> {
        if pattern.len() > MAX_PATTERN {
            return Err(format!("has a pattern of more than {MAX_PATTERN} bytes"));
        }
        self.count(1)?;
        if self.follows {
            *self.patterns.entry(pattern).or_default() += 1;
        }
        Ok(())
    }

    fn count(&mut self, values: usize) -> Result<(), String> {
        self.values = self.values.saturating_add(values);
        if self.values > MAX_VALUES {
            return Err(format!("has more than {MAX_VALUES} values, counted through `$ref`"));
        }
        Ok(())
    }

    fn is_draft_4(&self) -> bool {
        self.root["$schema"].as_str().is_some_and(|dialect| dialect.contains("draft-04"))
    }
}

fn check_dialect(dialect: &Value, depth: usize) -> Result<(), String> {
    let name = dialect.as_str().map(|name| name.trim_end_matches('#'));
    let name = name.and_then(|name| name.strip_prefix("https://").or_else(|| name.strip_prefix("http://")));
    if depth > 0 || !name.is_some_and(|name| DIALECTS.contains(&name)) {
        return Err("has a `$schema` that is not, at its top, draft 4, 6, 7, 2019-09 or 2020-12".to_owned());
    }
    Ok(())
}

/// The number of states that a machine for the pattern needs, or why no machine without backtracking can match it.
fn states_of(pattern: &str) -> Result<usize, String> {
    let refused = |reason: String| {
        format!("has the pattern `{pattern}`, which cannot be matched in linear time: {reason}")
    };
    let reason = |error| match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        _ => "it cannot be read".to_owned(),
    };
    let Ok(translated) = jsonschema_regex::to_rust_regex(pattern) else {
        let error = regex_syntax::parse(pattern).err();
        return Err(refused(error.map_or_else(|| "it is no regular expression".to_owned(), reason)));
    };
    let parsed = regex_syntax::parse(&translated).map_err(|error| refused(reason(error)))?;
    Ok(states(&parsed))
}

fn states(hir: &Hir) -> usize {
    /// A range of characters beyond ASCII is several ranges of bytes in UTF-8.
    const RANGES: usize = 4;
    let sum = |parts: &[Hir]| parts.iter().map(states).fold(1, usize::saturating_add);
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Bytes(class)) => class.ranges().len(),
        HirKind::Class(Class::Unicode(class)) => {
            class.ranges().iter().map(|range| if range.end().is_ascii() { 1 } else { RANGES }).sum()
        }
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or_else(|| repetition.min.saturating_add(1)).max(1);
            let times = usize::try_from(times).unwrap_or(usize::MAX);
            states(&repetition.sub).saturating_add(1).saturating_mul(times)
        }
        HirKind::Capture(capture) => states(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => sum(parts),
    }
}
