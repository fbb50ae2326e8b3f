//! A breaker for each provider's host, in the memory of one scheduled run: a host that does not answer is not asked by
//! one connection after another, each of which would wait 22 seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use protocol::BoxFuture;
use protocol::clock::{Clock, Timestamp};
use protocol::provider::client::{Provider, ProviderError};

/// The timeouts in a row after which a host is not called.
const TIMEOUTS: u32 = 3;

/// The time for which a host is not called. Then one call tries again.
const OPEN: Duration = Duration::from_mins(1);

/// A provider whose silent hosts are left alone for a while.
pub(super) struct Breaker {
    provider: Arc<dyn Provider>,
    clock: Arc<dyn Clock>,
    hosts: Mutex<HashMap<String, Host>>,
}

/// What a run has seen of a host.
#[derive(Default)]
struct Host {
    timeouts: u32,
    open_until: Option<Timestamp>,
}

impl Breaker {
    pub(super) fn new(provider: Arc<dyn Provider>, clock: Arc<dyn Clock>) -> Self {
        Self { provider, clock, hosts: Mutex::default() }
    }

    fn with<T>(&self, host: &str, what: impl FnOnce(&mut Host) -> T) -> T {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        what(hosts.entry(host.to_owned()).or_default())
    }

    /// True if the host may be called. After the pause one caller may, and the pause begins anew for the others.
    fn lets_through(&self, host: &str) -> bool {
        let now = self.clock.now();
        self.with(host, |host| match host.open_until {
            Some(until) if now < until => false,
            Some(_) => {
                host.open_until = Some(now + OPEN);
                true
            }
            None => true,
        })
    }

    fn heard(&self, name: &str, timed_out: bool) {
        let now = self.clock.now();
        let opens = self.with(name, |host| {
            if !timed_out {
                *host = Host::default();
                return false;
            }
            host.timeouts += 1;
            let opens = host.timeouts >= TIMEOUTS && host.open_until.is_none_or(|until| until <= now);
            if opens {
                host.open_until = Some(now + OPEN);
            }
            opens
        });
        if opens {
            tracing::warn!(host = name, "a provider does not answer: it is not called for a minute");
        }
    }
}

impl Provider for Breaker {
    fn send(
        &self,
        request: Request<Bytes>,
        limit: Duration,
    ) -> BoxFuture<'_, Result<Response<Bytes>, ProviderError>> {
        Box::pin(async move {
            let host = request.uri().host().unwrap_or_default().to_ascii_lowercase();
            if !self.lets_through(&host) {
                return Err(ProviderError::Timeout);
            }
            let answer = self.provider.send(request, limit).await;
            self.heard(&host, matches!(answer, Err(ProviderError::Timeout)));
            answer
        })
    }
}
