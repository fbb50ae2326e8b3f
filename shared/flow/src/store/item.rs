//! Attributes of an item, written and read with their types.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use protocol::error::{Error, Result};

/// An item as DynamoDB returns it.
pub(super) type Attributes = HashMap<String, AttributeValue>;

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// Whether a caller's text can be a table's key. DynamoDB refuses what is longer than 2 KiB, which is then no item's.
pub(super) fn can_be_key(text: &str) -> bool {
    (1..=2048).contains(&text.len())
}

pub(super) fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn bytes(value: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

pub(super) fn texts<T: Into<String>>(values: impl IntoIterator<Item = T>) -> AttributeValue {
    AttributeValue::Ss(values.into_iter().map(Into::into).collect())
}

/// Reads attributes; one that must be there and is not is a fault of ours.
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

/// Where the condition of a write did not hold: the item as it is, if it is there at all. DynamoDB returns it with the
/// refusal, so nothing need be read.
#[derive(Clone, Copy)]
pub(super) struct Found<'a>(pub(super) Option<&'a Attributes>);

impl<'a> Found<'a> {
    pub(super) fn item(self) -> Option<&'a Attributes> {
        self.0
    }
}
