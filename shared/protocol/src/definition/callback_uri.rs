//! The address that the provider called back, where a request after the first wants it too: `${callback.uri}`.

use serde_json::Value;

use super::template::{Root, Template};

/// True if one of the texts in a part of a definition names it.
pub(super) fn is_named(part: &Value) -> bool {
    match part {
        Value::String(text) => Template::parse(text).is_ok_and(|template| {
            template.placeholders().any(|placeholder| placeholder.root() == Root::Callback)
        }),
        Value::Array(items) => items.iter().any(is_named),
        Value::Object(members) => members.values().any(is_named),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
