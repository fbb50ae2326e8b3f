//! The attributes with what callers note beside a connection, or for the one that a connection request makes. Both are JSON.
//!
//! Every item whose write is an event has both, since a pipe takes them into the event, and knows of no attribute that may be
//! missing.

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Attributes, Item, from_json, json, text};
use crate::connection::Notes;
use protocol::error::Result;

const TAGS: &str = "tags";
const META: &str = "meta";

/// The attributes.
pub(super) const NOTES: [&str; 2] = [TAGS, META];

/// The attributes where nothing is noted.
pub(super) fn no_notes() -> [(&'static str, AttributeValue); 2] {
    [(TAGS, text("[]")), (META, text("{}"))]
}

/// The attributes of what is noted.
pub(super) fn notes_item(notes: &Notes) -> Result<[(&'static str, AttributeValue); 2]> {
    let [mut tags, mut meta] = no_notes();
    if let Some(noted) = &notes.tags {
        tags.1 = json(noted)?;
    }
    if let Some(noted) = &notes.meta {
        meta.1 = json(noted)?;
    }
    Ok([tags, meta])
}

/// Reads what is noted. An item of an earlier version has no such attributes.
pub(super) fn read_notes(item: &Attributes) -> Result<Notes> {
    let tags = item.opt_text(TAGS).map(from_json).transpose()?;
    let meta = item.opt_text(META).map(from_json).transpose()?;
    Ok(Notes { tags, meta }.over(&Notes::default()))
}
