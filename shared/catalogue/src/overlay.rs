//! What a definition gives, laid over what it begins from.

use serde_json::{Map, Value};

/// The settings whose `null` says something: a stored secret is removed.
const SECRETS: [&str; 3] = ["clientSecret", "consumerSecret", "privateKey"];

/// Lays `over` on `base`: a merge patch (RFC 7396), but options are merged by their `key`, each of which stays where it is,
/// and a `null` that removes a secret stays for whoever has the secret.
#[must_use]
pub fn laid_over(mut base: Map<String, Value>, over: &Map<String, Value>) -> Map<String, Value> {
    for (name, value) in over {
        match (name.as_str(), base.get_mut(name), value) {
            ("authOptions", Some(Value::Array(options)), Value::Array(over)) => {
                lay_options_over(options, over);
            }
            ("parameters", _, _) => drop(base.insert(name.clone(), value.clone())),
            _ => lay_member_over(&mut base, name, value),
        }
    }
    base
}

fn lay_options_over(options: &mut Vec<Value>, over: &[Value]) {
    let mut taken = Vec::new();
    for option in over {
        let is_it = |(at, base): &(usize, &Value)| !taken.contains(at) && base["key"] == option["key"];
        let found = options.iter().enumerate().find(is_it).map(|(at, _)| at);
        let Some(at) = found.filter(|_| option["key"].is_string()) else {
            taken.push(options.len());
            options.push(option.clone());
            continue;
        };
        taken.push(at);
        let base = &mut options[at];
        // The settings of one type mean nothing in another.
        if option.get("type").is_some_and(|given| *given != base["type"]) {
            *base = option.clone();
            continue;
        }
        merge_patch(base, option);
        for secret in SECRETS {
            if option["config"].get(secret).is_some_and(Value::is_null) {
                base["config"][secret] = Value::Null;
            }
        }
    }
}

/// Merges as RFC 7396 §2 says.
pub fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(target) = target.as_object_mut() else { return };
    for (name, value) in patch {
        lay_member_over(target, name, value);
    }
}

fn lay_member_over(target: &mut Map<String, Value>, name: &str, value: &Value) {
    if value.is_null() {
        // What stands behind it keeps its place.
        target.shift_remove(name);
    } else {
        merge_patch(target.entry(name).or_insert(Value::Null), value);
    }
}
