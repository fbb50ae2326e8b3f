//! Updates a connection: its name and what is noted beside it, its secrets, or all of them.
//!
//! Name and notes are in the attribute `record`, which a refresh does not write. So a new name and new tokens can be written
//! at the same time, and neither is lost.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use super::change::Change;
use super::connections::{RECORD, read_connection};
use super::event::ConnectionEvent;
use super::item::{Attributes, Item, json, number, text};
use super::lease::Lease;
use super::transact::gave_up;
use super::transient::PAUSE;
use super::write::{Written, changed, failed_condition};
use super::{Store, unavailable};
use crate::connection::{Connection, ConnectionRecord, Notes, Precondition};
use protocol::backoff::Backoff;
use protocol::clock::Timestamp;
use protocol::error::Result;

/// The time limit for trying again while others change the record.
const PATIENCE: Duration = Duration::from_secs(3);

/// An update of a connection. Parts that are none stay unchanged.
#[derive(Clone, Copy)]
pub struct ConnectionUpdate<'a> {
    /// The new name.
    pub name: Option<&'a str>,
    /// What is noted anew.
    pub notes: &'a Notes,
    /// The new secrets.
    pub secrets: Option<NewSecrets<'a>>,
    /// The condition for the update, if there is one.
    pub precondition: Option<&'a Precondition>,
}

/// New secrets, written by the holder of the lease.
#[derive(Clone, Copy)]
pub struct NewSecrets<'a> {
    /// The lease.
    pub lease: &'a Lease,
    /// The connection with its new secrets sealed.
    pub connection: &'a Connection,
    /// True if the credentials are new.
    pub renewed: bool,
}

impl Store {
    /// Writes the update, unless the connection is no longer live or the lease is lost. `before` is the connection as
    /// it was read, and becomes the connection as it was written.
    pub async fn update_connection(
        &self,
        before: &mut Connection,
        update: &ConnectionUpdate<'_>,
    ) -> Result<Written> {
        let now = self.clock.now();
        let mut expected = json(&before.record)?;
        let mut backoff = Backoff::new(&*self.clock, &*self.random, PAUSE, now + PATIENCE);
        loop {
            if let Some(precondition) = update.precondition {
                precondition.check(before)?;
            }
            let updated = update.applied_to(before, now);
            let next = updated.health.next_refresh_at.filter(|at| Some(*at) != before.health.next_refresh_at);
            self.schedule(&updated, next, now + super::transient::PATIENCE).await?;
            let change = update
                .change(&updated, now)?
                .only_if(RECORD, expected)
                .only_if_notes(&before.record.notes)?;
            let Err(error) = self.write(&updated.id, &change).await else {
                *before = updated;
                return Ok(Written::Done);
            };
            let Some(failed) = failed_condition(&error) else {
                return Err(unavailable("UpdateItem connection", &error));
            };
            let is_live = |item: &&Attributes| item.contains_key(RECORD) && !item.contains_key("archivedAt");
            let Some(found) = failed.item().filter(is_live) else {
                return changed(failed);
            };
            let connection = read_connection(found)?;
            let ours = match update.secrets {
                // The same write was already made, but its answer was lost.
                Some(NewSecrets { lease, .. }) => found.opt_text("endedBy") == Some(&lease.holder),
                None => connection.record == updated.record,
            };
            if ours {
                *before = connection;
                return Ok(Written::Done);
            }
            if update.secrets.is_some_and(|new| found.opt_number("turn") != Some(new.lease.connection.turn)) {
                return changed(failed);
            }
            *before = connection;
            expected = found.get(RECORD).cloned().unwrap_or_else(|| AttributeValue::Null(true));
            backoff.wait().await.ok_or_else(gave_up)?;
        }
    }
}

impl ConnectionUpdate<'_> {
    fn applied_to(&self, before: &Connection, now: Timestamp) -> Connection {
        let name = self.name.unwrap_or(&before.record.name).to_owned();
        let notes = self.notes.over(&before.record.notes);
        let record = ConnectionRecord { name, notes, updated_at: now, ..before.record.clone() };
        match self.secrets {
            Some(new) => Connection {
                record,
                turn: before.turn + 1,
                interrupted: before.interrupted && !new.renewed,
                ..new.connection.clone()
            },
            None => Connection { record, ..before.clone() },
        }
    }

    fn change(&self, updated: &Connection, now: Timestamp) -> Result<Change> {
        let change = Change::default()
            .record(updated)?
            .event(Some(ConnectionEvent::Updated), now)
            .only_if_none("archivedAt");
        let Some(NewSecrets { lease, renewed, .. }) = self.secrets else {
            return Ok(match self.precondition {
                Some(_) => change.only_if("version", number(updated.version)),
                None => change,
            });
        };
        let change = change.credentials(updated)?;
        let change = if renewed { change.forget_interruption() } else { change };
        Ok(change.set("endedBy", text(&lease.holder)).only_if("turn", number(lease.connection.turn)))
    }
}
