//! The test call, which proves new credentials before they are stored.

use http::header::ACCEPT;
use http::{HeaderValue, StatusCode};
use serde_json::Value;

use super::api_call::{ApiRequest, Purpose, authenticated};
use super::calls::Calls;
use super::failure::{CallError, Refusal, Word};
use super::maker::Maker;
use crate::definition::is_expected;

/// Makes the option's test call, if it has one. The expected answer proves the credentials.
pub async fn run(calls: &Calls<'_>, maker: &Maker<'_>) -> Result<(), CallError> {
    let registration = maker.registration();
    let option = registration.option();
    let Some(test) = &option.test else { return Ok(()) };
    let values = &maker.values();
    let mut url = test.path.at(registration.integration.base_uri.as_ref())?.render(values, calls.loopback)?;
    let (mut headers, body) = test.parts().render(values, &mut url, "test.headers")?;
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    let request = ApiRequest { method: test.method.of("test.method")?, url, headers, body };
    let request = authenticated(calls, maker, request, Purpose::Defined)?;
    let answer = calls.ask(request, "test.path").await?;
    let (status, body) = (answer.response.status(), answer.response.body());
    let json: Option<Value> = match &test.expect {
        Some(expect) if expect.reads_body() => serde_json::from_slice(body).ok(),
        _ => None,
    };
    if is_expected(test.expect.as_ref(), status, json.as_ref()) {
        return Ok(());
    }
    let is_expired = option.api_client.says_expired(status, body);
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
