//! The log of webhooks: one item a delivery in the schedule's table, under its endpoint and in the order of the events.
//!
//! Whose an event was is not kept: nothing of a customer has to be looked for here when they are erased.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use serde::{Deserialize, Serialize};

use super::change::Change;
use super::item::{Attributes, Item, from_json, json, number, text};
use super::notes::read_notes;
use super::slot::ERASED_AT;
use super::write::failed_condition;
use super::{Store, unavailable};
use crate::connection::Notes;
use protocol::clock::Timestamp;
use protocol::error::Result;
use protocol::id::{ConnectionId, CustomerId, IntegrationId};

/// A delivery is found for this long after its event.
pub(super) const KEPT: Duration = Duration::from_hours(30 * 24);

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// It is tried again.
    Pending,
    /// The endpoint has taken it.
    Success,
    /// It was given up.
    Failed,
}

/// A delivery, as it stands after its last try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The event's name.
    pub event: String,
    /// What it is about.
    pub connection_id: ConnectionId,
    /// The integration.
    pub integration_id: IntegrationId,
    /// When it happened, as the event says it.
    pub time: String,
    /// Its place among the events of what it is about.
    pub sequence: String,
    /// How it stands.
    pub status: DeliveryStatus,
    /// How often it was sent.
    pub attempts: u32,
    /// The tries of the schedule: what somebody asks to be sent again is none.
    #[serde(default)]
    pub tries: u32,
    /// The time before which the schedule does not try it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// The status of the last answer, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<u16>,
    /// Why the last try failed, in one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The time of the last try.
    pub tried_at: Timestamp,
}

/// One page of an endpoint's deliveries, with the place of each, the newest first.
pub struct DeliveryPage {
    /// The deliveries.
    pub deliveries: Vec<(String, Delivery)>,
    /// Where the next page begins, if there may be one.
    pub next: Option<String>,
}

impl Store {
    /// Reads a delivery, strongly consistent.
    pub async fn read_delivery(&self, endpoint: &str, sort: &str) -> Result<Option<Delivery>> {
        self.read_of_webhook(&deliveries_of(endpoint), sort).await?.as_ref().map(read).transpose()
    }

    /// Notes a try, unless a later one is noted.
    pub async fn write_delivery(
        &self,
        endpoint: &str,
        (at, sort): (Timestamp, &str),
        delivery: &Delivery,
    ) -> Result<()> {
        let attempts = i64::from(delivery.attempts);
        let change = Change::default()
            .set("delivery", json(delivery)?)
            .set("attempts", number(attempts))
            .set("ttl", number((at + KEPT).seconds()))
            .only_if_none_or_less("attempts", attempts);
        self.write_of_webhook(&deliveries_of(endpoint), sort, &change).await.map(drop)
    }

    /// Lists an endpoint's deliveries from the end of the previous page.
    pub async fn list_deliveries(
        &self,
        endpoint: &str,
        limit: i32,
        after: Option<&str>,
    ) -> Result<DeliveryPage> {
        let pk = deliveries_of(endpoint);
        let start = after.map(|sort| {
            [("pk", pk.as_str()), ("sk", sort)].map(|(name, key)| (name.to_owned(), text(key))).into()
        });
        let query = self
            .client()
            .query()
            .table_name(&self.tables.schedule)
            .key_condition_expression("pk = :endpoint")
            .expression_attribute_values(":endpoint", text(&*pk))
            .scan_index_forward(false)
            .limit(limit)
            .set_exclusive_start_key(start);
        let page = self.query(&query, "Query deliveries").await?;
        let found = |item: &Attributes| Ok((item.text("sk")?.to_owned(), read(item)?));
        Ok(DeliveryPage {
            deliveries: page.items.iter().flatten().map(found).collect::<Result<_>>()?,
            next: page
                .last_evaluated_key
                .as_ref()
                .map(|key| key.text("sk").map(str::to_owned))
                .transpose()?,
        })
    }

    /// Reads whose something is that an event was about, and what is noted beside it: nothing if nothing is held of it any
    /// more. What is left of an erased connection still says whose it was, for its own event alone.
    pub async fn customer_and_notes_of(&self, subject: &ConnectionId) -> Result<Option<(CustomerId, Notes)>> {
        let get = self
            .client()
            .get_item()
            .table_name(&self.tables.connections)
            .key("pk", text(subject))
            .consistent_read(true);
        let found = self
            .sent(|| get.clone().send())
            .await
            .map_err(|error| unavailable("GetItem customer", &error))?;
        let item = found.item.unwrap_or_default();
        if item.contains_key(ERASED_AT) {
            return Ok(None);
        }
        let Some(customer) = item.opt_text("customer") else { return Ok(None) };
        Ok(Some((CustomerId::new(customer), read_notes(&item)?)))
    }

    pub(super) async fn read_of_webhook(&self, pk: &str, sk: &str) -> Result<Option<Attributes>> {
        let get = self
            .client()
            .get_item()
            .table_name(&self.tables.schedule)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .consistent_read(true);
        let found =
            self.sent(|| get.clone().send()).await.map_err(|error| unavailable("GetItem webhook", &error))?;
        Ok(found.item)
    }

    /// Writes an item of the log, or beside it. Returns false if its condition failed.
    pub(super) async fn write_of_webhook(&self, pk: &str, sk: &str, change: &Change) -> Result<bool> {
        let update: UpdateItemFluentBuilder = self
            .client()
            .update_item()
            .table_name(&self.tables.schedule)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .update_expression(change.update_expression())
            .condition_expression(change.condition_expression())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(Some(change.values()));
        match self.sent(|| update.clone().send()).await {
            Ok(_) => Ok(true),
            Err(error) if failed_condition(&error).is_some() => Ok(false),
            Err(error) => Err(unavailable("UpdateItem webhook", &error)),
        }
    }
}

fn read(item: &Attributes) -> Result<Delivery> {
    from_json(item.text("delivery")?)
}

pub(super) fn deliveries_of(endpoint: &str) -> String {
    format!("webhook#{endpoint}")
}
