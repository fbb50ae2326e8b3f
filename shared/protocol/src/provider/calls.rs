//! The one way to call a provider.

use std::time::Duration;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderValue, Request, Response, StatusCode};

use super::client::{Provider, ProviderError};
use super::failure::{CallError, Endpoint, Failure, Refusal};
use crate::clock::{Clock, Timestamp};
use crate::kept_keys::KeptKeys;
use crate::random::Random;
use crate::record::Wait;
use crate::redirect_uri::{Loopback, OwnRoutes};

/// The `User-Agent` (RFC 9110 §10.1.5).
const OUR_NAME: HeaderValue = HeaderValue::from_static(concat!("Linkspan/", env!("CARGO_PKG_VERSION")));

/// The seams that the calls of one piece of work need.
#[derive(Clone, Copy)]
pub struct Calls<'a> {
    /// The time.
    pub clock: &'a dyn Clock,
    /// Randomness.
    pub random: &'a dyn Random,
    /// Keys that sign where they are kept.
    pub keys: &'a dyn KeptKeys,
    /// The sender of the requests.
    pub provider: &'a dyn Provider,
    /// Allows or refuses calls to this machine.
    pub loopback: Loopback,
    /// The service's own routes, which are never called.
    pub own: &'a OwnRoutes,
    /// The moment when the last call stops.
    pub until: Timestamp,
}

impl Calls<'_> {
    /// Sends a request, and returns any answer. `setting` is the definition's setting that holds the address.
    pub async fn send(
        &self,
        mut request: Request<Bytes>,
        setting: &'static str,
    ) -> Result<Response<Bytes>, Failure> {
        let endpoint = Endpoint::of(&request, setting);
        let left = self.ready(&mut request).map_err(|refusal| endpoint.failed(refusal))?;
        let answer = Wait::Provider.spent(self.clock, self.provider.send(request, left)).await;
        answer.map_err(|error| endpoint.unanswered(&error))
    }

    /// Sends a request, and returns any answer's status without having read the rest.
    pub async fn status(
        &self,
        mut request: Request<Bytes>,
        setting: &'static str,
    ) -> Result<StatusCode, Failure> {
        let endpoint = Endpoint::of(&request, setting);
        let left = self.ready(&mut request).map_err(|refusal| endpoint.failed(refusal))?;
        let answer = Wait::Provider.spent(self.clock, self.provider.send_for_status(request, left)).await;
        answer.map_err(|error| endpoint.unanswered(&error))
    }

    /// Makes a request ready to be sent, if it may be. Returns the time that is left for it.
    fn ready(&self, request: &mut Request<Bytes>) -> Result<Duration, Refusal> {
        // Some providers refuse a request without it. A definition, or a caller of the proxy, may give another.
        request.headers_mut().entry(USER_AGENT).or_insert(OUR_NAME);
        if self.own.have(&request.uri().to_string()) {
            return Err(Refusal::NotAllowed);
        }
        let left = self.until.since(self.clock.now());
        if left.is_zero() { Err(Refusal::TooSlow) } else { Ok(left) }
    }

    /// Sends a request too, but fails if the answer reports trouble of the provider's own.
    pub async fn ask(&self, request: Request<Bytes>, setting: &'static str) -> Result<Answer, CallError> {
        let endpoint = Endpoint::of(&request, setting);
        let response = self.send(request, setting).await?;
        if is_fault(response.status()) {
            return Err(endpoint.answered(Refusal::Fault, response.status()).into());
        }
        Ok(Answer { response, endpoint })
    }
}

/// A provider's answer, and the endpoint that gave it.
pub struct Answer {
    /// The answer.
    pub response: Response<Bytes>,
    endpoint: Endpoint,
}

impl Answer {
    /// The failure that this answer means, if it is not the one that was asked for.
    #[must_use]
    pub fn failed(&self, refusal: Refusal) -> Failure {
        self.endpoint.answered(refusal, self.response.status())
    }
}

/// True if the status reports a fault of the provider's own, or too many requests: the same request may be answered
/// later.
#[must_use]
pub fn is_fault(status: http::StatusCode) -> bool {
    use http::StatusCode;
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        )
}

/// True if the status says that there is nothing at the address, or nothing for this method (RFC 9110 §15.5.5, §15.5.6,
/// §15.5.11).
#[must_use]
pub(super) fn is_nothing_there(status: http::StatusCode) -> bool {
    use http::StatusCode;
    matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE)
}

impl Endpoint {
    /// The failure that a missing answer means.
    fn unanswered(&self, error: &ProviderError) -> Failure {
        match error {
            ProviderError::NotAllowed => self.failed(Refusal::NotAllowed),
            ProviderError::Timeout => self.failed(Refusal::TooSlow),
            ProviderError::TooLarge => self.failed(Refusal::TooLarge),
            ProviderError::Connection(broken) => {
                self.failed(Refusal::Unreachable(broken.kind)).caused_by(broken.clone())
            }
        }
    }
}
