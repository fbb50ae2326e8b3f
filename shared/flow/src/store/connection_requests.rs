//! Connection requests: one item each in the flows table, under a hash of its id.
//!
//! It ends once: by the connection that its customer made, in the transaction that writes the connection, or by being
//! cancelled. That its time is over nobody writes down here: its [event](super::request_events) is an item of its own.

use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, TransactWriteItem};

use super::change::Change;
use super::event::RequestEvent;
use super::flows::failed_condition;
use super::item::{Attributes, Found, Item, bytes, number, text};
use super::request_events::is_forgotten;
use super::transact::{Attempts, Next, change_in_transaction};
use super::transient::PATIENCE;
use super::{Store, unavailable};
use crate::connection::Notes;
use crate::context::connection_request::{FOUND_AFTER, RequestOf, RequestState, no_request};
use protocol::clock::Timestamp;
use protocol::error::{Error, Result};
use protocol::id::{ConnectionId, ConnectionRequestKey};
use protocol::random::draw_id;

/// A connection request to store.
pub struct NewConnectionRequest<'a> {
    /// Its key, and whose it is.
    pub of: RequestOf<'a>,
    /// What it asks for, sealed under its id.
    pub content: Vec<u8>,
    /// Its id, sealed for the attempts that belong to it.
    pub sealed_id: Vec<u8>,
    /// What is noted beside its connection.
    pub notes: &'a Notes,
    /// The end of its time.
    pub expires_at: Timestamp,
}

/// A connection request as stored.
pub struct ConnectionRequestItem {
    /// What it asks for, sealed under its id.
    pub content: Vec<u8>,
    /// Its id, sealed for the attempts that belong to it.
    pub sealed_id: Vec<u8>,
    /// The end of its time.
    pub expires_at: Timestamp,
    /// How it stands.
    pub state: RequestState,
    /// Why the last attempt failed, if one has.
    pub last_error: Option<Error>,
}

/// The purpose of a write in the transaction that cancels a request.
#[derive(PartialEq, Eq)]
enum Role {
    Request,
    Event,
}

/// Whether its event is sent.
#[derive(PartialEq, Eq)]
enum Told {
    Yes,
    No,
}

/// The attribute that ends a request: how.
const ENDED: &str = "ended";
/// The request has its connection.
const CONNECTED: &str = "connected";
/// The request was cancelled.
const CANCELLED: &str = "cancelled";

impl Store {
    /// Stores a new connection request. Its id is fresh randomness, so an item that is there already is this one. If a part
    /// fails, nobody has learnt the id of the others. What makes its event comes last: without it an entry of the schedule is
    /// passed over.
    pub async fn begin_connection_request(&self, new: NewConnectionRequest<'_>) -> Result<()> {
        let put = self
            .client()
            .put_item()
            .table_name(&self.tables.flows)
            .item("pk", text(pk(new.of.key)))
            .item("content", bytes(new.content))
            .item("requestId", bytes(new.sealed_id))
            .item("expiresAt", number(new.expires_at.0))
            .item("ttl", number((new.expires_at + FOUND_AFTER).seconds()));
        tokio::try_join!(self.begin(put), self.schedule_request(new.of, new.expires_at))?;
        self.note_request(new.of, new.notes, new.expires_at).await
    }

    /// Reads a connection request, strongly consistent. One that is long over is as good as none, although its item is
    /// there.
    pub async fn read_connection_request(
        &self,
        key: &ConnectionRequestKey,
    ) -> Result<Option<ConnectionRequestItem>> {
        let now = self.clock.now();
        let found = self.read_item_of_flows(&pk(key)).await?;
        let found = found.map(|item| ConnectionRequestItem::read(&item, now)).transpose()?;
        Ok(found.filter(|found| now < found.expires_at + FOUND_AFTER))
    }

    /// Cancels a connection request. One that has ended stays as it is. Of an erased customer's nothing is told.
    pub async fn cancel_connection_request(&self, request: RequestOf<'_>) -> Result<()> {
        let now = self.clock.now();
        let token = draw_id(&*self.random);
        let change = Change::default()
            .set(ENDED, text(CANCELLED))
            .set("endedAt", number(now.0))
            .only_if_none(ENDED)
            .only_if_more("expiresAt", now.0);
        let attempts = Attempts { token: &token, deadline: now + PATIENCE };
        let cancelled = self.transact(
            &attempts,
            Told::Yes,
            |told| {
                let change = change_in_transaction(&self.tables.flows, &pk(request.key), &change)?;
                let mut writes = vec![(Role::Request, change)];
                if *told == Told::Yes {
                    let event = self.tell_request_in_transaction(request, RequestEvent::Cancelled, now)?;
                    writes.push((Role::Event, event));
                }
                Ok(writes)
            },
            |_, failed| {
                let is_forgotten = failed.found(&Role::Event).and_then(Found::item).is_some_and(is_forgotten);
                if is_forgotten && !failed.has(&Role::Request) {
                    Next::With(Told::No)
                } else {
                    Next::Decided(())
                }
            },
        );
        cancelled.await.map(drop)
    }

    /// Notes why an attempt failed, and tells so. A request that has ended forgets it, and of several failures it keeps the last.
    /// Nothing depends on it.
    pub(super) async fn note_failure_of_request(
        &self,
        key: &ConnectionRequestKey,
        error: &Error,
        at: Timestamp,
        tells: bool,
    ) {
        let change = Change::default()
            .set("lastError", text(error.to_json().to_string()))
            .set("failedAt", number(at.0))
            .only_if_some("content")
            .only_if_none(ENDED)
            .only_if_none_or_less("failedAt", at.0);
        let told = async { if tells { self.tell_failed(key, at).await } else { Ok(()) } };
        let (noted, told) = tokio::join!(self.change_connection_request(key, &change), told);
        if let Err(error) = noted.and(told) {
            error.note("the failure was not noted in its connection request");
        }
    }

    async fn change_connection_request(&self, key: &ConnectionRequestKey, change: &Change) -> Result<()> {
        let update = self
            .client()
            .update_item()
            .table_name(&self.tables.flows)
            .key("pk", text(pk(key)))
            .update_expression(change.update_expression())
            .condition_expression(change.condition_expression())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(Some(change.values()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match self.sent(|| update.clone().send()).await {
            Err(error) if failed_condition(&error).is_none() => {
                Err(unavailable("UpdateItem connection request", &error))
            }
            _ => Ok(()),
        }
    }

    /// Ends a request by its connection, in the transaction that writes that. `save` names the write: of two connections
    /// of one request, only one is saved.
    pub(super) fn end_request_in_transaction(
        &self,
        key: &ConnectionRequestKey,
        save: &str,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> Result<TransactWriteItem> {
        let change = Change::default()
            .set(ENDED, text(CONNECTED))
            .set("endedAt", number(now.0))
            .set("endedBy", text(save))
            .set("resultConnectionId", text(connection))
            .remove("lastError")
            .only_if_none(ENDED)
            .only_if_more("expiresAt", now.0);
        change_in_transaction(&self.tables.flows, &pk(key), &change)
    }
}

/// Returns why a request does not end by the save; nothing if this very save has ended it.
pub(super) fn why_not_ended(item: Option<&Attributes>, save: &str, now: Timestamp) -> Option<Error> {
    let Some(item) = item else { return Some(no_request()) };
    if item.opt_text("endedBy") == Some(save) {
        return None;
    }
    match ConnectionRequestItem::read(item, now).and_then(|found| found.state.check()) {
        Ok(()) => Some(Error::internal("a connection request did not end for no reason")),
        Err(error) => Some(error),
    }
}

impl ConnectionRequestItem {
    fn read(item: &Attributes, now: Timestamp) -> Result<Self> {
        let expires_at = Timestamp(item.number("expiresAt")?);
        let state = match item.opt_text(ENDED) {
            Some(CONNECTED) => RequestState::Connected(ConnectionId::new(item.text("resultConnectionId")?)),
            Some(_) => RequestState::Cancelled,
            None if expires_at <= now => RequestState::Expired,
            None => RequestState::Pending,
        };
        let last_error = item.opt_text("lastError").and_then(|text| serde_json::from_str(text).ok());
        Ok(Self {
            content: item.bytes("content")?.to_vec(),
            sealed_id: item.bytes("requestId")?.to_vec(),
            expires_at,
            state,
            last_error: last_error.map(|json| Error::from_json(&json)),
        })
    }
}

/// The key of a request's item. A flow's id has no `#`.
fn pk(key: &ConnectionRequestKey) -> String {
    format!("request#{}", key.as_str())
}
