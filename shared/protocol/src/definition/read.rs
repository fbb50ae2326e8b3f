//! Reads JSON as a definition, and names each place that does not fit.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use super::json_pointer;
use super::problem::Problems;
use crate::error::Result;

/// The most unknown settings that are named of one object. An object with more was meant for another place
/// altogether.
const MOST_UNKNOWN: usize = 20;

/// Reads a definition, or names the first field that does not fit.
pub fn read<T: DeserializeOwned>(value: &Value) -> Result<T> {
    parse(value).map_err(|fault| {
        let mut problems = Problems::default();
        problems.add(fault.field(""), fault.problem);
        problems.refusal()
    })
}

/// Reads the value at `path` of a definition as far as possible. Unknown settings are noted as problems and left out,
/// so that a definition which an earlier version stored still works without them.
pub(super) fn read_leniently<T: DeserializeOwned>(
    value: &Value,
    path: &str,
    problems: &mut Problems,
) -> Option<T> {
    let mut value = Cow::Borrowed(value);
    for _ in 0..MOST_UNKNOWN {
        match parse(&value) {
            Ok(read) => return Some(read),
            Err(fault) => {
                problems.add(fault.field(path), fault.problem);
                let (object, name) = fault.unknown?;
                value.to_mut().pointer_mut(&object)?.as_object_mut()?.shift_remove(&name)?;
            }
        }
    }
    None
}

/// A place where the JSON does not fit.
struct Fault {
    path: String,
    problem: String,
    /// The object that holds an unknown setting, as a JSON Pointer, and the setting's name.
    unknown: Option<(String, String)>,
}

impl Fault {
    fn field(&self, path: &str) -> String {
        join(path, &self.path)
    }
}

fn join(path: &str, inner: &str) -> String {
    match (path, inner) {
        ("", inner) => inner.to_owned(),
        (path, "." | "") => path.to_owned(),
        (path, inner) => format!("{path}.{inner}"),
    }
}

fn parse<T: DeserializeOwned>(value: &Value) -> std::result::Result<T, Fault> {
    serde_path_to_error::deserialize(value).map(|Object(definition)| definition).map_err(|error| {
        let mut path = error.path().to_string();
        let unknown = unknown(error.path());
        let text = error.into_inner().to_string();
        if let Some((_, name)) = text.split_once("missing field `").filter(|(before, _)| before.is_empty()) {
            let name = name.split('`').next().unwrap_or_default();
            path = join(if path == "." { "" } else { &path }, name);
            return Fault { path, problem: "is missing".to_owned(), unknown: None };
        }
        // serde's messages repeat the value that does not fit, which may be a secret in the wrong place.
        match text.rsplit_once(", expected ") {
            Some((before, expected)) if before.starts_with("unknown field") => {
                Fault { path, problem: format!("is unknown; expected {expected}"), unknown }
            }
            Some((_, expected)) => {
                Fault { path, problem: format!("must be {}", in_json(expected)), unknown: None }
            }
            None if text.starts_with("unknown field") => {
                Fault { path, problem: "is unknown".to_owned(), unknown }
            }
            None => Fault { path, problem: text, unknown: None },
        }
    })
}

/// Translates serde's terms into JSON's.
fn in_json(expected: &str) -> &str {
    match expected {
        "a sequence" => "an array",
        "a map" => "an object",
        "a nonzero u32" => "a whole number from 1 to 4294967295",
        expected if expected.starts_with("struct ") => "an object",
        expected => expected,
    }
}

fn unknown(path: &Path) -> Option<(String, String)> {
    let mut segments: Vec<String> = path
        .iter()
        .map(|segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect::<Option<_>>()?;
    let name = segments.pop()?;
    Some((segments.iter().fold(String::new(), |pointer, name| json_pointer::member(&pointer, name)), name))
}

/// Reads objects only. By itself serde also reads a structure from an array, by the order of its fields.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// Reads an object, for a field of one.
pub(super) fn object<'de, D, T>(deserializer: D) -> std::result::Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Object::deserialize(deserializer).map(|Object(value)| value)
}

/// Reads an object, for a field that may be missing.
pub(super) fn optional_object<'de, D, T>(deserializer: D) -> std::result::Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|Object(value)| value))
}
