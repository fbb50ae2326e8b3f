//! The functions' log, readable: the lines that they print on AWS, each as a sentence and what it knows. Or as they are.

use std::{env, fmt};

use flow::metrics::Metrics;
use protocol::record::{TARGET, readable};
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
