//! Prints the log on standard output, which Lambda sends to `CloudWatch`: a line of JSON for each piece of work, with its
//! metrics.

use std::{env, fmt};

use flow::metrics::Metrics;
use protocol::clock::{Clock, SystemClock};
use protocol::record::{SERVICE, TARGET};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Prints what is at least as important as `RUST_LOG` says, and of every other line its metrics.
pub(crate) fn init(metrics: Option<Metrics>) {
    let level = env::var("RUST_LOG").ok().and_then(|level| level.parse().ok()).unwrap_or(Level::INFO);
    // Of two levels the one that shows more is the greater.
    let heard = if metrics.is_some() { level.max(Level::INFO) } else { level };
    tracing_subscriber::fmt().with_max_level(heard).event_format(Json { level, metrics }).init();
}

/// Prints our own lines, and what libraries say as lines like them.
struct Json {
    level: Level,
    metrics: Option<Metrics>,
}

impl Json {
    /// The line as it is printed, if it is.
    fn ours(&self, line: String, is_shown: bool) -> Option<String> {
        let Some(metrics) = &self.metrics else { return is_shown.then_some(line) };
        let Ok(mut members) = serde_json::from_str(&line) else { return is_shown.then_some(line) };
        let counts = metrics.embed(&mut members);
        if counts && !is_shown {
            Metrics::only(&mut members);
        }
        (counts || is_shown).then(|| Value::Object(members).to_string())
    }
}

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let metadata = event.metadata();
        let is_shown = *metadata.level() <= self.level;
        if metadata.target() == TARGET {
            let mut line = Line(String::new());
            event.record(&mut line);
            return self.ours(line.0, is_shown).map_or(Ok(()), |line| writeln!(to, "{line}"));
        }
        if !is_shown {
            return Ok(());
        }
        let mut line = Fields(Map::new());
        for (name, value) in [
            ("timestamp", SystemClock.now().to_rfc3339()),
            ("level", metadata.level().to_string()),
            ("service", SERVICE.to_owned()),
            ("library", metadata.target().to_owned()),
        ] {
            line.0.insert(name.to_owned(), value.into());
        }
        event.record(&mut line);
        writeln!(to, "{}", Value::Object(line.0))
    }
}

/// The only field of our own events.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        self.0 = format!("{value:?}");
    }
}

/// The fields of a library's event. Of two with one name, the first stays.
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.entry(field.name()).or_insert(value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;
    use protocol::record::{Remark, ends};

    #[derive(Clone, Default)]
    struct Printed(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Printed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn our_lines_are_printed_as_they_are_and_those_of_libraries_like_them() {
        let printed = Printed::default();
        let to = printed.clone();
        let json = Json { level: Level::INFO, metrics: None };
        let subscriber =
            tracing_subscriber::fmt().event_format(json).with_writer(move || to.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            ends(Remark::from("answered").with("cause", Some("a \"quoted\" one")));
            tracing::warn!(message = "first", attempt = 2, "second");
        });
        let text = String::from_utf8(printed.0.lock().unwrap().clone()).unwrap();
        let (ours, theirs) = text.trim_end().split_once('\n').unwrap();
        assert_eq!(
            ours,
            r#"{"level":"INFO","message":"answered","cause":"a \"quoted\" one","service":"linkspan"}"#
        );
        let theirs: Value = serde_json::from_str(theirs).unwrap();
        assert_eq!(
            (&theirs["level"], &theirs["attempt"], &theirs["service"]),
            (&"WARN".into(), &2.into(), &"linkspan".into())
        );
        assert!(theirs["timestamp"].is_string() && theirs["message"].is_string(), "{theirs}");
        assert_eq!(text.matches("\"message\"").count(), 2, "{text}");
    }

    #[test]
    fn a_line_that_is_not_shown_leaves_its_metrics() {
        let metrics = Some(Metrics::new("prod", None, true));
        let connected =
            r#"{"timestamp":"2026-01-01T00:00:00.000Z","level":"INFO","message":"connected","customer":"c"}"#;
        let answered = connected.replace("connected", "answered");
        let json = Json { level: Level::WARN, metrics };
        let whole = json.ours(connected.to_owned(), true).unwrap();
        assert!(whole.contains(r#""customer":"c""#) && whole.contains(r#""Connected":1"#), "{whole}");
        assert_eq!(json.ours(answered.clone(), true), Some(answered.clone()));
        let rest = json.ours(connected.to_owned(), false).unwrap();
        assert!(!rest.contains("customer") && rest.contains(r#""Connected":1"#), "{rest}");
        assert_eq!(json.ours(answered.clone(), false), None);
        let without = Json { level: Level::WARN, metrics: None };
        assert_eq!(without.ours(answered.clone(), true), Some(answered));
    }
}
