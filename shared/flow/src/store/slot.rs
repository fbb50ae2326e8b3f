//! The slot: one item per workspace, customer and integration, with the ids of the live connections. It is what makes
//! two finishing flows collide, so that exactly one of their connections stays.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::item::{Attributes, Item};

/// What is known of a slot.
#[derive(Debug, Clone, Default)]
pub(super) struct Slot {
    /// The live connections.
    pub(super) live: Vec<String>,
    /// Raised by every change; `None` when the slot was not read, which is written as if it were empty.
    pub(super) version: Option<i64>,
}

impl Slot {
    /// A slot as a failed condition returned it.
    pub(super) fn read(item: &Attributes) -> Self {
        Self { live: item.texts("live").to_vec(), version: item.opt_number("version") }
    }
}

/// The slot's key in the connections table. Connection ids are hexadecimal, so none begins like it.
pub(super) fn slot_key(workspace: &str, customer: &str, integration: &str) -> String {
    let mut hash = Context::new(&SHA256);
    for part in [workspace, customer, integration] {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    format!("slot#{}", URL_SAFE_NO_PAD.encode(&hash.finish().as_ref()[..24]))
}
