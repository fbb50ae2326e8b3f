//! Every error a caller or a customer can meet.
//!
//! [`ErrorKey`] is the stable name. [`ErrorKey::facts`] is the table of its contract type, its HTTP status and the
//! place where it is shown. Keys are only ever added: a snapshot test holds the table.
//!
//! An [`Error`] has two sides. Its key, message and data are for the caller, and safe to show. Its [`Cause`] is for
//! the operator: the setting, the host and what happened there. [`Error::report`] puts it into the log's line, once.

mod cause;
mod key;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::record::{self, Reference};

pub use cause::{Cause, reported};
pub use key::{ErrorKey, ErrorType, Facts, Shown};

/// The result of every fallible step of the flow.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error with a message that is safe to show. It never holds a secret or a provider's raw text.
#[derive(Clone)]
pub struct Error {
    key: ErrorKey,
    message: Cow<'static, str>,
    data: Map<String, Value>,
    reference: Option<Reference>,
    cause: Option<Box<Cause>>,
}

impl Error {
    /// An error with this key and message; the message is for people and must be safe to show.
    #[must_use]
    pub fn new(key: ErrorKey, message: impl Into<Cow<'static, str>>) -> Self {
        Self { key, message: message.into(), data: Map::new(), reference: None, cause: None }
    }

    /// A fault of our own. `detail` goes to the log (it must not hold a secret); the caller sees only that a fault
    /// happened.
    #[must_use]
    pub fn internal(detail: impl fmt::Display) -> Self {
        Self::new(ErrorKey::Internal, "Something went wrong on our side. Please try again.").detail(detail)
    }

    /// The error for a request's field, or a definition's setting, that does not fit. `problem` gives the reason.
    #[must_use]
    pub fn malformed(field: &str, problem: &str) -> Self {
        Self::new(ErrorKey::RequestMalformed, format!("{field} {problem}.")).field(field)
    }

    /// The error for a setting of the definition that cannot be used.
    #[must_use]
    pub fn unusable(setting: &str) -> Self {
        Self::new(ErrorKey::ConfigurationInvalid, format!("The integration's {setting} cannot be used."))
            .field(setting)
    }

    /// The error for a customer who has to act, but cannot be asked: in an iframe.
    #[must_use]
    pub fn interaction_required() -> Self {
        Self::new(
            ErrorKey::InteractionRequired,
            "This connection needs the customer's attention. Open it in a window of its own.",
        )
    }

    /// The error for a method that the path does not have. An answer names those in `allow` in `Allow` too (RFC 9110
    /// §15.5.6).
    #[must_use]
    pub fn method_not_allowed(allow: String) -> Self {
        Self::new(ErrorKey::MethodNotAllowed, "There is no such method here.").with("allow", allow)
    }

    /// The error for a caller who asks too often. An answer gives the seconds until the next try in `Retry-After` too
    /// (RFC 9110 §10.2.3).
    #[must_use]
    pub fn rate_limit_exceeded(seconds: u64) -> Self {
        let message = format!("There are too many requests just now. Please try again in {seconds} seconds.");
        Self::new(ErrorKey::RateLimitExceeded, message).with("retryAfter", seconds)
    }

    /// Names the parameter or the field that the error is about.
    #[must_use]
    pub fn field(self, name: impl Into<String>) -> Self {
        self.with("field", name.into())
    }

    /// Adds a machine-readable fact to the error's `data`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.data.insert(name.to_owned(), value.into());
        self
    }

    /// Adds the cause, which only the operator sees.
    #[must_use]
    pub fn because(mut self, cause: Cause) -> Self {
        self.cause = Some(Box::new(cause));
        self
    }

    /// Adds a detail for the operator. It must not hold a secret.
    #[must_use]
    pub fn detail(mut self, detail: impl fmt::Display) -> Self {
        self.cause.get_or_insert_default().detail = Some(detail.to_string());
        self
    }

    /// Adds the error that this one comes from, for the log alone.
    #[must_use]
    pub fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause.get_or_insert_default().source = Some(Arc::new(source));
        self
    }

    /// The error, with the reference of the present work: it is about to be shown, or stored.
    #[must_use]
    pub fn referenced(&self) -> Self {
        self.clone().under(record::reference())
    }

    /// The error, with this reference if there is one.
    #[must_use]
    pub fn under(mut self, reference: Option<Reference>) -> Self {
        self.reference = reference.or(self.reference);
        self
    }

    /// The reference under which the log knows it.
    #[must_use]
    pub fn reference(&self) -> Option<Reference> {
        self.reference
    }

    /// The cause, which only the operator sees.
    #[must_use]
    pub fn cause(&self) -> Option<&Cause> {
        self.cause.as_deref()
    }

    /// The stable name.
    #[must_use]
    pub fn key(&self) -> ErrorKey {
        self.key
    }

    /// The message for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The HTTP status of a page or REST response with this error.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.key.facts().status
    }

    /// The machine-readable facts.
    #[must_use]
    pub fn data(&self) -> &Map<String, Value> {
        &self.data
    }

    /// Reads back the output of [`Error::to_json`]. Any other body becomes an internal error.
    #[must_use]
    pub fn from_json(body: &Value) -> Self {
        match (body["key"].as_str().and_then(ErrorKey::named), body["message"].as_str()) {
            (Some(key), Some(message)) => Self {
                key,
                message: Cow::Owned(message.to_owned()),
                data: body["data"].as_object().cloned().unwrap_or_default(),
                reference: body["reference"].as_str().and_then(Reference::parse),
                cause: None,
            },
            _ => Self::internal("a stored error cannot be read"),
        }
    }

    /// The contract's body: `{"type","key","message","data"?}`, and the reference beside it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Facts { key, error_type, .. } = self.key.facts();
        let mut body = json!({ "type": error_type.as_str(), "key": key, "message": self.message });
        if !self.data.is_empty() {
            body["data"] = Value::Object(self.data.clone());
        }
        if let Some(reference) = self.reference {
            body["reference"] = reference.to_string().into();
        }
        body
    }
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Error {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|body| Self::from_json(&body))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key.facts().key, self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref()?.source()
    }
}

/// Two errors are equal if they tell the caller the same, whatever attempts they come from.
impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        (self.key, &self.message, &self.data) == (other.key, &other.message, &other.data)
    }
}

impl Eq for Error {}
