//! The test call, which proves new credentials before they are stored.

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::api_call::{ApiAccess, ApiRequest, authenticated};
use super::calls::Calls;
use super::failure::{CallError, Refusal, Word};

/// Makes the option's test call, if it has one: any 2xx proves the credentials.
pub async fn run(calls: &Calls<'_>, access: &ApiAccess<'_>) -> Result<(), CallError> {
    let registration = access.bound.registration();
    let Some(test) = &registration.option().test else { return Ok(()) };
    let request = ApiRequest {
        method: test.method.of("test.method")?,
        url: test
            .path
            .at(registration.integration.base_uri.as_ref())?
            .render(access.bound.values(), calls.loopback)?,
        headers: HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]),
        body: Bytes::new(),
    };
    let answer = calls.ask(authenticated(calls, access, request)?, "test.path").await?;
    match answer.response.status() {
        status if status.is_success() => Ok(()),
        status => Err(answer.failed(Refusal::Credentials(Word::of(status))).with_status_shown().into()),
    }
}

impl Word {
    /// 401 is the status for credentials that are not accepted (RFC 9110 §15.5.2).
    pub(super) fn of(status: StatusCode) -> Self {
        if status == StatusCode::UNAUTHORIZED { Self::Definite } else { Self::Doubtful }
    }
}
