//! Saves the connection, replaces the old ones, and ends the flow, all in one transaction.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};

use super::archive::forgotten_at;
use super::change::Change;
use super::connection_requests::why_not_ended;
use super::connections::{KEY, RECORD, connection_item, if_connection};
use super::event::{ConnectionEvent, EVENT, RequestEvent};
use super::flows::{ended, read_outcome};
use super::item::{Attributes, Item, json, number, text};
use super::keys::{KeyFound, key_taken};
use super::request_events::is_forgotten;
use super::slot::{Slot, customer_erased};
use super::transact::{Attempts, FailedConditions, Next, Transacted, change_in_transaction};
use super::{Store, unavailable};
use crate::connection::{Connection, ConnectionRecord, Notes, connection_not_found};
use crate::context::connection_request::{RequestOf, expired};
use crate::context::flow_id::FlowId;
use crate::context::outcome::Outcome;
use protocol::clock::Timestamp;
use protocol::error::{Error, Result};
use protocol::id::{ConnectionId, ConnectionKey, ConnectionRequestKey};
use protocol::random::draw_id;

/// A connection to save.
pub struct SaveConnection<'a> {
    /// The connection, with its secrets sealed.
    pub connection: &'a Connection,
    /// The treatment of the customer's other connections.
    pub others: Others<'a>,
    /// The key that it takes, as it was found; none if it has none, or has it already.
    pub key: Option<(&'a ConnectionKey, &'a KeyFound)>,
    /// The claimed flow that ends with it, if there is one.
    pub flow: Option<FlowClaim<'a>>,
    /// The connection request that ends with it, if there is one. Nothing is saved if that has ended before.
    pub connection_request: Option<&'a ConnectionRequestKey>,
    /// The time at which it was begun. Nothing is saved if its customer was erased since.
    pub begun: Timestamp,
    /// The days that the secrets of replaced connections are kept.
    pub archived_credentials_days: u16,
    /// A random id. It lets DynamoDB recognize a repetition of the same save.
    pub token: String,
    /// The time to give up.
    pub deadline: Timestamp,
}

/// The result of a save.
#[derive(Debug)]
pub struct Saved {
    /// The flow's outcome. If it is not this connection, the flow had ended before and nothing was written.
    pub outcome: Outcome,
    /// The connections that were archived.
    pub replaced: Vec<ConnectionId>,
}

/// A claimed flow.
#[derive(Debug, Clone, Copy)]
pub struct FlowClaim<'a> {
    /// The flow.
    pub flow: &'a FlowId,
    /// The random id of its claimant.
    pub claimant: &'a str,
}

/// The treatment of the live connections of the same customer and integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others<'a> {
    /// The new connection replaces them: they are archived.
    Replaced,
    /// They stay beside the new one.
    Kept,
    /// They are not concerned: an existing connection is reconnected. It must be live, and still this customer's.
    Untouched(Reconnection<'a>),
}

/// An existing connection that gets new credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconnection<'a> {
    /// Its part without secrets, as it was read.
    pub before: &'a ConnectionRecord,
    /// True if it gets another name. Otherwise it keeps its own, even if that changes at the last moment.
    pub renamed: bool,
    /// What is noted anew. The rest stays, even if that changes at the last moment.
    pub notes: &'a Notes,
}

/// The assumptions of a save about the stored items.
#[derive(Default)]
struct Known {
    slot: Slot,
    /// The stored part without secrets of the connection to reconnect, if it is not the one that was read.
    record: Option<ConnectionRecord>,
    /// The keys of the connections that are replaced.
    keys: BTreeMap<ConnectionId, ConnectionKey>,
    /// True if none of these keys is there for the new connection.
    forfeits: bool,
}

impl Known {
    /// The key that the new connection has from the one that it replaces, if it is given no other, and only one had a key.
    fn inherited(&self, save: &SaveConnection<'_>) -> Option<(&ConnectionId, &ConnectionKey)> {
        let mut keys = self.keys.iter().filter(|(id, _)| self.slot.live.contains(id));
        keys.next().filter(|_| keys.next().is_none() && save.key.is_none() && !self.forfeits)
    }
}

/// The key of a connection that is replaced.
#[derive(Clone, Copy)]
enum KeyIs<'a> {
    /// This one, or none. The new connection may inherit it.
    Known(Option<&'a ConnectionKey>),
    /// It does not matter.
    Whatever,
}

/// The number of connections that one transaction can replace. It holds 100 writes; six are the connection, its slot,
/// its key, the flow, the connection request and its event, and each that is replaced takes two.
const MAX_REPLACED: usize = 47;

/// The purpose of a write in the transaction. It tells which of the conditions failed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Role {
    Connection,
    Flow,
    Request,
    RequestEvent,
    Slot,
    Key,
    Replaced(ConnectionId),
}

impl Store {
    /// Writes everything or nothing, until the deadline.
    pub async fn save_connection(&self, save: &SaveConnection<'_>) -> Result<Saved> {
        let attempts = Attempts { token: &save.token, deadline: save.deadline };
        self.schedule(save.connection, save.connection.health.next_refresh_at, save.deadline).await?;
        let saved = self.transact(
            &attempts,
            Known::default(),
            |known| self.writes(save, known),
            |known, failed| next(save, known, failed),
        );
        match saved.await? {
            Transacted::Written(Known { slot, .. }) => {
                let left = save.deadline.since(self.clock.now());
                let _ = tokio::time::timeout(left, self.archive_surplus(save, &slot)).await;
                Ok(Saved { outcome: save.outcome(), replaced: slot.live })
            }
            // Another callback may have ended the flow, or this save may have been repeated. So the replaced
            // connections are not known.
            Transacted::Decided(outcome) => Ok(Saved { outcome, replaced: Vec::new() }),
        }
    }

    fn writes(&self, save: &SaveConnection<'_>, known: &Known) -> Result<Vec<(Role, TransactWriteItem)>> {
        let slot = &known.slot;
        let mut writes = vec![(Role::Connection, self.write_connection(save, known)?)];
        if let Some(flow) = save.flow {
            writes.push((Role::Flow, self.write_outcome(flow, save)?));
        }
        if let Some((key, found)) = save.key {
            writes.push((Role::Key, self.take_key(save.connection, key, found)?));
        }
        if let Some(request) = save.connection_request {
            let (connection, now) = (&save.connection.id, save.connection.record.updated_at);
            let write = self.end_request_in_transaction(request, &save.token, connection, now)?;
            writes.push((Role::Request, write));
            let told = save.request_of(request);
            let told = self.tell_request_in_transaction(told, RequestEvent::Succeeded, now)?;
            writes.push((Role::RequestEvent, told));
        }
        match save.others {
            Others::Untouched(_) => {}
            Others::Kept => writes.push((Role::Slot, self.slot_with(save.connection, save.begun)?)),
            Others::Replaced => {
                writes.push((Role::Slot, self.replace_in_slot(save, slot)?));
                if let Some((from, key)) = known.inherited(save) {
                    writes.push((Role::Key, self.inherit_key(save.connection, key, from)?));
                }
                for id in slot.live.iter().take(MAX_REPLACED) {
                    let role = || Role::Replaced(id.clone());
                    let replaced = self.write_replaced(save, id, KeyIs::Known(known.keys.get(id)))?;
                    writes.extend(replaced.map(|write| (role(), write)));
                }
            }
        }
        Ok(writes)
    }

    fn write_connection(&self, save: &SaveConnection<'_>, known: &Known) -> Result<TransactWriteItem> {
        let connection = save.connection;
        let now = connection.record.updated_at;
        let Others::Untouched(Reconnection { before, renamed, notes }) = save.others else {
            let mut item = connection_item(connection)?;
            item.insert(EVENT.to_owned(), ConnectionEvent::Created.at(now));
            if let Some((_, key)) = known.inherited(save) {
                item.insert(KEY.to_owned(), text(key));
            }
            let put = Put::builder()
                .table_name(&self.tables.connections)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(pk)");
            return Ok(TransactWriteItem::builder().put(put.build().map_err(Error::internal)?).build());
        };
        let before = known.record.as_ref().unwrap_or(before);
        let name = if renamed { &connection.record.name } else { &before.name }.clone();
        let (notes, created_at) = (notes.over(&before.notes), before.created_at);
        let record = ConnectionRecord { name, notes, created_at, ..connection.record.clone() };
        let connection = &Connection { record, ..connection.clone() };
        // Any write of credentials that came in between has older ones. Its author notices by the version that it lost.
        let change = Change::default()
            .record(connection)?
            .credentials(connection)?
            .forget_interruption()
            .set("lastActiveAt", number(connection.last_active_at.0))
            .event(Some(ConnectionEvent::Reconnected), now)
            .only_if("workspace", text(&connection.workspace))
            .only_if("customer", text(&connection.customer))
            .only_if("integration", text(&connection.integration))
            .only_if(RECORD, json(before)?)
            .only_if_notes(&before.notes)?
            .only_if_none("archivedAt");
        let change = match save.key {
            Some((key, _)) => change.key(Some(key)),
            None => change,
        };
        change_in_transaction(&self.tables.connections, connection.id.as_str(), &change)
    }

    fn write_outcome(&self, claim: FlowClaim<'_>, save: &SaveConnection<'_>) -> Result<TransactWriteItem> {
        let change = ended(claim.claimant, &save.outcome(), save.connection.record.updated_at);
        change_in_transaction(&self.tables.flows, claim.flow.as_str(), &change)
    }

    /// Puts the connection into its slot, in place of those that are known to be there.
    fn replace_in_slot(&self, save: &SaveConnection<'_>, known: &Slot) -> Result<TransactWriteItem> {
        let connection = save.connection;
        match known {
            Slot { version: None, .. } => self.slot_of_one(connection, save.begun),
            Slot { live, version: Some(version), .. } => {
                let kept: Vec<ConnectionId> =
                    live.iter().skip(MAX_REPLACED).chain([&connection.id]).cloned().collect();
                self.slot_of(connection, save.begun, &kept, *version)
            }
        }
    }

    /// Archives a connection, and notes in the schedule when its secrets are forgotten. Where its key matters, only if it is
    /// the one that is known.
    fn write_replaced(
        &self,
        save: &SaveConnection<'_>,
        id: &ConnectionId,
        key: KeyIs<'_>,
    ) -> Result<[TransactWriteItem; 2]> {
        let replacement = save.connection;
        let now = replacement.record.updated_at;
        let forget_at = forgotten_at(now, save.archived_credentials_days);
        let change = Change::default().archived(&replacement.workspace, now, forget_at).only_if_there();
        let change = match key {
            KeyIs::Known(Some(key)) => change.only_if(KEY, text(key)),
            KeyIs::Known(None) => change.only_if_none(KEY),
            KeyIs::Whatever => change,
        };
        Ok([
            change_in_transaction(&self.tables.connections, id.as_str(), &change)?,
            self.schedule_in_transaction(id, replacement, forget_at)?,
        ])
    }

    /// Archives the connections that did not fit into the transaction. If this fails, the slot still lists them and the
    /// next replacement archives them. The new connection is saved either way.
    async fn archive_surplus(&self, save: &SaveConnection<'_>, slot: &Slot) {
        if save.others != Others::Replaced {
            return;
        }
        let surplus = slot.live.get(MAX_REPLACED..).unwrap_or_default();
        for chunk in surplus.chunks(MAX_REPLACED) {
            let removal = self.slot_without(save.connection, chunk);
            let replaced = chunk
                .iter()
                .map(|id| self.write_replaced(save, id, KeyIs::Whatever))
                .collect::<Result<Vec<_>>>();
            let (Ok(removal), Ok(replaced)) = (removal, replaced) else { return };
            let writes = std::iter::once(removal).chain(replaced.into_iter().flatten()).collect();
            let transaction = self
                .client()
                .transact_write_items()
                .client_request_token(draw_id(&*self.random))
                .set_transact_items(Some(writes));
            if let Err(error) = self.sent(|| transaction.clone().send()).await {
                unavailable("TransactWriteItems", &error).note("surplus connections were not archived");
                return;
            }
        }
    }
}

impl SaveConnection<'_> {
    fn outcome(&self) -> Outcome {
        Outcome::Connected { connection_id: self.connection.id.clone() }
    }

    fn request_of<'b>(&'b self, key: &'b ConnectionRequestKey) -> RequestOf<'b> {
        let Connection { workspace, customer, integration, .. } = self.connection;
        RequestOf { key, workspace, customer, integration }
    }
}

fn next(
    save: &SaveConnection<'_>,
    known: &Known,
    failed: &FailedConditions<'_, Role>,
) -> Next<Known, Outcome> {
    if let Some(found) = failed.found(&Role::Flow) {
        let item = found.item();
        let ended = item.and_then(read_outcome);
        return ended.map_or_else(|| Next::Fail(Error::internal("a flow changed its owner")), Next::Decided);
    }
    if let Some(found) = failed.found(&Role::Request) {
        let now = save.connection.record.updated_at;
        let why = why_not_ended(found.item(), &save.token, now);
        return why.map_or_else(|| Next::Decided(save.outcome()), Next::Fail);
    }
    // It is told that its time is over, and that does not go back. Or its customer was erased.
    if let Some(found) = failed.found(&Role::RequestEvent) {
        let is_erased = found.item().is_some_and(is_forgotten);
        return Next::Fail(if is_erased { customer_erased() } else { expired() });
    }
    if let Some(found) = failed.found(&Role::Connection) {
        let item = found.item();
        return match save.others {
            Others::Untouched(Reconnection { before, .. }) => {
                let before = known.record.as_ref().unwrap_or(before);
                renamed_meanwhile(save.connection, before, item).map_or_else(Next::Fail, |record| {
                    Next::With(Known { record: Some(record), ..Known::default() })
                })
            }
            Others::Replaced | Others::Kept => Next::Fail(Error::internal("a new connection's id was taken")),
        };
    }
    if let Some(found) = failed.found(&Role::Slot) {
        let slot = found.item().map(Slot::read).unwrap_or_default();
        return match slot.check(save.begun) {
            Ok(()) => Next::With(Known { slot, ..Known::default() }),
            Err(error) => Next::Fail(error),
        };
    }
    if save.key.is_some() && failed.has(&Role::Key) {
        return Next::Fail(key_taken());
    }
    let Known { slot, keys, .. } = known;
    let mut keys = keys.clone();
    let mut live = Vec::new();
    for id in &slot.live {
        match failed.found(&Role::Replaced(id.clone())) {
            None => live.push(id.clone()),
            // It is not gone, but has another key than was assumed.
            Some(found) => {
                let is_there = |item: &&Attributes| item.contains_key(RECORD);
                let Some(item) = found.item().filter(is_there) else { continue };
                live.push(id.clone());
                match item.opt_text(KEY) {
                    Some(key) => keys.insert(id.clone(), ConnectionKey::new(key)),
                    None => keys.remove(id),
                };
            }
        }
    }
    let forfeits = known.forfeits || failed.has(&Role::Key);
    Next::With(Known { slot: slot.with(live), keys, forfeits, record: None })
}

/// Returns the stored record if the condition failed only because the record was changed meanwhile.
fn renamed_meanwhile(
    connection: &Connection,
    before: &ConnectionRecord,
    item: Option<&Attributes>,
) -> Result<ConnectionRecord> {
    let found = item.map_or(Ok(None), if_connection)?.ok_or_else(connection_not_found)?;
    let is_the_same = (&found.workspace, &found.customer, &found.integration)
        == (&connection.workspace, &connection.customer, &connection.integration);
    if is_the_same && found.archived_at.is_none() && found.record != *before {
        Ok(found.record)
    } else {
        Err(connection_not_found())
    }
}
