//! A template of the stack as JSON: `!Ref` and `!Sub` with the values of one deployment, any other function as nothing.

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value};

use crate::repository::read;

/// The name of the stack that is deployed.
pub const STACK: &str = "prod";

/// The resources of a template, by name.
#[must_use]
pub fn resources(path: &str) -> Map<String, Value> {
    let text = read(path);
    let documents = Yaml::load_from_str(&text).unwrap();
    let mut document = value(&documents[0]);
    let Value::Object(resources) = document["Resources"].take() else { panic!("{path}") };
    resources
}

fn value(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(flag)) => (*flag).into(),
        Yaml::Value(Scalar::Integer(number)) => (*number).into(),
        Yaml::Value(Scalar::FloatingPoint(number)) => number.into_inner().into(),
        Yaml::Value(Scalar::String(text)) => text.as_ref().into(),
        Yaml::Sequence(items) => items.iter().map(value).collect(),
        Yaml::Mapping(members) => {
            Value::Object(members.iter().map(|(name, member)| (name_of(name), value(member))).collect())
        }
        Yaml::Tagged(tag, node) => match (&*tag.suffix, value(node)) {
            ("Ref", Value::String(name)) => of_parameter(&name).into(),
            ("Sub", Value::String(text)) => filled(&text).into(),
            _ => Value::Null,
        },
        other => panic!("{other:?}"),
    }
}

fn name_of(node: &Yaml<'_>) -> String {
    match node {
        Yaml::Value(Scalar::String(name)) => name.to_string(),
        other => panic!("{other:?}"),
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
