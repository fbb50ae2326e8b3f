//! What may be seen of a definition: no secret, whether it stands in the file or in the machine's environment.

use serde_json::{Map, Value};

use crate::references::has_reference;

/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "(hidden)";

/// A definition as it is written, without its secrets.
#[derive(Debug)]
pub(super) struct Seen {
    /// Its references stand as they are written.
    pub(super) written: Map<String, Value>,
    /// The paths of its secrets, each with its reference if it has one. `None` is a `null`, which removes it.
    pub(super) secrets: Vec<(String, Option<String>)>,
}

impl Seen {
    /// `kept` is what is left of the definition without its secrets.
    pub(super) fn of(written: &Map<String, Value>, kept: &Map<String, Value>) -> Self {
        let mut written = written.clone();
        written.remove("$schema");
        written.remove("connectorVersion");
        let mut secrets = Vec::new();
        hide(&mut written, kept, "", &mut secrets);
        Self { written, secrets }
    }
}

fn hide(
    written: &mut Map<String, Value>,
    kept: &Map<String, Value>,
    path: &str,
    secrets: &mut Vec<(String, Option<String>)>,
) {
    for (name, member) in written.iter_mut() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match (kept.get(name), member) {
            (None, Value::Null) => secrets.push((path, None)),
            (None, member) => {
                if !matches!(member, Value::String(text) if has_reference(text)) {
                    *member = HIDDEN.into();
                }
                secrets.push((path, member.as_str().map(str::to_owned)));
            }
            (Some(Value::Object(kept)), Value::Object(member)) => hide(member, kept, &path, secrets),
            (Some(Value::Array(kept)), Value::Array(items)) => {
                for (item, kept) in items.iter_mut().zip(kept) {
                    if let (Value::Object(item), Value::Object(kept)) = (item, kept) {
                        let key = item.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
                        hide(item, kept, &format!("{path}[{key}]"), secrets);
                    }
                }
            }
            _ => {}
        }
    }
}

/// What the deployment shows of an integration, as far as a definition says it.
pub(super) fn seen(shown: &Value) -> Map<String, Value> {
    if let Some(given) = shown["given"].as_object() {
        let mut given = given.clone();
        without_discovered(&mut given);
        return given;
    }
    let has_page = !shown["oAuthCallbackPath"].is_null();
    let of_a_page = ["oAuthCallbackUri", "oAuthCallbackPath"].into_iter().filter(|_| has_page);
    let mut seen = Map::new();
    for name in [
        "name",
        "logoUri",
        "connector",
        "startUri",
        "shared",
        "sharedWith",
        "authOptions",
        "baseUri",
        "parameters",
        "parametersSchema",
    ]
    .into_iter()
    .chain(of_a_page)
    {
        if let Some(value) = shown.get(name) {
            seen.insert(name.to_owned(), value.clone());
        }
    }
    without_discovered(&mut seen);
    seen
}

/// Takes away what the deployment found by itself.
pub(super) fn without_discovered(definition: &mut Map<String, Value>) {
    let options = definition.get_mut("authOptions").and_then(Value::as_array_mut);
    for option in options.into_iter().flatten().filter_map(Value::as_object_mut) {
        option.remove("discovered");
    }
}
