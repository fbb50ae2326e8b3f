//! Reads what a caller notes beside a connection.

use protocol::error::{Error, Result};
use serde_json::{Map, Value};

use super::request_fields::Fields;
use crate::connection::Notes;

/// The most tags that a connection has.
const MOST_TAGS: usize = 20;

/// The most that a tag weighs, in bytes.
const MAX_TAG: usize = 64;

/// The most that a connection's `meta` weighs, in bytes of JSON.
const MAX_META: usize = 2 * 1024;

/// Takes `tags` and `meta`. An empty one takes away what was noted; one that is not given changes nothing.
///
/// # Errors
///
/// `request_malformed`, with the field.
pub fn read(fields: &mut Fields) -> Result<Notes> {
    Ok(Notes { tags: tags(fields)?, meta: meta(fields)? })
}

fn tags(fields: &mut Fields) -> Result<Option<Vec<String>>> {
    let malformed = || {
        let rule =
            format!("must be up to {MOST_TAGS} texts of 1 to {MAX_TAG} bytes, without control characters");
        Error::malformed("tags", &rule)
    };
    let fits = |tag: &str| (1..=MAX_TAG).contains(&tag.len()) && !tag.chars().any(char::is_control);
    let Some(given) = fields.array("tags")? else { return Ok(None) };
    let mut tags = Vec::new();
    for tag in given {
        match tag {
            Value::String(tag) if !fits(&tag) => return Err(malformed()),
            Value::String(tag) if tags.contains(&tag) => {}
            Value::String(tag) => tags.push(tag),
            _ => return Err(malformed()),
        }
    }
    if tags.len() > MOST_TAGS { Err(malformed()) } else { Ok(Some(tags)) }
}

fn meta(fields: &mut Fields) -> Result<Option<Map<String, Value>>> {
    let Some(given) = fields.object("meta")? else { return Ok(None) };
    let meta = given.expose().clone();
    if serde_json::to_vec(&meta).map_err(Error::internal)?.len() > MAX_META {
        return Err(Error::malformed("meta", "is larger than 2 KiB"));
    }
    Ok(Some(meta))
}
