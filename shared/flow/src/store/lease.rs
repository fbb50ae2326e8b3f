//! A lease on a connection's credentials. Only its holder may ask the provider for new ones.

use super::change::Change;
use super::connections::read_connection;
use super::due::{DUE_PK, DUE_SK, Due};
use super::event::ConnectionEvent;
use super::item::{Item, number, text};
use super::predecessor::Predecessor;
use super::write::{Written, changed, failed_condition};
use super::{Store, unavailable};
use crate::connection::Connection;
use protocol::clock::Timestamp;
use protocol::error::Result;

/// The connection to lease, and the condition for it.
#[derive(Clone, Copy)]
pub enum Leased<'a> {
    /// A connection that was read: its credentials must be unchanged.
    Read(&'a Connection),
    /// A connection from the index `due`: its entry must be unchanged.
    Due(&'a Due),
}

/// A lease.
pub struct Lease {
    /// The random id of its holder.
    pub holder: String,
    /// The time at which it expires.
    pub until: Timestamp,
    /// The connection as it was when the lease began.
    pub connection: Connection,
    /// The end of the lease before it.
    pub predecessor: Predecessor,
}

impl Store {
    /// Takes the lease. Returns nothing if the connection has changed or somebody else holds the lease.
    pub async fn lease(&self, leased: Leased<'_>, holder: &str, until: Timestamp) -> Result<Option<Lease>> {
        let (id, change) = match leased {
            Leased::Read(connection) => {
                (&connection.id, Change::default().only_if("version", number(connection.version)))
            }
            Leased::Due(due) => {
                let change = Change::default().only_if(DUE_PK, text(&due.partition));
                (&due.id, change.only_if(DUE_SK, text(&due.sort)))
            }
        };
        let change = change
            .set("leaseOwner", text(holder))
            .set("leaseUntil", number(until.0))
            .event(None, until)
            .only_if_none("archivedAt")
            .only_if_none_or_before("leaseUntil", self.clock.now())
            // A lease that was released does not come back by an earlier attempt that arrives late.
            .only_if_not("endedBy", text(holder));
        let before = match self.write(id, &change).await {
            Ok(before) => before,
            // The SDK may have repeated a write whose answer was lost.
            Err(error) => match failed_condition(&error) {
                Some(found) => match found.item() {
                    Some(item) if item.opt_text("leaseOwner") == Some(holder) => item.clone(),
                    _ => return Ok(None),
                },
                None => return Err(unavailable("UpdateItem lease", &error)),
            },
        };
        let is_noted = before.opt_text("leaseOwner").is_some_and(|noted| noted != holder);
        let predecessor = if is_noted { Predecessor::Interrupted } else { Predecessor::Released };
        let connection = read_connection(&before)?;
        Ok(Some(Lease { holder: holder.to_owned(), until, connection, predecessor }))
    }

    /// Releases the lease and saves its result: new credentials, or the reason why there are none. It tries until the
    /// lease expires, since the provider does not issue the same credentials again.
    pub async fn release_lease(
        &self,
        lease: &Lease,
        renewed: &Connection,
        event: Option<ConnectionEvent>,
    ) -> Result<Written> {
        let change = Change::default().set("endedBy", text(&lease.holder)).event(event, self.clock.now());
        let change = if renewed.version == lease.connection.version {
            change.health(renewed)?.release_unrenewed(lease.predecessor)
        } else {
            change.credentials(renewed)?.release()
        };
        let change = change
            .only_if("leaseOwner", text(&lease.holder))
            .only_if("version", number(lease.connection.version));
        let written = self.write_until(lease.until, &renewed.id, &change).await;
        let Err(error) = written else { return Ok(Written::Done) };
        match failed_condition(&error) {
            // The same write was already made, but its answer was lost.
            Some(found) if found.item().and_then(|item| item.opt_text("endedBy")) == Some(&lease.holder) => {
                Ok(Written::Done)
            }
            Some(found) => changed(found),
            None => Err(unavailable("UpdateItem credentials", &error)),
        }
    }

    /// Notes a use of the connection, unless a later one is noted.
    pub async fn touch(&self, connection: &Connection) -> Result<()> {
        let change = Change::default()
            .set("lastActiveAt", number(connection.last_active_at.0))
            .event(None, connection.last_active_at)
            .only_if_some("pk")
            .only_if_none_or_before("lastActiveAt", connection.last_active_at);
        match self.write(&connection.id, &change).await {
            Ok(_) => Ok(()),
            Err(error) if failed_condition(&error).is_some() => Ok(()),
            Err(error) => Err(unavailable("UpdateItem lastActiveAt", &error)),
        }
    }
}
