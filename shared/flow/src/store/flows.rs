//! The flows table: flows in progress, keyed by `flowId`. It holds hashes, and memories that are sealed under the
//! browsers' keys.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use serde_json::Value;

use super::change::Change;
use super::item::{Attributes, Item, bytes, number, text, texts};
use super::write::is_taken;
use super::{Store, unavailable};
use crate::context::browser::BrowserSecret;
use crate::context::flow_id::{FlowId, REMEMBERED_SECONDS};
use crate::context::outcome::Outcome;
use protocol::clock::Timestamp;
use protocol::error::{Error, ErrorKey, Result};
use protocol::record::{self, Reference};

/// A flow to begin.
pub struct NewFlow<'a> {
    /// The flow's id.
    pub id: &'a FlowId,
    /// The hash of the browser secret.
    pub binding: [u8; 32],
    /// The path that the provider's answer arrives at.
    pub callback_path: &'a str,
    /// Another path that it may arrive at, because the team's own page stands between.
    pub other_path: Option<&'a str>,
    /// The callback parameters that the definition keeps, beyond the standard ones.
    pub kept_parameters: Vec<String>,
    /// The flow's memory, sealed under the browser's key.
    pub memory: Vec<u8>,
    /// The expiry of the flow, by our clock.
    pub expires_at: Timestamp,
}

impl<'a> NewFlow<'a> {
    /// A flow that a page of ours goes on with, at `path`: nobody learns its state, so no callback can name it.
    #[must_use]
    pub fn of_page(
        id: &'a FlowId,
        binding: [u8; 32],
        path: &'a str,
        memory: Vec<u8>,
        expires_at: Timestamp,
    ) -> Self {
        let (other_path, kept_parameters) = (None, Vec::new());
        Self { id, binding, callback_path: path, other_path, kept_parameters, memory, expires_at }
    }
}

/// A flow as stored.
pub struct FlowItem {
    /// The hash of the browser secret.
    pub binding: Vec<u8>,
    /// The path that the provider's answer arrives at.
    pub callback_path: String,
    /// Another path that it may arrive at.
    pub other_path: Option<String>,
    /// The callback parameters that the definition keeps, beyond the standard ones.
    pub kept_parameters: Vec<String>,
    /// The flow's memory, sealed under the browser's key.
    pub memory: Vec<u8>,
    /// The expiry of the flow, by our clock.
    pub expires_at: Timestamp,
    /// The reference under which it was begun.
    pub reference: Option<Reference>,
    /// The claimant and the time of the claim, if the flow is claimed.
    pub claim: Option<(String, Timestamp)>,
    /// True if the browser was sent on to the application, which must confirm its user.
    pub went_to_application: bool,
    /// What waits for the customer's choice, sealed under a secret of the flow.
    pub choice: Option<Vec<u8>>,
    /// The outcome, if the flow has ended.
    pub outcome: Option<Outcome>,
}

/// The result of trying to claim a flow.
pub enum Claim {
    /// The flow is claimed, and only its claimant may finish it. This is its memory, sealed.
    Won(Vec<u8>),
    /// Another callback has claimed it. That callback's result is the flow's result.
    Taken,
    /// Its time is over, and nobody may claim it any more. This is its memory, sealed.
    Expired(Vec<u8>),
}

impl Store {
    /// Stores a new flow.
    pub async fn begin_flow(&self, flow: NewFlow<'_>) -> Result<()> {
        self.begin(self.put_flow(flow)).await
    }

    /// Puts a new flow's item, on the condition that there is none: an attempt that arrives after its repetition, and
    /// after what followed, changes nothing. A flow's id is made of fresh randomness, so an item that is there already is
    /// this one.
    pub(super) async fn begin(&self, put: PutItemFluentBuilder) -> Result<()> {
        let put = put.condition_expression("attribute_not_exists(pk)");
        match self.sent(|| put.clone().send()).await {
            Err(error) if !is_taken(&error) => Err(unavailable("PutItem flow", &error)),
            _ => Ok(()),
        }
    }

    pub(super) fn put_flow(&self, flow: NewFlow<'_>) -> PutItemFluentBuilder {
        let mut put = self
            .client()
            .put_item()
            .table_name(&self.tables.flows)
            .item("pk", text(flow.id.as_str()))
            .item("binding", bytes(flow.binding))
            .item("callbackPath", text(flow.callback_path))
            .item("memory", bytes(flow.memory))
            .item("expiresAt", number(flow.expires_at.0))
            // Our own clock decides about the expiry. The TTL only cleans up, some time later.
            .item("ttl", number(flow.expires_at.seconds() + i64::from(REMEMBERED_SECONDS)));
        put = with_reference(put);
        if let Some(path) = flow.other_path {
            put = put.item("otherPath", text(path));
        }
        if !flow.kept_parameters.is_empty() {
            put = put.item("keptParameters", texts(flow.kept_parameters));
        }
        put
    }

    /// Reads a browser's flow, strongly consistent.
    pub async fn read_flow(&self, id: &FlowId) -> Result<Option<FlowItem>> {
        let found = self.read_flow_item(id).await?;
        found.filter(|item| item.contains_key("memory")).map(|item| FlowItem::read(&item)).transpose()
    }

    pub(super) async fn read_flow_item(&self, id: &FlowId) -> Result<Option<Attributes>> {
        let get = self
            .client()
            .get_item()
            .table_name(&self.tables.flows)
            .key("pk", text(id.as_str()))
            .consistent_read(true);
        Ok(self.sent(|| get.clone().send()).await.map_err(|error| unavailable("GetItem flow", &error))?.item)
    }

    /// Claims a flow for `claimant` in one conditional write: only for the browser that began it, at a path where its
    /// answer may arrive, before it expires, and once.
    pub async fn claim_flow(
        &self,
        id: &FlowId,
        binding: [u8; 32],
        callback_path: &str,
        claimant: &str,
        now: Timestamp,
    ) -> Result<Claim> {
        let update = self
            .client()
            .update_item()
            .table_name(&self.tables.flows)
            .key("pk", text(id.as_str()))
            .update_expression("SET #owner = :owner, claimedAt = :now")
            .condition_expression(
                "binding = :binding AND (callbackPath = :path OR otherPath = :path) AND expiresAt > :now AND \
                 attribute_not_exists(#owner)",
            )
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(claimant))
            .expression_attribute_values(":now", number(now.0))
            .expression_attribute_values(":binding", bytes(binding))
            .expression_attribute_values(":path", text(callback_path))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match self.sent(|| update.clone().send()).await {
            Ok(updated) => {
                let flow = FlowItem::read(&updated.attributes.unwrap_or_default())?;
                flow.refer();
                Ok(Claim::Won(flow.memory))
            }
            Err(error) => match failed_condition(&error) {
                Some(old) => why_not_claimed(old, binding, callback_path, claimant, now),
                None => Err(unavailable("UpdateItem flow", &error)),
            },
        }
    }

    /// Ends a flow, unless it has ended already. Returns the outcome that it has now.
    pub async fn end_flow(&self, id: &FlowId, claimant: &str, outcome: &Outcome) -> Result<Outcome> {
        let change = ended(claimant, outcome);
        let update = self
            .client()
            .update_item()
            .table_name(&self.tables.flows)
            .key("pk", text(id.as_str()))
            .update_expression(change.update_expression())
            .condition_expression(change.condition_expression())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(Some(change.values()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match self.sent(|| update.clone().send()).await {
            Ok(_) => Ok(outcome.clone()),
            Err(error) => match failed_condition(&error) {
                Some(old) => read_outcome(old).ok_or_else(|| Error::internal("a flow changed its owner")),
                None => Err(unavailable("UpdateItem flow", &error)),
            },
        }
    }
}

impl FlowItem {
    /// The flow, if it is this browser's. The work goes on under its reference then.
    pub fn of_browser(self, secret: &BrowserSecret) -> Result<Self> {
        if !secret.is_bound_to(&self.binding) {
            return Err(browser_mismatch());
        }
        self.refer();
        Ok(self)
    }

    fn refer(&self) {
        record::refer(self.reference);
    }

    fn read(item: &Attributes) -> Result<Self> {
        Ok(Self {
            binding: item.bytes("binding")?.to_vec(),
            callback_path: item.text("callbackPath")?.to_owned(),
            other_path: item.opt_text("otherPath").map(str::to_owned),
            kept_parameters: item.texts("keptParameters").to_vec(),
            memory: item.bytes("memory")?.to_vec(),
            expires_at: Timestamp(item.number("expiresAt")?),
            reference: read_reference(item),
            claim: read_claim(item),
            went_to_application: item.contains_key("confirmation"),
            choice: item.opt_bytes("choice").map(<[u8]>::to_vec),
            outcome: read_outcome(item),
        })
    }
}

/// The change that ends a flow: once, and only by its claimant.
pub(super) fn ended(claimant: &str, outcome: &Outcome) -> Change {
    Change::default()
        .set("outcome", text(outcome.to_json().to_string()))
        // What waited for the application or for the customer, if the flow did: nobody needs it any more.
        .remove("unconfirmed")
        .remove("choice")
        .only_if("owner", text(claimant))
        .only_if_none("outcome")
}

/// Adds the reference of the present work, which begins the flow.
pub(super) fn with_reference(put: PutItemFluentBuilder) -> PutItemFluentBuilder {
    match record::reference() {
        Some(reference) => put.item("reference", text(reference.to_string())),
        None => put,
    }
}

pub(super) fn read_reference(item: &Attributes) -> Option<Reference> {
    item.opt_text("reference").and_then(Reference::parse)
}

/// The claimant and the time of the claim.
pub(super) fn read_claim(item: &Attributes) -> Option<(String, Timestamp)> {
    Some((item.opt_text("owner")?.to_owned(), Timestamp(item.opt_number("claimedAt")?)))
}

pub(super) fn read_outcome(item: &Attributes) -> Option<Outcome> {
    let json: Value = serde_json::from_str(item.opt_text("outcome")?).ok()?;
    Some(Outcome::from_json(&json))
}

/// Returns the item whose condition failed; an empty one if there is no item.
pub(super) fn failed_condition<R>(error: &SdkError<UpdateItemError, R>) -> Option<&Attributes> {
    static NONE: std::sync::LazyLock<Attributes> = std::sync::LazyLock::new(Attributes::new);
    match error.as_service_error()? {
        UpdateItemError::ConditionalCheckFailedException(failed) => Some(failed.item().unwrap_or(&NONE)),
        _ => None,
    }
}

/// Explains a failed claim. The browser is checked first, so that another browser learns nothing else.
fn why_not_claimed(
    old: &Attributes,
    binding: [u8; 32],
    callback_path: &str,
    claimant: &str,
    now: Timestamp,
) -> Result<Claim> {
    if old.is_empty() {
        return Err(state_unknown());
    }
    let flow = FlowItem::read(old)?;
    if flow.binding != binding {
        return Err(browser_mismatch());
    }
    flow.refer();
    if flow.callback_path != callback_path && flow.other_path.as_deref() != Some(callback_path) {
        return Err(Error::new(
            ErrorKey::IntegrationMismatch,
            "The answer arrived at the address of another integration than the one that was asked.",
        ));
    }
    match &flow.claim {
        // The SDK repeated a request whose answer was lost. We had already won.
        Some((winner, _)) if winner == claimant => Ok(Claim::Won(flow.memory)),
        Some(_) => Ok(Claim::Taken),
        None if flow.expires_at <= now => Ok(Claim::Expired(flow.memory)),
        None => Err(Error::internal("a claim failed for no reason")),
    }
}

/// Returns the error for a `state` without a flow.
#[must_use]
pub(crate) fn state_unknown() -> Error {
    Error::new(ErrorKey::StateUnknown, "This sign-in is not known, or it was finished long ago.")
}

/// Returns the error for a flow that has expired by our clock, even if the database still has it.
#[must_use]
pub(crate) fn state_expired() -> Error {
    Error::new(ErrorKey::StateExpired, "This sign-in took longer than 15 minutes. Please start again.")
}

/// Returns the error for a browser without the flow's secret.
#[must_use]
pub(crate) fn browser_mismatch() -> Error {
    Error::new(
        ErrorKey::BrowserMismatch,
        "This sign-in was started in another browser, or its cookie is gone from this one. Please finish it where you \
         started, or start again here.",
    )
}
