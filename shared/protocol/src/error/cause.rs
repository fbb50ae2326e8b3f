//! What an operator is told of an error, and whoever asked is not.

use std::fmt;
use std::sync::Arc;

use super::{Error, ErrorKey, ErrorType};

/// What happened, for the operator's log. It never holds a secret.
#[derive(Clone, Default)]
pub struct Cause {
    /// The definition's setting that the work came from: `tokenUri`, `test.path`.
    pub setting: Option<&'static str>,
    /// The host that was called.
    pub host: Option<String>,
    /// The HTTP status that it answered.
    pub status: Option<u16>,
    /// How it went wrong, in one word: `unknown_host`, `connection_refused`, `tls`, `timeout`, …
    pub kind: Option<&'static str>,
    /// The provider's own code of the error.
    pub provider_error: Option<String>,
    /// What happened, in words.
    pub detail: Option<String>,
    /// The error that this one comes from.
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Cause {
    /// The error that this one comes from.
    #[must_use]
    pub fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }

    /// The details and every error behind this one, the outermost first.
    fn chain(&self) -> Option<String> {
        let mut said: Vec<String> = self.detail.clone().into_iter().collect();
        let mut next = self.source();
        while let Some(error) = next {
            let text = error.to_string();
            // Some errors repeat what the one behind them says.
            if !said.iter().any(|before| before.contains(&text)) {
                said.push(text);
            }
            next = error.source();
        }
        (!said.is_empty()).then(|| said.join(": "))
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cause")
            .field("setting", &self.setting)
            .field("host", &self.host)
            .field("status", &self.status)
            .field("kind", &self.kind)
            .field("provider_error", &self.provider_error)
            .field("cause", &self.chain())
            .finish_non_exhaustive()
    }
}

/// What came of work that nothing depends on: its failure is told in the log, and nowhere else.
pub fn reported<T>(result: super::Result<T>, event: &str) -> Option<T> {
    result.inspect_err(|error| error.report(event)).ok()
}

/// An event of the log at the level that a constant cannot choose.
macro_rules! event {
    ($level:expr, $($rest:tt)*) => {
        match $level {
            tracing::Level::ERROR => tracing::error!($($rest)*),
            tracing::Level::WARN => tracing::warn!($($rest)*),
            _ => tracing::info!($($rest)*),
        }
    };
}

impl Error {
    /// Writes the error to the log with everything that is known of its cause. Whoever ends a piece of work does so, once;
    /// whoever makes an error does not. The span around it says for whom and for what the work was.
    pub fn report(&self, event: &str) {
        let none = Cause::default();
        let cause = self.cause().unwrap_or(&none);
        event!(
            self.level(),
            key = self.key().facts().key,
            field = self.data().get("field").and_then(serde_json::Value::as_str),
            setting = cause.setting,
            host = cause.host,
            status = cause.status,
            kind = cause.kind,
            provider_error = cause.provider_error,
            cause = cause.chain(),
            "{event}"
        );
    }

    /// A fault of ours or of what we stand on is for the operator to mend; a provider's and a definition's are for the
    /// team; a caller's own are news.
    fn level(&self) -> tracing::Level {
        match (self.key(), self.key().facts().error_type) {
            (ErrorKey::StorageUnavailable | ErrorKey::KeyUnavailable, _) | (_, ErrorType::Internal) => {
                tracing::Level::ERROR
            }
            (_, ErrorType::DependencyError | ErrorType::Configuration) => tracing::Level::WARN,
            _ => tracing::Level::INFO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Behind(&'static str, #[source] Option<Box<Behind>>);

    #[test]
    fn the_chain_is_told_whole_and_nothing_twice() {
        let source = Behind("tls failed", Some(Box::new(Behind("expired certificate", None))));
        let error = Error::internal("the call broke").caused_by(source);
        assert_eq!(
            error.cause().unwrap().chain().unwrap(),
            "the call broke: tls failed: expired certificate"
        );
        let source = Behind("tls failed: expired", Some(Box::new(Behind("expired", None))));
        let error = Error::new(ErrorKey::ProviderUnreachable, "It cannot be reached.").caused_by(source);
        assert_eq!(error.cause().unwrap().chain().unwrap(), "tls failed: expired");
    }

    #[test]
    fn the_cause_is_shown_to_nobody_but_the_operator() {
        let error = Error::internal("a detail").caused_by(Behind("a source", None));
        let shown = format!("{error} {error:?} {}", error.to_json());
        assert!(!shown.contains("a detail") && !shown.contains("a source"), "{shown}");
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "a source");
    }
}
