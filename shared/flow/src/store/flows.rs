//! The flows table: flows in progress, keyed by `flowId`. It holds hashes, and memories that are sealed under the
//! browsers' keys.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use serde_json::Value;

use super::attempts::{as_attempt, at_end, read_reference, read_request};
use super::change::Change;
use super::item::{Attributes, Item, bytes, number, text, texts};
use super::write::is_taken;
use super::{Store, unavailable};
use crate::context::Remembered;
use crate::context::attempt::Attempt;
use crate::context::browser::BrowserSecret;
use crate::context::flow_id::{FlowId, is_remembered};
use crate::context::outcome::Outcome;
use protocol::clock::Timestamp;
use protocol::error::{Error, ErrorKey, Result};
use protocol::language::{self, Language};
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
    /// What the flow remembers.
    pub remembered: Remembered,
    /// The expiry of the flow, by our clock.
    pub expires_at: Timestamp,
    /// The attempt that it is a part of.
    pub attempt: Attempt,
}

impl<'a> NewFlow<'a> {
    /// A flow that a page of ours goes on with, at `path`: nobody learns its state, so no callback can name it.
    #[must_use]
    pub fn of_page(
        id: &'a FlowId,
        binding: [u8; 32],
        path: &'a str,
        remembered: Remembered,
        expires_at: Timestamp,
        attempt: Attempt,
    ) -> Self {
        let (callback_path, other_path, kept_parameters) = (path, None, Vec::new());
        Self { id, binding, callback_path, other_path, kept_parameters, remembered, expires_at, attempt }
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
    /// The flow's memory, sealed under the browser's key. It is gone once the flow has ended.
    pub memory: Option<Vec<u8>>,
    /// The target of its result, sealed in the same way; a start that waits has none.
    pub target: Option<Vec<u8>>,
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
    /// The language that the start asked for.
    language: Option<Language>,
}

/// The result of trying to claim a flow.
pub enum Claim {
    /// The flow is claimed, and only its claimant may finish it. This is its memory, sealed.
    Won(Vec<u8>),
    /// Another callback has claimed it. That callback's result is the flow's result.
    Taken,
    /// Its time is over, and nobody may claim it any more. This is the target of its result, sealed.
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
        let put = self.client().put_item().table_name(&self.tables.flows);
        // Our own clock decides about the expiry. The TTL only cleans up, when the attempt need not be found any more.
        let mut put = as_attempt(put, &flow.attempt)
            .item("pk", text(flow.id.as_str()))
            .item("binding", bytes(flow.binding))
            .item("callbackPath", text(flow.callback_path))
            .item("memory", bytes(flow.remembered.memory))
            .item("expiresAt", number(flow.expires_at.0));
        if let Some(target) = flow.remembered.target {
            put = put.item("target", bytes(target));
        }
        if let Some(path) = flow.other_path {
            put = put.item("otherPath", text(path));
        }
        if let Some(language) = language::asked() {
            put = put.item("language", text(language.tag()));
        }
        if !flow.kept_parameters.is_empty() {
            put = put.item("keptParameters", texts(flow.kept_parameters));
        }
        put
    }

    /// Reads a browser's flow, strongly consistent. One that is long over is as good as none, although its item is there.
    pub async fn read_flow(&self, id: &FlowId) -> Result<Option<FlowItem>> {
        let found = self.read_item_of_flows(id.as_str()).await?.filter(|item| item.contains_key("binding"));
        let found = found.map(|item| FlowItem::read(&item)).transpose()?;
        Ok(found.filter(|flow| is_remembered(flow.expires_at, self.clock.now())))
    }

    pub(super) async fn read_item_of_flows(&self, pk: &str) -> Result<Option<Attributes>> {
        let get =
            self.client().get_item().table_name(&self.tables.flows).key("pk", text(pk)).consistent_read(true);
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
                flow.memory.map(Claim::Won).ok_or_else(forgotten)
            }
            Err(error) => match failed_condition(&error) {
                Some(old) => why_not_claimed(old, binding, callback_path, claimant, now),
                None => Err(unavailable("UpdateItem flow", &error)),
            },
        }
    }

    /// Ends a flow, unless it has ended already. Returns the outcome that it has now.
    pub async fn end_flow(&self, id: &FlowId, claimant: &str, outcome: &Outcome) -> Result<Outcome> {
        self.end(id, claimant, outcome, true).await
    }

    /// The same for a flow that nobody worked on to its end. No event tells of it: who notices it may not write connections.
    pub async fn end_abandoned(&self, id: &FlowId, claimant: &str, outcome: &Outcome) -> Result<Outcome> {
        self.end(id, claimant, outcome, false).await
    }

    async fn end(&self, id: &FlowId, claimant: &str, outcome: &Outcome, tells: bool) -> Result<Outcome> {
        let now = self.clock.now();
        let change = ended(claimant, outcome, now);
        let update = self
            .client()
            .update_item()
            .table_name(&self.tables.flows)
            .key("pk", text(id.as_str()))
            .update_expression(change.update_expression())
            .condition_expression(change.condition_expression())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(Some(change.values()))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match self.sent(|| update.clone().send()).await {
            Ok(written) => {
                let of = written.attributes.unwrap_or_default();
                if let (Some(request), Outcome::Failed(error)) = (read_request(&of), outcome) {
                    let error = error.clone().under(read_reference(&of));
                    self.note_failure_of_request(&request.key, &error, now, tells).await;
                }
                Ok(outcome.clone())
            }
            Err(error) => match failed_condition(&error) {
                Some(old) => read_outcome(old).ok_or_else(|| Error::internal("a flow changed its owner")),
                None => Err(unavailable("UpdateItem flow", &error)),
            },
        }
    }
}

impl FlowItem {
    /// The flow, if it is this browser's. The work goes on under its reference then, and in its language.
    pub fn of_browser(self, secret: &BrowserSecret) -> Result<Self> {
        if !secret.is_bound_to(&self.binding) {
            return Err(browser_mismatch());
        }
        self.refer();
        Ok(self)
    }

    fn refer(&self) {
        record::refer(self.reference);
        language::ask_for(self.language);
    }

    fn read(item: &Attributes) -> Result<Self> {
        Ok(Self {
            binding: item.bytes("binding")?.to_vec(),
            callback_path: item.text("callbackPath")?.to_owned(),
            other_path: item.opt_text("otherPath").map(str::to_owned),
            kept_parameters: item.texts("keptParameters").to_vec(),
            memory: item.opt_bytes("memory").map(<[u8]>::to_vec),
            target: item.opt_bytes("target").map(<[u8]>::to_vec),
            expires_at: Timestamp(item.number("expiresAt")?),
            reference: read_reference(item),
            claim: read_claim(item),
            went_to_application: item.contains_key("confirmation"),
            choice: item.opt_bytes("choice").map(<[u8]>::to_vec),
            outcome: read_outcome(item),
            language: item.opt_text("language").and_then(Language::named),
        })
    }
}

/// The change that ends a flow: once, and only by its claimant.
pub(super) fn ended(claimant: &str, outcome: &Outcome, at: Timestamp) -> Change {
    at_end(outcome, at)
        .into_iter()
        .fold(Change::default(), |change, (name, value)| change.set(name, value))
        // Nobody needs it any more, nor what waited for the application or for the customer, if the flow did.
        .remove("memory")
        .remove("unconfirmed")
        .remove("choice")
        .only_if("owner", text(claimant))
        .only_if_none("outcome")
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
    if !is_remembered(flow.expires_at, now) {
        return Err(state_unknown());
    }
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
        Some((winner, _)) if winner == claimant => flow.memory.map(Claim::Won).ok_or_else(forgotten),
        Some(_) => Ok(Claim::Taken),
        None if flow.expires_at <= now => flow.target.map(Claim::Expired).ok_or_else(forgotten),
        None => Err(Error::internal("a claim failed for no reason")),
    }
}

/// Returns the error for a flow that goes on and has forgotten what it needs for that.
#[must_use]
pub(crate) fn forgotten() -> Error {
    Error::internal("a flow does not remember what it needs")
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
