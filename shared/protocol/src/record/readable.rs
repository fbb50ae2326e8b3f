//! A line of the log, as a person reads it.

use serde_json::{Map, Value};

/// What is the same in every line of one machine, and what is meant for machines.
const LEFT_OUT: [&str; 4] = ["service", "function_request_id", "cold_start", "_aws"];

/// Writes the time, the level and the message, and then the fields. Each note is a line below.
#[must_use]
pub fn readable(line: &Map<String, Value>) -> String {
    let mut line = line.clone();
    let mut take = |name| line.shift_remove(name).as_ref().map(text).unwrap_or_default();
    let [timestamp, level, message] = ["timestamp", "level", "message"].map(&mut take);
    let notes = line.shift_remove("notes");
    let fields = line.iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()));
    let fields: Vec<String> = fields.map(|(name, value)| format!(" {name}={}", text(value))).collect();
    let notes = notes.as_ref().and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let notes: Vec<String> = notes.map(|note| format!("\n    {}", readable(note))).collect();
    let head = [timestamp, level, message].into_iter().filter(|part| !part.is_empty());
    [head.collect::<Vec<_>>().join(" "), fields.concat(), notes.concat()].concat()
}

/// A text of one word stands as it is.
fn text(value: &Value) -> String {
    match value.as_str() {
        Some(text) if !text.contains(['"', '=']) => text.to_owned(),
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_is_a_sentence_with_what_it_knows_and_its_notes_below() {
        let line = json!({
            "timestamp": "2026-01-01T00:00:00.000Z", "level": "WARN", "message": "connected", "service": "linkspan",
            "workspace": "demo", "provider_ms": 12, "cause": "a \"b\"",
            "_aws": { "Timestamp": 1 },
            "notes": [{ "level": "WARN", "message": "credentials not revoked", "status": 400 }],
        });
        assert_eq!(
            readable(line.as_object().unwrap()),
            "2026-01-01T00:00:00.000Z WARN connected workspace=demo provider_ms=12 cause=\"a \\\"b\\\"\"\n    \
             WARN credentials not revoked status=400"
        );
    }
}
