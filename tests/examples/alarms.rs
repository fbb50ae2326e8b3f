//! What the lines of log files set off: `cargo run --example alarms -- FROM TO FILE...`, with the time in milliseconds. It
//! prints the alarms, and of each documented incident the first line that says what its line says.
//!
//! Without arguments it prints the incidents, and the name of the stack whose alarms it evaluates.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a command prints, and may stop"
)]

use std::collections::BTreeMap;

use protocol::clock::Timestamp;
use serde_json::{Map, Value, json};
use tests::alarms::{INCIDENTS, Incident, STACK, Seen};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let printed = match &arguments[..] {
        [] => table(),
        [from, to, files @ ..] => evaluated((from.parse().unwrap(), to.parse().unwrap()), files),
        _ => panic!("FROM TO FILE..., or nothing"),
    };
    println!("{printed}");
}

fn table() -> Value {
    let incidents = INCIDENTS.map(|incident| {
        let Incident { key, name, says, .. } = incident;
        let says: Map<String, Value> =
            says.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        json!({ "key": key, "name": name, "says": says, "alarms": incident.all() })
    });
    json!({ "stack": STACK, "incidents": incidents })
}

fn evaluated((from, to): (i64, i64), files: &[String]) -> Value {
    let lines = files.iter().flat_map(|file| lines(file));
    let seen = Seen::of(lines.filter(|line| (from..to).contains(&at(line))).collect(), (from, to));
    let lines: BTreeMap<&str, &Value> =
        INCIDENTS.iter().filter_map(|incident| Some((incident.key, seen.line(incident.says)?))).collect();
    json!({ "alarms": seen.alarms(), "metrics": seen.metrics.names(), "lines": lines })
}

/// The lines of a function's log, each of which is JSON.
fn lines(file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let line = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{file}: {error}: {line}"));
    text.lines().map(line).collect()
}

fn at(line: &Value) -> i64 {
    let at = line["timestamp"].as_str().and_then(Timestamp::from_rfc3339);
    at.unwrap_or_else(|| panic!("it has no time: {line}")).0
}
