//! The log of a test, down to the last trace of the SDK.

use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::Value;
use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing_subscriber::fmt::MakeWriter;

/// With a single subscriber, `tracing` lets the first thread to pass an event decide whether anybody listens. That
/// thread may belong to another test, which does not. With two subscribers it asks each thread.
static BYSTANDER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));

/// The log of this thread, for as long as this value lives.
pub struct Logs {
    written: Written,
    _guard: DefaultGuard,
}

impl Logs {
    /// Begins to record.
    #[must_use]
    pub fn record() -> Self {
        Self::down_to(tracing::Level::TRACE)
    }

    /// Begins to record what a deployed function would say: for many requests after each other.
    #[must_use]
    pub fn of_the_work() -> Self {
        Self::down_to(tracing::Level::INFO)
    }

    fn down_to(level: tracing::Level) -> Self {
        LazyLock::force(&BYSTANDER);
        let written = Written::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_writer(written.clone())
            .finish();
        Self { written, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// The lines of the work so far. None repeats a name.
    #[must_use]
    pub fn lines(&self) -> Vec<Value> {
        lines_of(&self.text())
    }

    /// The lines of the work since the last call of this function.
    #[must_use]
    pub fn take(&self) -> Vec<Value> {
        let written = std::mem::take(&mut *self.written.0.lock().unwrap());
        lines_of(&String::from_utf8(written).unwrap())
    }

    /// The only line so far.
    #[must_use]
    pub fn line(&self) -> Value {
        let lines = self.lines();
        let [line] = &lines[..] else { panic!("one line: {lines:#?}") };
        line.clone()
    }

    /// Everything so far, libraries' own traces too.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8(self.written.0.lock().unwrap().clone()).unwrap()
    }
}

fn lines_of(text: &str) -> Vec<Value> {
    let lines = text.lines().filter_map(|line| line.split_once(" linkspan: line="));
    lines.map(|(_, line)| unique(line)).collect()
}

/// Reads JSON in which no object repeats a name: of two equal ones, most readers take the last.
fn unique(json: &str) -> Value {
    let value: Value = serde_json::from_str(json).unwrap();
    // What repeats a name loses something on its way through a map.
    assert_eq!(value.to_string(), json);
    value
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
