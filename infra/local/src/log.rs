//! The functions' log, readable: the lines that they print on AWS, each as a sentence and what it knows. Or as they are.

use std::{env, fmt};

use flow::metrics::Metrics;
use protocol::record::TARGET;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{Compact, Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, format};
use tracing_subscriber::registry::LookupSpan;

/// Where the log's metrics belong, in the place of a stack.
const STACK: &str = "local";

/// Prints the log on standard error: standard output is for the requested text.
pub fn init(is_json: bool) {
    let level = env::var("RUST_LOG").ok().and_then(|level| level.parse().ok()).unwrap_or(Level::INFO);
    let others = format().compact().with_ansi(false).with_target(false);
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .event_format(Printed {
            json: is_json.then(|| Metrics::new(STACK, Some(crate::seed::WORKSPACE_KEY.to_owned()), true)),
            others,
        })
        .init();
}

struct Printed {
    /// What makes the metrics of lines that are printed as they are. Without it they are made readable.
    json: Option<Metrics>,
    /// For what libraries say.
    others: Format<Compact>,
}

impl<S, N> FormatEvent<S, N> for Printed
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut to: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if event.metadata().target() != TARGET {
            return self.others.format_event(context, to, event);
        }
        let mut line = Line::default();
        event.record(&mut line);
        if let Some(metrics) = &self.json {
            metrics.embed(&mut line.0);
            return writeln!(to, "{}", Value::Object(line.0));
        }
        writeln!(to, "{}", readable(&line.0))
    }
}

#[derive(Default)]
struct Line(Map<String, Value>);

impl Visit for Line {
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        self.0 = serde_json::from_str(&format!("{value:?}")).unwrap_or_default();
    }
}

/// What is the same in every line of one machine.
const LEFT_OUT: [&str; 3] = ["service", "function_request_id", "cold_start"];

/// The time, the level and the message, and then the fields. Each note is a line below.
fn readable(line: &Map<String, Value>) -> String {
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
            "notes": [{ "level": "WARN", "message": "credentials not revoked", "status": 400 }],
        });
        assert_eq!(
            readable(line.as_object().unwrap()),
            "2026-01-01T00:00:00.000Z WARN connected workspace=demo provider_ms=12 cause=\"a \\\"b\\\"\"\n    \
             WARN credentials not revoked status=400"
        );
    }
}
