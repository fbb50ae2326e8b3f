//! A lease on a connection's credentials: who holds it, and nobody else, may ask the provider for new ones.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::change::Change;
use super::connections::read_connection;
use super::due::{DUE_PK, DUE_SK, Due};
use super::event::ConnectionEvent;
use super::item::{Attributes, Item, number, text};
use super::{Store, unavailable};
use crate::clock::Timestamp;
use crate::connection::Connection;
use crate::error::Result;
use crate::random::draw;

/// Which connection shall be leased: as it was read, or as the index says that it is due.
#[derive(Clone, Copy)]
pub enum Leased<'a> {
    /// The one that was read, if its credentials are still the same.
    Read(&'a Connection),
    /// The one that is due, if it still is.
    Due(&'a Due),
}

/// A lease.
pub struct Lease {
    /// Who holds it.
    pub owner: String,
    /// Until when.
    pub until: Timestamp,
    /// The connection as it is.
    pub connection: Connection,
    /// Whether a lease before it was never ended: its holder may have got new credentials, and died with them.
    pub interrupted: bool,
}

/// What became of a write.
#[derive(Debug)]
pub enum Written {
    /// It was written.
    Done,
    /// The connection is no longer as it was: so it is now, if it is there at all.
    Changed(Option<Box<Connection>>),
}

/// How long to wait between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

impl Store {
    /// Takes the lease, or nothing if the connection is no longer the same or somebody else holds it.
    pub async fn lease(&self, leased: Leased<'_>, owner: &str, until: Timestamp) -> Result<Option<Lease>> {
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
            .set("leaseOwner", text(owner))
            .set("leaseUntil", number(until.0))
            .event(None, until)
            .only_if_none("archivedAt")
            .only_if_none_or_before("leaseUntil", self.clock.now());
        let updated = self
            .update(id, &change)
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map(|updated| updated.attributes.unwrap_or_default());
        let before = match updated {
            Ok(before) => before,
            // The SDK repeated a write whose answer was lost.
            Err(error) => match refused(&error) {
                Some(Some(item)) if item.opt_text("leaseOwner") == Some(owner) => item.clone(),
                Some(_) => return Ok(None),
                None => return Err(unavailable("UpdateItem lease", &error)),
            },
        };
        let interrupted = before.opt_text("leaseOwner").is_some_and(|holder| holder != owner);
        let connection = read_connection(&before)?;
        Ok(Some(Lease { owner: owner.to_owned(), until, connection, interrupted }))
    }

    /// Ends the lease with what came of it: new credentials, or why there are none. It tries until the lease ends, since
    /// what the provider has issued once it does not issue again.
    pub async fn end_lease(
        &self,
        lease: &Lease,
        renewed: &Connection,
        event: Option<ConnectionEvent>,
    ) -> Result<Written> {
        let change = Change::default().set("endedBy", text(&lease.owner)).event(event, self.clock.now());
        let change = if renewed.version == lease.connection.version {
            change.health(&renewed.id, &renewed.health)?.release()
        } else {
            change.credentials(renewed)?
        };
        let change = change
            .only_if("leaseOwner", text(&lease.owner))
            .only_if("version", number(lease.connection.version));
        loop {
            let Err(error) = self.update(&renewed.id, &change).send().await else {
                return Ok(Written::Done);
            };
            if let Some(item) = refused(&error) {
                // An answer that was lost, of the same write.
                if item.and_then(|item| item.opt_text("endedBy")) == Some(&lease.owner) {
                    return Ok(Written::Done);
                }
                return changed(item);
            }
            let [jitter] = draw::<1>(&*self.random);
            let pause = PAUSE.mul_f64(1.0 + f64::from(jitter) / 64.0);
            if self.clock.now() + pause >= lease.until {
                return Err(unavailable("UpdateItem credentials", &error));
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Notes that a connection is used.
    pub async fn touch(&self, connection: &Connection) -> Result<()> {
        let change = Change::default()
            .set("lastActiveAt", number(connection.last_active_at.0))
            .event(None, connection.last_active_at)
            .only_if_some("pk");
        match self.update(&connection.id, &change).send().await {
            Ok(_) => Ok(()),
            Err(error) if refused(&error).is_some() => Ok(()),
            Err(error) => Err(unavailable("UpdateItem lastActiveAt", &error)),
        }
    }

    pub(super) fn update(
        &self,
        id: &str,
        change: &Change,
    ) -> aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.tables.connections)
            .key("pk", text(id))
            .update_expression(change.update_expression())
            .condition_expression(change.condition_expression())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(Some(change.values()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

/// The item as it is, if the condition did not hold; nothing if the write failed otherwise.
#[expect(clippy::option_option, reason = "the item may not be there")]
pub(super) fn refused<R>(error: &SdkError<UpdateItemError, R>) -> Option<Option<&Attributes>> {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Some(failed.item()),
        _ => None,
    }
}

pub(super) fn changed(item: Option<&Attributes>) -> Result<Written> {
    Ok(Written::Changed(item.map(read_connection).transpose()?.map(Box::new)))
}
