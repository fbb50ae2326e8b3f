//! Attempts to connect. A flow's item is one from its beginning, and so is that of a start that waits for its customer. What
//! has no such item, or an item that goes too soon, has one of its own. The index `attempts` has those of each workspace, in
//! their order.
//!
//! The index holds only what an attempt has from its beginning. So its end costs nothing there.

use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Attributes, Item, bytes, number, text};
use super::write::is_taken;
use super::{Store, unavailable};
use crate::context::attempt::{Attempt, KEPT, OfRequest};
use crate::context::outcome::Outcome;
use protocol::clock::Timestamp;
use protocol::error::{Result, reported};
use protocol::id::ConnectionRequestKey;
use protocol::record::{self, Reference};

/// The attributes that make an item an attempt.
const OF_ATTEMPT: [&str; 9] = [
    "workspace",
    "attempt",
    "reference",
    "customer",
    "integration",
    "option",
    "connectionId",
    "request",
    "requestId",
];

/// The beginning of a failed outcome, as it is stored.
const FAILED: &str = r#"{"error""#;

impl Store {
    /// Notes how a start ended that has no flow. Of several ends of one start, whose form was sent several times, a success
    /// stays, and otherwise the last one.
    pub async fn end_start(&self, attempt: &Attempt, outcome: &Outcome, at: Timestamp) -> Result<()> {
        let Some(reference) = record::reference() else { return Ok(()) };
        let key = own_key(attempt.workspace.as_str(), &place(attempt.began_at, reference));
        let put = self.client().put_item().table_name(&self.tables.flows).item("pk", text(key));
        let mut put = as_attempt(put, attempt).expression_attribute_values(":failed", text(FAILED));
        for (name, value) in at_end(outcome, at) {
            put = put.item(name, value);
        }
        let put = if matches!(outcome, Outcome::Failed(_)) {
            put.condition_expression(
                "attribute_not_exists(outcome) OR (begins_with(outcome, :failed) AND endedAt < :at)",
            )
            .expression_attribute_values(":at", number(at.0))
        } else {
            put.condition_expression("attribute_not_exists(outcome) OR begins_with(outcome, :failed)")
        };
        if let (Some(request), Outcome::Failed(error)) = (&attempt.request, outcome) {
            self.note_failure_of_request(&request.key, &error.referenced(), at, true).await;
        }
        match self.sent(|| put.clone().send()).await {
            Err(error) if !is_taken(&error) => Err(unavailable("PutItem attempt", &error)),
            _ => Ok(()),
        }
    }

    /// Leaves an item of the attempt in the place of one that goes soon, because tokens wait in it. Without it the attempt
    /// goes on, and may not be found for as long as others.
    pub(super) async fn leave_trace(&self, of: &Attributes) {
        let (Some(workspace), Some(place)) = (of.opt_text("workspace"), of.opt_text("attempt")) else {
            return;
        };
        let Some((began_at, _)) = read_place(place) else { return };
        let key = own_key(workspace, place);
        let mut put = self
            .client()
            .put_item()
            .table_name(&self.tables.flows)
            .item("pk", text(key))
            .item("ttl", forgotten_at(began_at));
        for name in OF_ATTEMPT {
            if let Some(value) = of.get(name) {
                put = put.item(name, value.clone());
            }
        }
        _ = reported(self.begin(put).await, "a trace of the attempt was not left");
    }
}

/// Makes an item an attempt, under the reference of the present work.
pub(super) fn as_attempt(put: PutItemFluentBuilder, attempt: &Attempt) -> PutItemFluentBuilder {
    let put = put.item("ttl", forgotten_at(attempt.began_at));
    let Some(reference) = record::reference() else { return put };
    let mut put = put
        .item("workspace", text(&attempt.workspace))
        .item("attempt", text(place(attempt.began_at, reference)))
        .item("reference", text(reference.to_string()))
        .item("customer", text(&attempt.customer));
    let others = [
        ("integration", attempt.integration.as_ref().map(text)),
        ("option", attempt.option.as_ref().map(text)),
        ("connectionId", attempt.reconnects.as_ref().map(text)),
        ("request", attempt.request.as_ref().map(|request| text(request.key.as_str()))),
        ("requestId", attempt.request.as_ref().map(|request| bytes(request.sealed_id.clone()))),
    ];
    for (name, value) in others {
        if let Some(value) = value {
            put = put.item(name, value);
        }
    }
    put
}

/// What is written at the end of an attempt.
pub(super) fn at_end(outcome: &Outcome, at: Timestamp) -> [(&'static str, AttributeValue); 3] {
    [
        ("outcome", text(outcome.to_json().to_string())),
        ("endedAt", number(at.0)),
        // An item in which tokens wait is to go sooner. Nothing waits in it any more.
        ("ttl", forgotten_at(at)),
    ]
}

pub(super) fn read_reference(item: &Attributes) -> Option<Reference> {
    item.opt_text("reference").and_then(Reference::parse)
}

/// Reads which connection request an attempt belongs to.
pub(super) fn read_request(item: &Attributes) -> Option<OfRequest> {
    let key = ConnectionRequestKey::new(item.opt_text("request")?);
    Some(OfRequest { key, sealed_id: item.opt_bytes("requestId")?.to_vec() })
}

/// An attempt's place among those of its workspace: when it began, and its reference. The items of one attempt share it.
fn place(began_at: Timestamp, reference: Reference) -> String {
    format!("{}-{reference}", before_all_at(began_at))
}

/// What comes before the places of all attempts that began at this moment, and after those of all that began before.
pub(super) fn before_all_at(moment: Timestamp) -> String {
    format!("{:014}", moment.0)
}

/// Reads what [`place`] wrote.
pub(super) fn read_place(place: &str) -> Option<(Timestamp, Reference)> {
    let (began_at, reference) = place.split_once('-')?;
    let is_time = began_at.len() == 14 && began_at.bytes().all(|byte| byte.is_ascii_digit());
    let began_at = began_at.parse().ok().filter(|_| is_time)?;
    Some((Timestamp(began_at), Reference::parse(reference)?))
}

/// The key of an attempt's own item. A flow's id has no `#`.
fn own_key(workspace: &str, place: &str) -> String {
    format!("attempt#{workspace}#{place}")
}

fn forgotten_at(began_at: Timestamp) -> AttributeValue {
    number((began_at + KEPT).seconds())
}
