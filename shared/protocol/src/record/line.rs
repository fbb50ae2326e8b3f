//! The line that a record becomes: a JSON object, with the names of AWS Lambda Powertools where it has one.

use serde_json::{Map, Value};

use super::{Inner, Level, Measure, Remark, State, Wait};

/// The target of the event that holds a line in its field `line`. Other events are libraries' own.
pub const TARGET: &str = "linkspan";

/// The value of `service`.
pub const SERVICE: &str = "linkspan";

/// Makes the line of what is known now, and takes what was said out of the state.
pub(super) fn of(work: &Inner, state: &mut State) -> (Level, Map<String, Value>) {
    let now = work.clock.now();
    let outcome = state.outcome.take();
    let notes = std::mem::take(&mut state.notes);
    let level = outcome.iter().chain(&notes).map(|said| said.level).max().unwrap_or(Level::Info);
    let message = match (&outcome, state.answered) {
        (Some(said), _) => &*said.message,
        (None, Some(_)) => "answered",
        (None, None) => "ended",
    };
    let mut line = Line(Map::new());
    line.put("timestamp", now.to_rfc3339());
    line.put("level", level.name());
    line.put("message", message);
    line.put("service", SERVICE);
    line.put("reference", state.reference.to_string());
    line.put("function_request_id", work.invocation.request_id.as_deref());
    line.put("cold_start", work.invocation.cold_start);
    line.put("xray_trace_id", work.invocation.xray_trace_id.as_deref());
    line.put("after_answer", state.is_written.then_some(true));
    line.put("answered", state.answered.map(|status| status.as_u16()));
    line.0.extend(state.about.clone());
    line.put("step", outcome.as_ref().map_or(state.step, |said| said.step));
    line.0.extend(outcome.into_iter().flat_map(|said| said.fields));
    if !state.is_written {
        line.put("duration_ms", u64::try_from(now.since(work.began).as_millis()).ok());
        for wait in Wait::ALL {
            line.put(wait.name(), Some(state.waits[wait as usize]).filter(|took| *took > 0));
        }
        for measure in Measure::ALL {
            line.put(measure.name(), state.measures[measure as usize]);
        }
    }
    let notes: Vec<Value> = notes.into_iter().map(|said| Value::Object(of_said(said))).collect();
    line.put("notes", (!notes.is_empty()).then_some(notes));
    (level, line.0)
}

/// Makes the line of what is said outside of all work. Nothing tells the time there.
pub(super) fn alone(said: Remark) -> Map<String, Value> {
    let mut line = of_said(said);
    line.insert("service".to_owned(), SERVICE.into());
    line
}

fn of_said(said: Remark) -> Map<String, Value> {
    let mut line = Line(Map::new());
    line.put("level", said.level.name());
    line.put("message", said.message);
    line.put("step", said.step);
    line.0.extend(said.fields);
    line.0
}

struct Line(Map<String, Value>);

impl Line {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        if !value.is_null() {
            self.0.insert(name.to_owned(), value);
        }
    }
}

/// Hands the line to whoever prints it.
pub(super) fn emit(level: Level, line: Map<String, Value>) {
    let line = Value::Object(line);
    match level {
        Level::Error => tracing::error!(target: TARGET, %line),
        Level::Warn => tracing::warn!(target: TARGET, %line),
        Level::Info => tracing::info!(target: TARGET, %line),
    }
}
