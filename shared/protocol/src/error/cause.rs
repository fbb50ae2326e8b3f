//! The part of an error that only the operator sees.

use std::fmt;
use std::sync::Arc;

use super::{Error, ErrorKey, ErrorType};
use crate::record::{self, Level, Remark};

/// The cause of an error, for the operator's log. It never holds a secret.
#[derive(Clone, Default)]
pub struct Cause {
    /// The definition's setting that the work came from: `tokenUri`, `test.path`.
    pub setting: Option<&'static str>,
    /// The host that was called.
    pub host: Option<String>,
    /// The HTTP status that it answered.
    pub status: Option<u16>,
    /// The kind of failure, in one word: `unknown_host`, `connection_refused`, `tls`, `timeout`, …
    pub kind: Option<&'static str>,
    /// The provider's own error code.
    pub provider_error: Option<String>,
    /// A description in words.
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

    /// The detail and every error behind this one, the outermost first.
    fn chain(&self) -> Option<String> {
        let mut messages: Vec<String> = self.detail.clone().into_iter().collect();
        let mut next = self.source();
        while let Some(error) = next {
            let text = error.to_string();
            // Some errors repeat what the one behind them says.
            if !messages.iter().any(|before| before.contains(&text)) {
                messages.push(text);
            }
            next = error.source();
        }
        (!messages.is_empty()).then(|| messages.join(": "))
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

/// The value, if the work succeeded. Nothing depends on this work, so a failure goes to the log and nowhere else.
pub fn reported<T>(result: super::Result<T>, event: &'static str) -> Option<T> {
    result.inspect_err(|error| error.note(event)).ok()
}

impl Error {
    /// Notes in the record of the present work that it ended with this error, with everything that is known of its
    /// cause. The code that completes a piece of work calls this, once; the code that makes an error does not.
    pub fn report(&self, event: &'static str) {
        record::ends(self.said(event));
    }

    /// Notes an error that the work went on after.
    pub fn note(&self, event: &'static str) {
        record::notes(self.said(event));
    }

    fn said(&self, event: &'static str) -> Remark {
        let none = Cause::default();
        let cause = self.cause().unwrap_or(&none);
        let told = |name: &str| self.data().get(name).and_then(serde_json::Value::as_str);
        Remark::new(self.level(), event)
            .with("key", Some(self.key().facts().key))
            .with("field", told("field"))
            .with("missing_scope", told("scope"))
            .with("setting", cause.setting)
            .with("host", cause.host.as_deref())
            .with("status", cause.status)
            .with("kind", cause.kind)
            .with("provider_error", cause.provider_error.as_deref())
            .with("cause", cause.chain())
    }

    /// A fault of ours, or of a service that we rely on, is for the operator to mend. A provider's and a definition's
    /// are for the team. A caller's own is for information.
    fn level(&self) -> Level {
        match (self.key(), self.key().facts().error_type) {
            (ErrorKey::StorageUnavailable | ErrorKey::KeyUnavailable, _) | (_, ErrorType::Internal) => {
                Level::Error
            }
            (_, ErrorType::DependencyError | ErrorType::Configuration) => Level::Warn,
            _ => Level::Info,
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
