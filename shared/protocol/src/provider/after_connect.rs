//! The calls that complete new credentials.

use serde_json::{Map, Value};

use super::api_call::{Purpose, Settings, ask};
use super::calls::Calls;
use super::failure::{CallError, Refusal};
use super::maker::Maker;
use super::oauth2::token_response::settle;
use crate::answer::Content;
use crate::definition::{AfterConnect, Item, TimeUnit, is_expected, picked};

const SETTINGS: Settings =
    Settings { method: "afterConnect.method", path: "afterConnect.path", headers: "afterConnect.headers" };

/// What a call adds to the credentials.
pub enum Added {
    /// These values.
    Values(Map<String, Value>),
    /// These values, and the items of which one is chosen, or several. There is one at least.
    Choice(Map<String, Value>, Vec<Item>),
}

/// Makes a call, and returns what it adds.
pub async fn make(calls: &Calls<'_>, call: &AfterConnect, maker: &Maker<'_>) -> Result<Added, CallError> {
    let answer = ask(calls, maker, call.call(), &SETTINGS, (Purpose::Completing, true)).await?;
    let status = answer.response.status();
    let content = Content::of(&answer.response);
    if !is_expected(call.expect.as_ref(), status, &content) {
        return Err(answer.failed(Refusal::Request).with_status_shown().into());
    }
    let mut found = picked(&call.response, &content);
    if let Some(missing) = call.response.keys().find(|name| !found.contains_key(*name)) {
        let detail = format!("it has no value for `{missing}`");
        return Err(answer.failed(Refusal::NotUnderstood).detail(detail).into());
    }
    settle(&mut found, TimeUnit::Seconds, calls.clock.now());
    let Some(choose) = &call.choose else { return Ok(Added::Values(found)) };
    let items = content.value().map(|value| choose.items_of(value)).unwrap_or_default();
    if items.is_empty() {
        return Err(answer.failed(Refusal::NotUnderstood).detail("there is nothing to choose from").into());
    }
    Ok(Added::Choice(found, items))
}
