//! Reads and writes an item's attributes with their types.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use protocol::error::{Error, Result};

/// An item as DynamoDB returns it.
pub(super) type Attributes = HashMap<String, AttributeValue>;

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// True if a caller's text can be a table's key. DynamoDB rejects a key that is longer than 2 KiB, so no item has one.
pub(super) fn can_be_key(text: &str) -> bool {
    (1..=2048).contains(&text.len())
}

pub(super) fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn bytes(value: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// A value as JSON text.
pub(super) fn json(value: &impl Serialize) -> Result<AttributeValue> {
    serde_json::to_string(value).map(AttributeValue::S).map_err(Error::internal)
}

/// Reads a value from its JSON text.
pub(super) fn from_json<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json)
        .map_err(|error| Error::internal(format_args!("a stored item cannot be read: {error}")))
}

pub(super) fn texts<T: Into<String>>(values: impl IntoIterator<Item = T>) -> AttributeValue {
    AttributeValue::Ss(values.into_iter().map(Into::into).collect())
}

/// Reads attributes. A missing attribute that every item should have is an internal error.
pub(super) trait Item {
    fn opt_text(&self, name: &str) -> Option<&str>;
    fn opt_number(&self, name: &str) -> Option<i64>;
    fn opt_bytes(&self, name: &str) -> Option<&[u8]>;
    fn texts(&self, name: &str) -> &[String];

    fn text(&self, name: &str) -> Result<&str> {
        self.opt_text(name).ok_or_else(|| lacking(name))
    }

    fn number(&self, name: &str) -> Result<i64> {
        self.opt_number(name).ok_or_else(|| lacking(name))
    }

    fn bytes(&self, name: &str) -> Result<&[u8]> {
        self.opt_bytes(name).ok_or_else(|| lacking(name))
    }
}

impl Item for Attributes {
    fn opt_text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_s().ok().map(String::as_str)
    }

    fn opt_number(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_n().ok()?.parse().ok()
    }

    fn opt_bytes(&self, name: &str) -> Option<&[u8]> {
        self.get(name)?.as_b().ok().map(AsRef::as_ref)
    }

    fn texts(&self, name: &str) -> &[String] {
        self.get(name).and_then(|value| value.as_ss().ok()).map_or(&[], Vec::as_slice)
    }
}

fn lacking(name: &str) -> Error {
    Error::internal(format_args!("a stored item lacks the attribute {name}"))
}

/// The item whose condition failed, if there is one. DynamoDB returns it with the error, so it need not be read.
#[derive(Clone, Copy)]
pub(super) struct Found<'a>(pub(super) Option<&'a Attributes>);

impl<'a> Found<'a> {
    pub(super) fn item(self) -> Option<&'a Attributes> {
        self.0
    }
}
