//! The test call, which proves new credentials before they are stored.

use http::StatusCode;

use super::api_call::{Purpose, Settings, ask};
use super::calls::{Calls, is_nothing_there};
use super::failure::{CallError, Refusal, Word};
use super::maker::Maker;
use crate::answer::Content;
use crate::definition::is_expected;

const SETTINGS: Settings = Settings { method: "test.method", path: "test.path", headers: "test.headers" };

/// Makes the option's test call, if it has one. The expected answer proves the credentials.
pub async fn run(calls: &Calls<'_>, maker: &Maker<'_>) -> Result<(), CallError> {
    let option = maker.option();
    let Some(test) = &option.test else { return Ok(()) };
    let answer = ask(calls, maker, test.call(), &SETTINGS, (Purpose::Defined, true)).await?;
    let status = answer.response.status();
    if is_expected(test.expect.as_ref(), status, &Content::of(&answer.response)) {
        return Ok(());
    }
    let is_expired = option.api_client.says_expired(status, &Content::of(&answer.response).short());
    let base_uri = maker.registration().base_uri();
    // What the customer entered may lead to an address where nothing is. One that the definition alone makes is its own.
    if is_nothing_there(status) && !is_expired && !test.path.is_filled_in(base_uri) {
        return Err(answer.failed(Refusal::NoEndpoint).with_status_shown().into());
    }
    let word = if is_expired { Word::Definite } else { Word::of(status) };
    let failure = answer.failed(Refusal::Credentials(word)).with_status_shown();
    let is_other_body = status.is_success() && test.expect.is_some();
    Err(if is_other_body { failure.detail("its body is not the expected one") } else { failure }.into())
}

impl Word {
    /// 401 is the status for credentials that are not accepted (RFC 9110 §15.5.2).
    pub(super) fn of(status: StatusCode) -> Self {
        if status == StatusCode::UNAUTHORIZED { Self::Definite } else { Self::Doubtful }
    }
}
