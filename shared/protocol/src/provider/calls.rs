//! One way to call a provider.

use bytes::Bytes;
use http::{Request, Response};

use super::client::{Provider, ProviderError};
use super::failure::{CallError, Endpoint, Failure, Refusal};
use crate::clock::{Clock, Timestamp};
use crate::random::Random;
use crate::redirect_uri::Loopback;

/// What the calls of one piece of work take from outside.
#[derive(Clone, Copy)]
pub struct Calls<'a> {
    /// The time.
    pub clock: &'a dyn Clock,
    /// Randomness.
    pub random: &'a dyn Random,
    /// What sends them.
    pub provider: &'a dyn Provider,
    /// Whether they may go to this machine.
    pub loopback: Loopback,
    /// When the last of them ends.
    pub until: Timestamp,
}

impl Calls<'_> {
    /// Sends a request, and returns whatever is answered. `setting` holds the address in the definition.
    pub async fn send(
        &self,
        request: Request<Bytes>,
        setting: &'static str,
    ) -> Result<Response<Bytes>, Failure> {
        let endpoint = Endpoint::of(&request, setting);
        let left = self.until.since(self.clock.now());
        if left.is_zero() {
            return Err(endpoint.failed(Refusal::TooSlow));
        }
        self.provider.send(request, left).await.map_err(|error| endpoint.unanswered(&error))
    }

    /// The same, but an answer that tells of the provider's own trouble is none.
    pub async fn ask(&self, request: Request<Bytes>, setting: &'static str) -> Result<Answer, CallError> {
        let endpoint = Endpoint::of(&request, setting);
        let response = self.send(request, setting).await?;
        if is_fault(response.status()) {
            return Err(endpoint.answered(Refusal::Fault, response.status()).into());
        }
        Ok(Answer { response, endpoint })
    }
}

/// A provider's answer, and where it came from.
pub struct Answer {
    /// The answer.
    pub response: Response<Bytes>,
    endpoint: Endpoint,
}

impl Answer {
    /// What this answer means, where it is not what was asked for.
    #[must_use]
    pub fn failed(&self, refusal: Refusal) -> Failure {
        self.endpoint.answered(refusal, self.response.status())
    }
}

/// Whether a status tells of a fault of the provider's own, or that it was asked too often: the same request may be
/// answered later.
#[must_use]
pub fn is_fault(status: http::StatusCode) -> bool {
    use http::StatusCode;
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        )
}

impl Endpoint {
    /// What it means that there is no answer.
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
