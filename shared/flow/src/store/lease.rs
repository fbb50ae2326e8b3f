//! A lease on a connection's credentials. Only its holder may ask the provider for new ones.
//!
//! A lease is a small item of its own: a connection's item has some KB, and each KB of a write is paid for. It is taken
//! for the connection's turn. Every write that ends a lease raises the turn, and so does every write of credentials. So
//! the lease is released by the same write, and nothing else has to be written.
//!
//! A holder may also die. Whoever takes the lease after it raises the turn first, in the connection: then nothing that
//! the dead holder has sent can be written any more, however late it arrives.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::change::Change;
use super::connections::{INTERRUPTED, read_connection};
use super::event::ConnectionEvent;
use super::item::{Attributes, Item, number, text};
use super::write::{Written, changed, failed_condition};
use super::{Store, unavailable};
use crate::connection::Connection;
use protocol::clock::Timestamp;
use protocol::error::Result;
use protocol::id::ConnectionId;

/// A lease is kept this long after its end, so that the next holder learns that it was not released.
const KEPT: Duration = Duration::from_hours(7 * 24);

/// A lease.
#[derive(Clone)]
pub struct Lease {
    /// The random id of its holder.
    pub holder: String,
    /// The time at which it expires.
    pub until: Timestamp,
    /// The connection that it is for. While the lease lasts, no refresh changes it.
    pub connection: Connection,
}

/// The answer to a request for a lease.
pub enum Leasing {
    /// It is taken.
    Taken(Box<Lease>),
    /// Somebody else holds it.
    Held {
        /// The turn that it is for. In a later turn the lease is free.
        turn: i64,
        /// The time at which it expires.
        until: Timestamp,
    },
    /// The connection has changed since it was read.
    Changed,
}

impl Store {
    /// Takes the lease on a connection that was read.
    pub async fn lease(&self, connection: &Connection, holder: &str, until: Timestamp) -> Result<Leasing> {
        let taken =
            |connection| Leasing::Taken(Box::new(Lease { holder: holder.to_owned(), until, connection }));
        let (id, turn) = (&connection.id, connection.turn);
        let free = Change::default().only_if_none_or_less("turn", turn);
        let Some(found) = self.put_lease(id, free, (holder, turn, until)).await? else {
            return Ok(taken(connection.clone()));
        };
        if found.until >= self.clock.now() {
            return Ok(Leasing::Held { turn: found.turn, until: found.until });
        }
        let next = found.turn + 1;
        let as_found =
            Change::default().only_if("turn", number(found.turn)).only_if("holder", text(found.holder));
        if let Some(found) = self.put_lease(id, as_found, (holder, next, until)).await? {
            return Ok(Leasing::Held { turn: found.turn, until: found.until });
        }
        Ok(self.interrupted(connection, next).await?.map_or(Leasing::Changed, taken))
    }

    /// Writes a lease. Returns the one that is there instead, if the condition fails.
    async fn put_lease(
        &self,
        id: &ConnectionId,
        condition: Change,
        (holder, turn, until): (&str, i64, Timestamp),
    ) -> Result<Option<Found>> {
        let change = condition
            .set("holder", text(holder))
            .set("turn", number(turn))
            .set("until", number(until.0))
            .set("ttl", number((until + KEPT).0 / 1000));
        let update = self
            .client()
            .update_item()
            .table_name(&self.tables.schedule)
            .key("pk", text(format!("lease#{id}")))
            .key("sk", text("lease"))
            .update_expression(change.update_expression())
            .condition_expression(change.condition_expression())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(Some(change.values()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = self.sent(|| update.clone().send()).await else { return Ok(None) };
        let Some(failed) = failed_condition(&error) else {
            return Err(unavailable("UpdateItem lease", &error));
        };
        let found = failed.item().map_or(Ok(Found::NONE), Found::read)?;
        // The same write was already made, but its answer was lost.
        let is_ours = found.holder == holder && found.turn == turn;
        Ok((!is_ours).then_some(found))
    }

    /// Raises the connection's turn, and notes that a lease was interrupted. Returns nothing if the connection has
    /// changed since it was read.
    async fn interrupted(&self, connection: &Connection, turn: i64) -> Result<Option<Connection>> {
        let change = Change::default()
            .set("turn", number(turn))
            .set(INTERRUPTED, AttributeValue::Bool(true))
            .event(None, self.clock.now())
            .only_if("turn", number(connection.turn));
        let before = match self.write(&connection.id, &change).await {
            Ok(before) => before,
            Err(error) => match failed_condition(&error) {
                // The same write was already made, but its answer was lost. Only the lease's holder has this turn.
                Some(found) => match found.item() {
                    Some(item) if item.opt_number("turn") == Some(turn) && item.contains_key(INTERRUPTED) => {
                        item.clone()
                    }
                    _ => return Ok(None),
                },
                None => return Err(unavailable("UpdateItem turn", &error)),
            },
        };
        Ok(Some(Connection { turn, interrupted: true, ..read_connection(&before)? }))
    }

    /// Releases the lease and saves its result: new credentials, or the reason why there are none. It tries until the
    /// lease expires, since the provider does not issue the same credentials again. A change of their state is an event.
    pub async fn release_lease(&self, lease: &Lease, renewed: &Connection) -> Result<Written> {
        let event = ConnectionEvent::of_refresh(&lease.connection.health, &renewed.health);
        self.release_with(lease, renewed, event).await
    }

    /// Releases the lease on a connection that was disconnected by a call, whatever it was before.
    pub async fn disconnect_leased(&self, lease: &Lease, without: &Connection) -> Result<Written> {
        self.release_with(lease, without, Some(ConnectionEvent::Disconnected)).await
    }

    async fn release_with(
        &self,
        lease: &Lease,
        renewed: &Connection,
        event: Option<ConnectionEvent>,
    ) -> Result<Written> {
        let change = Change::default().set("endedBy", text(&lease.holder)).event(event, self.clock.now());
        let change = if renewed.version == lease.connection.version {
            let change = change.health(renewed)?.raise_turn();
            if renewed.interrupted { change.set(INTERRUPTED, AttributeValue::Bool(true)) } else { change }
        } else {
            change.credentials(renewed)?.forget_interruption()
        };
        let change = change.only_if("turn", number(lease.connection.turn));
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
            .only_if_there()
            .only_if_none_or_less("lastActiveAt", connection.last_active_at.0);
        match self.write(&connection.id, &change).await {
            Ok(_) => Ok(()),
            Err(error) if failed_condition(&error).is_some() => Ok(()),
            Err(error) => Err(unavailable("UpdateItem lastActiveAt", &error)),
        }
    }
}

/// A lease that is there.
struct Found {
    holder: String,
    turn: i64,
    until: Timestamp,
}

impl Found {
    /// The one that expired while it was taken over.
    const NONE: Self = Self { holder: String::new(), turn: 0, until: Timestamp(0) };

    fn read(item: &Attributes) -> Result<Self> {
        Ok(Self {
            holder: item.text("holder")?.to_owned(),
            turn: item.number("turn")?,
            until: Timestamp(item.number("until")?),
        })
    }
}
