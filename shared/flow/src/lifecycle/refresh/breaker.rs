//! A breaker for each provider's host, in the memory of one scheduled run: a host that does not answer is not asked by
//! one connection after another, each of which would wait 22 seconds.
//!
//! Each workspace has breakers of its own: what one of them makes of a host, or of its definition, holds up no other's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use protocol::BoxFuture;
use protocol::clock::{Clock, Timestamp};
use protocol::id::WorkspaceKey;
use protocol::provider::client::{Provider, ProviderError};
use protocol::record::{self, Level, Remark};

/// The shortest limit of a call whose timeout counts: a call that begins near its deadline says nothing about the host.
const COUNTS_FROM: Duration = Duration::from_secs(10);

/// The timeouts in a row after which a host is not called.
const TIMEOUTS: u32 = 3;

/// The time for which a host is not called. Then one call tries again.
const OPEN: Duration = Duration::from_mins(1);

/// The silent hosts of a run, which are left alone for a while.
pub(super) struct Breaker {
    provider: Arc<dyn Provider>,
    clock: Arc<dyn Clock>,
    hosts: Mutex<HashMap<Place, Host>>,
}

/// Who calls, and the host and port that they call.
type Place = (WorkspaceKey, String);

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

    /// The provider, as a workspace's connections call it.
    pub(super) fn of(self: &Arc<Self>, workspace: &WorkspaceKey) -> Arc<dyn Provider> {
        Arc::new(OfWorkspace { breaker: Arc::clone(self), workspace: workspace.clone() })
    }

    fn with<T>(&self, place: &Place, what: impl FnOnce(&mut Host) -> T) -> T {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        what(hosts.entry(place.clone()).or_default())
    }

    /// True if the host may be called. After the pause one caller may, and the pause begins anew for the others.
    fn lets_through(&self, place: &Place) -> bool {
        let now = self.clock.now();
        self.with(place, |host| match host.open_until {
            Some(until) if now < until => false,
            Some(_) => {
                host.open_until = Some(now + OPEN);
                true
            }
            None => true,
        })
    }

    fn heard(&self, place: &Place, timed_out: bool) {
        let now = self.clock.now();
        let opens = self.with(place, |host| {
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
            let message = "a provider does not answer: it is not called for a minute";
            record::notes(Remark::new(Level::Warn, message).with("host", Some(place.1.as_str())));
        }
    }
}

/// The breaker, for one workspace.
struct OfWorkspace {
    breaker: Arc<Breaker>,
    workspace: WorkspaceKey,
}

impl Provider for OfWorkspace {
    fn send(
        &self,
        request: Request<Bytes>,
        limit: Duration,
    ) -> BoxFuture<'_, Result<Response<Bytes>, ProviderError>> {
        Box::pin(async move {
            let Self { breaker, workspace } = self;
            let host = request.uri().host().unwrap_or_default().to_ascii_lowercase();
            let port = request.uri().port().map(|port| format!(":{port}")).unwrap_or_default();
            let place = (workspace.clone(), host + &port);
            if !breaker.lets_through(&place) {
                return Err(ProviderError::Timeout);
            }
            let answer = breaker.provider.send(request, limit).await;
            match answer {
                Err(ProviderError::Timeout) if limit < COUNTS_FROM => {}
                Err(ProviderError::Timeout) => breaker.heard(&place, true),
                _ => breaker.heard(&place, false),
            }
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const LONG: Duration = Duration::from_secs(22);

    /// A host that never answers, and the calls that it had.
    #[derive(Default)]
    struct Silent(AtomicUsize);

    impl Provider for Silent {
        fn send(
            &self,
            _: Request<Bytes>,
            _: Duration,
        ) -> BoxFuture<'_, Result<Response<Bytes>, ProviderError>> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Box::pin(async { Err(ProviderError::Timeout) })
        }
    }

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
    }

    /// Calls the places one after the other, and returns how many of the calls went out.
    async fn went_out(places: &[(&str, &str, Duration)]) -> usize {
        let silent = Arc::new(Silent::default());
        let provider: Arc<dyn Provider> = Arc::<Silent>::clone(&silent);
        let breaker = Arc::new(Breaker::new(provider, Arc::new(Still)));
        for (workspace, url, limit) in places {
            let request = Request::get(*url).body(Bytes::new()).unwrap();
            let provider = breaker.of(&WorkspaceKey::new(*workspace));
            assert!(provider.send(request, *limit).await.is_err());
        }
        silent.0.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn a_host_that_does_not_answer_is_left_alone_by_its_workspace_alone() {
        let silent = ("acme", "https://p.example/a", LONG);
        assert_eq!(went_out(&[silent; 5]).await, 3);
        let upper = ("acme", "https://P.EXAMPLE/b", LONG);
        assert_eq!(went_out(&[silent, silent, silent, upper]).await, 3);
        let (port, other) =
            (("acme", "https://p.example:8443/a", LONG), ("other", "https://p.example/a", LONG));
        assert_eq!(went_out(&[silent, silent, silent, port, other]).await, 5);
    }

    #[tokio::test]
    async fn a_timeout_of_a_call_that_had_little_time_does_not_count() {
        let short = ("acme", "https://p.example/a", Duration::from_secs(9));
        assert_eq!(went_out(&[short; 5]).await, 5);
        let enough = ("acme", "https://p.example/a", COUNTS_FROM);
        assert_eq!(went_out(&[enough, short, enough, enough, enough]).await, 4);
    }
}
