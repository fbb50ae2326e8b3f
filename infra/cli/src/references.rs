//! What a definition in a file leaves to the machine that puts it: `${env:NAME}` and `${file:PATH}`.
//!
//! No placeholder of a definition has a colon, so the two cannot be mistaken for each other.

use std::env;
use std::path::{Component, Path};

use serde_json::{Map, Value};

use crate::filled::Filled;
use crate::signer::read_secret;

/// What begins a reference, and what ends it.
const ENVIRONMENT: &str = "${env:";
const FILE: &str = "${file:";
const END: char = '}';

/// The beginning of the names of this program's own settings, its secrets among them.
const OWN: &str = "LINKSPAN_";

/// True if a path leads to a file below the folder, through whatever links. One that is not there is below it by its name.
fn is_inside(folder: &Path, path: &Path) -> bool {
    let has_way_out = path.strip_prefix(folder).map_or(true, |below| {
        below.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir))
    });
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    !has_way_out
        && match (folder.canonicalize(), path.canonicalize()) {
            (Ok(folder), Ok(path)) => path.starts_with(folder),
            _ => !path.exists(),
        }
}

/// What happens to a value whose variable is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unset {
    /// It is a problem.
    Refused,
    /// It is left out, as if the deployment had it already.
    LeftOut,
}

/// True if a text has a reference in it.
pub(crate) fn has_reference(text: &str) -> bool {
    text.contains(ENVIRONMENT) || text.contains(FILE)
}

/// An object whose references are replaced. It has no `Debug`, which would show what they were replaced by.
pub(crate) struct Resolved {
    pub(crate) object: Map<String, Value>,
    /// What could not be replaced: its path, and why.
    pub(crate) faults: Vec<String>,
    /// The paths of what was left out.
    pub(crate) left_out: Vec<String>,
}

/// The object with every reference replaced, and remembered in `filled`. Paths of files begin at `folder`.
pub(crate) fn resolved(
    object: &Map<String, Value>,
    folder: &Path,
    unset: Unset,
    filled: &Filled,
) -> Resolved {
    let mut resolver = Resolver { folder, unset, filled, faults: Vec::new(), left_out: Vec::new() };
    let object = resolver.members(object, "");
    Resolved { object, faults: resolver.faults, left_out: resolver.left_out }
}

struct Resolver<'a> {
    folder: &'a Path,
    unset: Unset,
    filled: &'a Filled,
    faults: Vec<String>,
    left_out: Vec<String>,
}

/// True if a text is one reference and nothing else.
fn is_whole(text: &str) -> bool {
    text.starts_with("${") && text.find(END) == Some(text.len() - END.len_utf8())
}

enum Fault {
    Unset(String),
    Other(String),
}

impl Fault {
    fn text(self) -> String {
        match self {
            Self::Unset(name) => format!("the environment variable {name} is not set"),
            Self::Other(text) => text,
        }
    }
}

impl Resolver<'_> {
    fn members(&mut self, object: &Map<String, Value>, path: &str) -> Map<String, Value> {
        let mut resolved = Map::new();
        for (name, member) in object {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            if let Some(member) = self.value(member, path) {
                resolved.insert(name.clone(), member);
            }
        }
        resolved
    }

    fn value(&mut self, given: &Value, path: String) -> Option<Value> {
        match given {
            Value::Object(object) => Some(Value::Object(self.members(object, &path))),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                Some(items.filter_map(|(at, item)| self.value(item, format!("{path}[{at}]"))).collect())
            }
            Value::String(text) if has_reference(text) => match self.text(text) {
                Ok(text) => Some(text.into()),
                Err(Fault::Unset(_)) if self.unset == Unset::LeftOut && is_whole(text) => {
                    self.left_out.push(path);
                    None
                }
                Err(fault) => {
                    self.faults.push(format!("{path}: {}", fault.text()));
                    None
                }
            },
            other => Some(other.clone()),
        }
    }

    fn text(&self, text: &str) -> Result<String, Fault> {
        let mut resolved = String::new();
        let mut rest = text;
        loop {
            let next =
                [ENVIRONMENT, FILE].into_iter().filter_map(|kind| Some((rest.find(kind)?, kind))).min();
            let Some((begin, kind)) = next else { break };
            let (before, reference) = rest.split_at(begin);
            let not_ended = || Fault::Other(format!("`{kind}` has no `{END}` behind it"));
            let (name, after) = reference[kind.len()..].split_once(END).ok_or_else(not_ended)?;
            resolved.push_str(before);
            let value = self.named(kind, name)?;
            self.filled.add(&format!("{kind}{name}{END}"), &value);
            resolved.push_str(&value);
            rest = after;
        }
        resolved.push_str(rest);
        Ok(resolved)
    }

    fn named(&self, kind: &str, name: &str) -> Result<String, Fault> {
        if kind == ENVIRONMENT {
            // Somebody else may have written the definition. What opens a deployment goes into none.
            if name.to_ascii_uppercase().starts_with(OWN) {
                let text = format!("the environment variable {name} is for this program alone");
                return Err(Fault::Other(text));
            }
            return match env::var(name) {
                Ok(value) if !value.is_empty() => Ok(value),
                Ok(_) | Err(env::VarError::NotPresent) => Err(Fault::Unset(name.to_owned())),
                Err(_) => Err(Fault::Other(format!("the environment variable {name} is no text"))),
            };
        }
        let path = self.folder.join(name);
        if !is_inside(self.folder, &path) {
            return Err(Fault::Other(format!("{} is not in the folder of the definition", path.display())));
        }
        read_secret(&path)
            .map(|text| text.as_str().to_owned())
            .map_err(|problem| Fault::Other(problem.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `PATH` is a variable that every machine has.
    fn of(value: &Value, unset: Unset) -> (Value, Vec<String>) {
        let resolved = resolved(value.as_object().unwrap(), Path::new("/nowhere"), unset, &Filled::default());
        (resolved.object.into(), resolved.faults)
    }

    #[test]
    fn references_are_replaced_wherever_they_stand_and_placeholders_are_not() {
        let path = env::var("PATH").unwrap();
        let (value, faults) = of(
            &json!({ "a": [{ "b": "<${env:PATH}|${env:PATH}>" }], "c": "${parameters.x || credentials.y}", "n": 1 }),
            Unset::Refused,
        );
        assert_eq!(faults, [""; 0]);
        let expected = json!({ "a": [{ "b": format!("<{path}|{path}>") }], "c": "${parameters.x || credentials.y}", "n": 1 });
        assert_eq!(value, expected);
    }

    #[test]
    fn what_cannot_be_replaced_is_named_with_its_path() {
        let given = json!({
            "a": { "b": ["${env:TEST_UNSET}"] }, "c": "${env:X", "d": "x${env:TEST_UNSET}", "e": "${file:key.pem}",
        });
        let (_, faults) = of(&given, Unset::Refused);
        assert_eq!(faults[0], "a.b[0]: the environment variable TEST_UNSET is not set");
        assert_eq!(faults[1], "c: `${env:` has no `}` behind it");
        assert_eq!(faults[2], "d: the environment variable TEST_UNSET is not set");
        assert!(faults[3].starts_with("e: /nowhere/key.pem: "), "{}", faults[3]);
        // Only what is a reference alone may be there already.
        let (value, faults) = of(&given, Unset::LeftOut);
        assert_eq!(value["a"], json!({ "b": [] }));
        assert_eq!(faults.len(), 3, "{faults:?}");
    }

    #[test]
    fn a_definition_of_somebody_elses_reads_neither_our_settings_nor_files_elsewhere() {
        let given = json!({
            "a": "${env:LINKSPAN_SECRET}", "b": "${env:linkspan_secret}", "c": "${file:/etc/hostname}",
            "d": "${file:../../etc/hostname}", "e": "${file:a/../../b}",
        });
        let (value, faults) = of(&given, Unset::LeftOut);
        assert_eq!(value, json!({}));
        assert_eq!(faults[0], "a: the environment variable LINKSPAN_SECRET is for this program alone");
        assert!(faults[2].ends_with("is not in the folder of the definition"), "{}", faults[2]);
        assert_eq!(faults.len(), 5, "{faults:?}");
    }
}
