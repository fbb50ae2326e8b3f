//! What every refusal must be: typed, about a field, and silent about the secrets of the request.

use protocol::error::{Error, ErrorKey};
use serde_json::Value;

/// It stands in the place of each secret, and may stand in no error, no line and no Debug output.
pub(crate) const MARK: &str = "m4rk3d-s3cr3t";

/// Refuses an error that is our own fault, or that repeats a secret. Its chain of causes is looked at too.
pub(crate) fn assert_typed(error: &Error) {
    assert_ne!(error.key(), ErrorKey::Internal, "{error:?} {:?}", error.cause());
    let mut said = format!("{error} {error:?} {} {:?}", error.to_json(), error.cause());
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        said.extend([" ".to_owned(), inner.to_string(), format!("{inner:?}")]);
        source = inner.source();
    }
    assert_silent(&said);
}

/// Does the same, and refuses one that names no field.
pub(crate) fn assert_names_field(error: &Error) {
    assert_typed(error);
    let field = error.data().get("field").and_then(Value::as_str).unwrap_or_default();
    let is_about_all = matches!(error.key(), ErrorKey::RequestTooLarge);
    assert!(is_about_all || !field.is_empty(), "{error:?} names no field");
}

/// Refuses a text with a secret in it.
pub(crate) fn assert_silent(said: &str) {
    assert!(!said.contains(MARK), "a secret is repeated: {said}");
}
