//! Archives and restores a connection. Each changes its slot in the same transaction.

use std::time::Duration;

use super::Store;
use super::change::Change;
use super::connections::read_connection;
use super::item::{Found, number};
use super::transact::{Attempts, FailedConditions, Next, Transacted, change_in_transaction};
use crate::connection::{Connection, connection_not_found};
use protocol::error::{Error, ErrorKey, Result};
use protocol::random::draw_id;

/// The time limit; API Gateway's own is 30 s.
const TIME: Duration = Duration::from_secs(20);

/// The rule for restoring a connection beside live ones of the same customer and integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Siblings {
    /// It may be restored beside others.
    Allowed,
    /// It is restored only if there is no other.
    Refused,
}

/// The purpose of a write in the transaction.
#[derive(Debug, PartialEq, Eq)]
enum Role {
    Connection,
    Slot,
}

impl Store {
    /// Archives a connection. One that is archived already stays unchanged.
    pub async fn archive_connection(&self, connection: &Connection) -> Result<()> {
        let now = self.clock.now();
        let change = Change::default()
            .archived(&connection.workspace, now)
            .only_if_some("pk")
            .only_if_none("archivedAt");
        let token = draw_id(&*self.random);
        let attempts = Attempts { token: &token, deadline: now + TIME };
        let archived = self.transact(
            &attempts,
            (),
            |()| {
                Ok(vec![
                    (
                        Role::Connection,
                        change_in_transaction(&self.tables.connections, connection.id.as_str(), &change)?,
                    ),
                    (Role::Slot, self.slot_without(connection, std::slice::from_ref(&connection.id))?),
                ])
            },
            |(), failed| as_it_is(failed).map_or_else(Next::Fail, Next::Decided),
        );
        match archived.await? {
            Transacted::Written(()) | Transacted::Decided(_) => Ok(()),
        }
    }

    /// Restores an archived connection. One that is live stays unchanged.
    pub async fn restore_connection(
        &self,
        connection: &Connection,
        siblings: Siblings,
    ) -> Result<Connection> {
        let now = self.clock.now();
        // The scheduled refresh has passed what was due before.
        let next = connection.health.next_refresh_at.map_or(now, |at| at.max(now));
        let restored = |archived: &Connection| {
            let mut restored = Connection {
                archived_at: None,
                version: archived.version + 1,
                turn: archived.turn + 1,
                ..archived.clone()
            };
            restored.record.updated_at = now;
            restored.health.next_refresh_at = restored.health.next_refresh_at.map(|_| next);
            restored
        };
        let token = draw_id(&*self.random);
        let attempts = Attempts { token: &token, deadline: now + TIME };
        self.schedule(connection, Some(next), attempts.deadline).await?;
        let written = self.transact(
            &attempts,
            connection.clone(),
            |archived| {
                let change = Change::default()
                    .restored(&restored(archived), now)?
                    .only_if_some("archivedAt")
                    .only_if("version", number(archived.version));
                let slot = match siblings {
                    Siblings::Allowed => self.slot_with(archived)?,
                    Siblings::Refused => self.slot_of_one(archived)?,
                };
                Ok(vec![
                    (
                        Role::Connection,
                        change_in_transaction(&self.tables.connections, archived.id.as_str(), &change)?,
                    ),
                    (Role::Slot, slot),
                ])
            },
            |_, failed| {
                if !failed.has(&Role::Connection) {
                    return Next::Fail(not_alone());
                }
                match as_it_is(failed) {
                    Ok(found) if found.archived_at.is_some() => Next::With(found),
                    Ok(found) => Next::Decided(found),
                    Err(error) => Next::Fail(error),
                }
            },
        );
        match written.await? {
            Transacted::Written(archived) => Ok(restored(&archived)),
            Transacted::Decided(found) => Ok(found),
        }
    }
}

/// Returns the connection as it was found by its failed condition.
fn as_it_is(failed: &FailedConditions<'_, Role>) -> Result<Connection> {
    failed
        .found(&Role::Connection)
        .and_then(Found::item)
        .map_or_else(|| Err(connection_not_found()), read_connection)
}

fn not_alone() -> Error {
    let message = "The customer has another connection with this integration. allowMultipleConnections restores this \
                   one beside it.";
    Error::new(ErrorKey::AlreadyExists, message).field("allowMultipleConnections")
}
