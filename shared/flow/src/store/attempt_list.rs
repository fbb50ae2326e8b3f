//! Lists attempts by the index `attempts`, the newest first. The index tells which items the attempts have; what became of
//! them is read from the table.
//!
//! An attempt has several items if its start waited behind a page of ours and then became a flow. They share one place in the
//! index.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use super::attempt_state::{SHOWN, attempt_of};
use super::attempts::{before_all_at, read_place};
use super::batch::{MOST_IN_BATCH, projected};
use super::erase::deleted_at;
use super::item::{Attributes, Item, number, text};
use super::list::not_ours;
use super::transact::gave_up;
use super::write::is_taken;
use super::{Store, unavailable};
use crate::context::attempt::{AttemptState, FoundAttempt, KEPT};
use protocol::clock::Timestamp;
use protocol::deadline::BROWSER_FUNCTION;
use protocol::error::{Error, Result};
use protocol::id::{ConnectionId, CustomerId, IntegrationId, WorkspaceKey};
use protocol::record::Reference;

/// The index's name.
const INDEX: &str = "attempts";

/// The number of pages of the index that one call reads. Each holds a megabyte of attempts at most.
const MAX_PAGES: usize = 10;

/// The number of attempts that one call reads.
const MAX_READ: usize = 1000;

/// The number of attempts that are read at once.
const AT_ONCE: usize = 50;

/// The number of items of one attempt that are looked at. Each time that a form is sent, there can be one more.
const MAX_ITEMS: usize = 20;

/// The outcome of what was forgotten: no outcome that is read.
const NOTHING: &str = "{}";

/// The attempts to list.
pub struct ListAttempts<'a> {
    /// The workspace's key.
    pub workspace: &'a WorkspaceKey,
    /// Only those of this customer.
    pub customer: Option<&'a CustomerId>,
    /// Only those with this integration.
    pub integration: Option<&'a IntegrationId>,
    /// Only those that made this connection, or were to reconnect it.
    pub connection: Option<&'a ConnectionId>,
    /// Only those that stand so.
    pub status: Option<AttemptStatus>,
    /// Only that with this reference.
    pub reference: Option<Reference>,
    /// The size of a page, at least 1.
    pub limit: usize,
    /// The cursor of the previous page.
    pub cursor: Option<&'a str>,
}

/// How an attempt stands, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptStatus {
    /// Its customer, its provider or its application is at it.
    Pending,
    /// It has connected.
    Success,
    /// It has failed.
    Error,
}

/// One page of a list.
#[derive(Default)]
pub struct AttemptPage {
    /// The attempts, the newest first.
    pub attempts: Vec<FoundAttempt>,
    /// The cursor for the next page, if there may be one.
    pub cursor: Option<String>,
}

/// What the index tells of an attempt.
struct Indexed {
    place: String,
    customer: String,
    /// The keys of its items.
    keys: Vec<String>,
}

impl Store {
    /// Lists attempts.
    pub async fn list_attempts(&self, list: &ListAttempts<'_>) -> Result<AttemptPage> {
        let now = self.clock.now();
        let query = self.attempts_of(list, list.span(now)?);
        let (mut page, mut read, mut seen, mut after) = (AttemptPage::default(), 0, Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let query = query.clone().set_exclusive_start_key(after.take());
            let found = self.query(&query, "Query attempts").await?;
            for item in found.items.iter().flatten() {
                list.note(item, &mut seen)?;
            }
            after = found.last_evaluated_key;
            let end = after.as_ref().map(|key| key.text("attempt")).transpose()?.map(str::to_owned);
            // The items of the last attempt may go on on the next page.
            let cut: Option<Indexed> = seen.pop_if(|last: &mut Indexed| Some(&last.place) == end.as_ref());
            let mut behind = None;
            for some in seen.chunks(AT_ONCE) {
                let attempts = self.read_attempts(some, now).await?;
                read += some.len();
                for (indexed, attempt) in some.iter().zip(attempts) {
                    behind = Some(indexed.place.clone());
                    page.attempts.extend(attempt.filter(|attempt| list.wants(attempt)));
                    if page.attempts.len() >= list.limit {
                        page.cursor = behind;
                        return Ok(page);
                    }
                }
            }
            page.cursor = if cut.is_some() { behind.or_else(|| end.clone()) } else { end.clone() };
            if end.is_none() || read >= MAX_READ {
                return Ok(page);
            }
            seen = cut.into_iter().collect();
        }
        Ok(page)
    }

    /// Forgets the customer's attempts that have ended, until a moment. What is under way ends as it must, and goes later.
    /// Returns false if some may be left.
    pub async fn forget_attempts(
        &self,
        workspace: &WorkspaceKey,
        customer: &CustomerId,
        until: Timestamp,
    ) -> Result<bool> {
        let now = self.clock.now();
        let list = ListAttempts::of(workspace, customer);
        let query = self.attempts_of(&list, list.span(now)?);
        let mut after = None;
        loop {
            let query = query.clone().set_exclusive_start_key(after.take());
            let found = self.query(&query, "Query attempts").await?;
            for item in found.items.iter().flatten() {
                self.forget_attempt(item.text("pk")?, now).await?;
            }
            after = found.last_evaluated_key;
            if after.is_none() {
                return Ok(true);
            }
            if self.clock.now() >= until {
                return Ok(false);
            }
        }
    }

    /// Leaves nothing of an item but its key, and that it has ended: so no write that arrives late brings it back.
    async fn forget_attempt(&self, pk: &str, now: Timestamp) -> Result<()> {
        let put = self
            .client()
            .put_item()
            .table_name(&self.tables.flows)
            .item("pk", text(pk))
            .item("outcome", text(NOTHING))
            .item("ttl", deleted_at(now))
            // Nothing goes on for an hour after its time.
            .condition_expression(
                "attribute_exists(outcome) OR attribute_not_exists(expiresAt) OR expiresAt < :before",
            )
            .expression_attribute_values(":before", number((now - Duration::from_hours(1)).0));
        match self.sent(|| put.clone().send()).await {
            Err(error) if !is_taken(&error) => Err(unavailable("PutItem attempt", &error)),
            _ => Ok(()),
        }
    }

    fn attempts_of(&self, list: &ListAttempts<'_>, (from, to): (String, String)) -> QueryFluentBuilder {
        let mut query = self
            .client()
            .query()
            .table_name(&self.tables.flows)
            .index_name(INDEX)
            .scan_index_forward(false)
            .key_condition_expression("#workspace = :workspace AND #attempt BETWEEN :from AND :to")
            .expression_attribute_names("#workspace", "workspace")
            .expression_attribute_names("#attempt", "attempt")
            .expression_attribute_values(":workspace", text(list.workspace))
            .expression_attribute_values(":from", text(from))
            .expression_attribute_values(":to", text(to));
        let filters = [
            ("customer", list.customer.map(text)),
            ("integration", list.integration.map(text)),
            ("reference", list.reference.map(|reference| text(reference.to_string()))),
        ];
        let mut conditions = Vec::new();
        for (name, value) in filters.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            conditions.push(format!("#{name} = :{name}"));
            query = query
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        if conditions.is_empty() {
            // An attempt seldom has more than two items.
            let items = i32::try_from(list.limit.saturating_mul(2)).unwrap_or(i32::MAX);
            return query.limit(items);
        }
        query.filter_expression(conditions.join(" AND "))
    }

    /// Reads what became of attempts, in this order.
    async fn read_attempts(&self, some: &[Indexed], now: Timestamp) -> Result<Vec<Option<FoundAttempt>>> {
        let keys: Vec<&String> = some.iter().flat_map(|indexed| &indexed.keys).collect();
        let mut items: HashMap<String, Attributes> = HashMap::new();
        for keys in keys.chunks(MOST_IN_BATCH) {
            let keys = keys.iter().map(|key| HashMap::from([("pk".to_owned(), text(*key))])).collect();
            let keys = projected(SHOWN).set_keys(Some(keys)).build().map_err(Error::internal)?;
            let read = self.read_batch(&self.tables.flows, keys, "BatchGetItem attempts").await?;
            for item in read.ok_or_else(gave_up)? {
                items.insert(item.text("pk")?.to_owned(), item);
            }
        }
        let of = |indexed: &Indexed| {
            let items: Vec<&Attributes> = indexed.keys.iter().filter_map(|key| items.get(key)).collect();
            attempt_of(&items, now)
        };
        some.iter().map(of).collect()
    }
}

impl<'a> ListAttempts<'a> {
    /// All of a customer's.
    fn of(workspace: &'a WorkspaceKey, customer: &'a CustomerId) -> Self {
        Self {
            workspace,
            customer: Some(customer),
            integration: None,
            connection: None,
            status: None,
            reference: None,
            limit: 1,
            cursor: None,
        }
    }
}

impl ListAttempts<'_> {
    /// The part of the workspace's attempts that is looked at: what is asked for, and not yet forgotten.
    fn span(&self, now: Timestamp) -> Result<(String, String)> {
        let mut from = before_all_at(now - KEPT);
        // It is behind all digits.
        let mut to = "~".to_owned();
        if let Some(reference) = self.reference {
            // A start is verified, and so begins, a little after its reference was drawn.
            let hour = reference.drawn_in_hour_from(now);
            from = from.max(before_all_at(hour));
            to = before_all_at(hour + Duration::from_hours(1) + BROWSER_FUNCTION);
        }
        if let Some(cursor) = self.cursor {
            read_place(cursor).ok_or_else(not_ours)?;
            to = to.min(cursor.to_owned());
        }
        // A span that ends before it begins is none.
        to = to.max(from.clone());
        Ok((from, to))
    }

    /// Notes an item of the index, beside the others of its attempt. What the cursor names was listed before.
    fn note(&self, item: &Attributes, seen: &mut Vec<Indexed>) -> Result<()> {
        let (place, customer, key) = (item.text("attempt")?, item.text("customer")?, item.text("pk")?);
        if self.cursor == Some(place) {
            return Ok(());
        }
        match seen.last_mut().filter(|last| last.place == place && last.customer == customer) {
            Some(last) if last.keys.len() < MAX_ITEMS => last.keys.push(key.to_owned()),
            Some(_) => {}
            None => seen.push(Indexed {
                place: place.to_owned(),
                customer: customer.to_owned(),
                keys: vec![key.to_owned()],
            }),
        }
        Ok(())
    }

    /// True for an attempt that is asked for, by what the index does not know.
    fn wants(&self, attempt: &FoundAttempt) -> bool {
        self.status.is_none_or(|status| status == AttemptStatus::of(&attempt.state))
            && self.connection.is_none_or(|connection| attempt.connection.as_ref() == Some(connection))
    }
}

impl AttemptStatus {
    /// The word for it.
    #[must_use]
    pub fn of(state: &AttemptState) -> Self {
        match state {
            AttemptState::Pending => Self::Pending,
            AttemptState::Connected => Self::Success,
            AttemptState::Failed(_) => Self::Error,
        }
    }
}
