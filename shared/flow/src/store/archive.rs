//! Archives and restores a connection, each with its slot in the same transaction; and forgets the secrets of an archived
//! one.

use std::time::Duration;

use super::change::Change;
use super::connections::if_connection;
use super::item::{Found, Item, number};
use super::keys::KeyFound;
use super::slot::Slot;
use super::transact::{Attempts, FailedConditions, Next, Transacted, change_in_transaction};
use super::write::{Written, changed, failed_condition};
use super::{Store, unavailable};
use crate::connection::{Connection, connection_not_found};
use protocol::clock::Timestamp;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::ConnectionKey;
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
    Key,
}

/// The assumptions of a restoration.
#[derive(Clone)]
struct Restoring {
    archived: Connection,
    /// Its key, as it was found, if it has one that no other connection took.
    key: Option<(ConnectionKey, KeyFound)>,
}

impl Store {
    /// Archives a connection. One that is archived already stays unchanged. Its secrets are kept for so many days.
    pub async fn archive_connection(&self, connection: &Connection, days: u16) -> Result<()> {
        let now = self.clock.now();
        let forget_at = forgotten_at(now, days);
        let change = Change::default()
            .archived(&connection.workspace, now, forget_at)
            .only_if_there()
            .only_if_none("archivedAt");
        let token = draw_id(&*self.random);
        let attempts = Attempts { token: &token, deadline: now + TIME };
        self.schedule(connection, Some(forget_at), attempts.deadline).await?;
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
        let restored = |Restoring { archived, key }: &Restoring| {
            let mut restored = Connection {
                key: key.as_ref().map(|(key, _)| key.clone()),
                archived_at: None,
                forget_at: None,
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
        let key = self.own_key(connection).await?;
        let written = self.transact(
            &attempts,
            Restoring { archived: connection.clone(), key },
            |restoring| {
                let archived = &restoring.archived;
                let change = Change::default()
                    .restored(&restored(restoring), now)?
                    .only_if_some("archivedAt")
                    .only_if("version", number(archived.version));
                // It does not come back from before its customer was erased.
                let begun = archived.record.created_at;
                let slot = match siblings {
                    Siblings::Allowed => self.slot_with(archived, begun)?,
                    Siblings::Refused => self.slot_of_one(archived, begun)?,
                };
                let change = change_in_transaction(&self.tables.connections, archived.id.as_str(), &change)?;
                let mut writes = vec![(Role::Connection, change), (Role::Slot, slot)];
                if let Some((key, found)) = &restoring.key {
                    writes.push((Role::Key, self.take_key(archived, key, found)?));
                }
                Ok(writes)
            },
            |restoring, failed| {
                let archived = &restoring.archived;
                if !failed.has(&Role::Connection) && !failed.has(&Role::Slot) {
                    // Another connection has taken the key meanwhile.
                    return Next::With(Restoring { key: None, ..restoring.clone() });
                }
                if !failed.has(&Role::Connection) {
                    let slot = failed.found(&Role::Slot).and_then(Found::item).map(Slot::read);
                    let checked = slot.unwrap_or_default().check(archived.record.created_at);
                    return Next::Fail(checked.err().unwrap_or_else(not_alone));
                }
                match as_it_is(failed) {
                    Ok(found) if found.archived_at.is_some() => {
                        Next::With(Restoring { archived: found, key: restoring.key.clone() })
                    }
                    Ok(found) => Next::Decided(found),
                    Err(error) => Next::Fail(error),
                }
            },
        );
        match written.await? {
            Transacted::Written(restoring) => Ok(restored(&restoring)),
            Transacted::Decided(found) => Ok(found),
        }
    }

    /// Returns the key of an archived connection, if no other has taken it.
    async fn own_key(&self, archived: &Connection) -> Result<Option<(ConnectionKey, KeyFound)>> {
        let Some(key) = &archived.key else { return Ok(None) };
        let found = self.read_key(&archived.workspace, &archived.customer, key).await?;
        let is_own = found.holder.as_ref().is_none_or(|holder| *holder == archived.id);
        Ok(is_own.then(|| (key.clone(), found)))
    }

    /// Forgets the secrets of an archived connection, unless it has changed since it was read. `forgotten` is as it is
    /// then.
    pub async fn forget_secrets(&self, archived: &Connection, forgotten: &Connection) -> Result<Written> {
        let change = Change::default()
            .forgotten(forgotten, self.clock.now())?
            .only_if("turn", number(archived.turn))
            .only_if_some("archivedAt");
        let Err(error) = self.write(&archived.id, &change).await else { return Ok(Written::Done) };
        let Some(found) = failed_condition(&error) else {
            return Err(unavailable("UpdateItem secrets", &error));
        };
        // The same write was already made, but its answer was lost.
        let is_ours = found.item().is_some_and(|item| {
            !item.contains_key("sealed") && item.opt_number("turn") == Some(archived.turn + 1)
        });
        if is_ours { Ok(Written::Done) } else { changed(found) }
    }
}

/// The time at which the secrets of a connection that is archived now are forgotten.
pub(super) fn forgotten_at(now: Timestamp, days: u16) -> Timestamp {
    now + Duration::from_hours(24 * u64::from(days))
}

/// Returns the connection as it was found by its failed condition.
fn as_it_is(failed: &FailedConditions<'_, Role>) -> Result<Connection> {
    failed
        .found(&Role::Connection)
        .and_then(Found::item)
        .map_or(Ok(None), if_connection)?
        .ok_or_else(connection_not_found)
}

fn not_alone() -> Error {
    let message = "The customer has another connection with this integration. allowMultipleConnections restores this \
                   one beside it.";
    Error::new(ErrorKey::AlreadyExists, message).field("allowMultipleConnections")
}
