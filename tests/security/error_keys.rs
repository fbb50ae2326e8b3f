//! The table of errors. Keys are only ever added: callers rely on them. `docs/errors.md` is what they were promised, and
//! `tests/docs/errors.rs` holds the table to it.

use protocol::error::ErrorKey;

#[test]
fn every_key_is_there_once() {
    let mut keys: Vec<&str> = ErrorKey::ALL.iter().map(|key| key.facts().key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), ErrorKey::ALL.len());
}
