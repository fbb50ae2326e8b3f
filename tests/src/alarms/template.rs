//! A template of the stack as JSON: `!Ref` and `!Sub` with the values of one deployment, `!If` as in one with everything on,
//! any other function as nothing.

use serde_json::{Map, Value};

pub use crate::cloudformation::STACK;
use crate::cloudformation::{function, template};

/// The resources of a template, by name.
#[must_use]
pub fn resources(path: &str) -> Map<String, Value> {
    let mut document = template(path);
    let Value::Object(resources) = document["Resources"].take() else { panic!("{path}") };
    resources.iter().map(|(name, resource)| (name.clone(), of_the_stack(resource))).collect()
}

fn of_the_stack(value: &Value) -> Value {
    match (function(value), value) {
        (Some(("Ref", name)), _) => of_parameter(name.as_str().unwrap()).into(),
        (Some(("Sub", Value::String(text))), _) => filled(text).into(),
        (Some(("If", Value::Array(branches))), _) => of_the_stack(&branches[1]),
        (Some(_), _) => Value::Null,
        (None, Value::Array(items)) => items.iter().map(of_the_stack).collect(),
        (None, Value::Object(members)) => {
            Value::Object(members.iter().map(|(name, member)| (name.clone(), of_the_stack(member))).collect())
        }
        (None, plain) => plain.clone(),
    }
}

/// The stack's name; of everything else its own.
fn of_parameter(name: &str) -> String {
    if name == "Stack" { STACK.to_owned() } else { format!("the {name}") }
}

fn filled(text: &str) -> String {
    let mut parts = text.split("${");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap();
        filled.extend([&*of_parameter(name), rest]);
    }
    filled
}
