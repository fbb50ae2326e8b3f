//! Authorization requests that wait for their user's answer.

use std::collections::HashMap;
use std::time::Duration;

use flow::clock::Timestamp;

use super::authorization_request::AuthorizationRequest;
use crate::demo_provider::Fingerprint;

const LIFETIME: Duration = Duration::from_mins(10);

/// The waiting requests. Each lies here under a random id that its forms carry, and answers only to the browser that
/// made it: knowing the id alone lets nobody decide for someone else.
#[derive(Default)]
pub(super) struct PendingRequests(HashMap<String, Pending>);

struct Pending {
    request: AuthorizationRequest,
    browser: Fingerprint,
    expires_at: Timestamp,
}

impl PendingRequests {
    pub(super) fn insert(
        &mut self,
        id: String,
        request: AuthorizationRequest,
        browser: Fingerprint,
        now: Timestamp,
    ) {
        self.0.retain(|_, pending| pending.expires_at > now);
        self.0.insert(id, Pending { request, browser, expires_at: now + LIFETIME });
    }

    pub(super) fn find(
        &self,
        id: &str,
        browser: Fingerprint,
        now: Timestamp,
    ) -> Option<&AuthorizationRequest> {
        let pending = self.0.get(id)?;
        (pending.browser == browser && pending.expires_at > now).then_some(&pending.request)
    }

    /// Takes the request out: it is answered once.
    pub(super) fn take(
        &mut self,
        id: &str,
        browser: Fingerprint,
        now: Timestamp,
    ) -> Option<AuthorizationRequest> {
        self.find(id, browser, now)?;
        self.0.remove(id).map(|pending| pending.request)
    }
}
