//! Forgets the secrets of an archived connection: when its time is over, or when somebody asks.
//!
//! They are deleted and not opened for it: that needs no key, so it succeeds even if theirs is gone.

use protocol::deadline::Deadline;
use protocol::error::Result;

use super::revoke::{self, Lived};
use crate::connection::{Connection, Health};
use crate::deps::Deps;
use crate::store::Written;

/// Deletes the secrets of an archived connection, here and at the provider. Returns the connection if it was restored
/// meanwhile.
pub(super) async fn forget(
    deps: &Deps,
    mut archived: Connection,
    deadline: Deadline,
) -> Result<Option<Connection>> {
    loop {
        if archived.archived_at.is_none() {
            return Ok(Some(archived));
        }
        if archived.sealed.is_empty() && archived.forget_at.is_none() {
            return Ok(None);
        }
        let forgotten = Connection {
            sealed: Vec::new(),
            forget_at: None,
            health: Health {
                revocation: archived.health.revocation.clone(),
                ..archived.health.without_credentials()
            },
            version: archived.version + 1,
            turn: archived.turn + 1,
            ..archived.clone()
        };
        match deps.store.forget_secrets(&archived, &forgotten).await? {
            Written::Done => {
                revoke::revoke_given_up(deps, &archived, Lived::Before, forgotten, deadline).await;
                return Ok(None);
            }
            Written::Changed(Some(found)) => archived = *found,
            // It was erased.
            Written::Changed(None) => return Ok(None),
        }
    }
}
