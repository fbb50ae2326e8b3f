//! Verifies a start: its token, workspace and customer, and where its result may go.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use protocol::clock::Timestamp;
use protocol::definition::{Integration, Workspace, integration_id_of};
use protocol::error::{Error, ErrorKey, Result};
use protocol::language;
use protocol::token::Customer;

use super::request::Wanted;
use super::requester::{self, Requester};
use super::source::{Known, Source};
use super::submission::Submission;
use crate::connection_request::Found;
use crate::context::attempt::Attempt;
use crate::context::flow_id::FLOW_LIFETIME_SECONDS;
use crate::context::target::ResultTarget;
use crate::deps::{Deps, OwnAddress};
use protocol::record;

/// A verified start.
pub(super) struct VerifiedStart {
    pub(super) source: Source,
    /// What it asks for.
    pub(super) request: Wanted,
    /// The connection request that it belongs to.
    pub(super) belongs_to: Option<Found>,
    /// What the customer submitted on a page of ours, if the request comes from there.
    pub(super) submission: Option<Submission>,
    pub(super) customer: Customer,
    pub(super) workspace: Arc<Workspace>,
    /// The integration that the request names, if it exists.
    pub(super) named: Option<Arc<Integration>>,
    /// The time at which the token was verified.
    pub(super) verified_at: Timestamp,
    pub(super) target: ResultTarget,
    pub(super) address: OwnAddress,
    pub(super) requester: Requester,
}

/// Verifies a start. An error is shown on our own page, since it is not yet known where the result may go.
pub(super) async fn verify(
    deps: &Deps,
    request: &Request<Bytes>,
    requester: Requester,
) -> Result<VerifiedStart> {
    record::step("verify");
    let address = deps.own_address(request)?;
    let submission = Submission::read(deps, request).await?;
    let source = match &submission {
        Some(submission) => submission.waiting.source.clone(),
        None => Source::of(request)?,
    };
    language::ask_for(source.sent().and_then(|start| start.language));
    let verified_at =
        submission.as_ref().map_or_else(|| deps.clock.now(), |submission| submission.waiting.verified_at);
    let Known { wanted, customer, workspace, named, belongs_to } = source.known(deps, verified_at).await?;
    if let (None, Source::Link(_), Some(found)) = (&submission, &source, &belongs_to) {
        // Whoever opens the link reads here how it ended.
        found.state.check()?;
    }
    // The older SDK opens some options in a hidden iframe and waits for its message. It also sends a `redirectUri`,
    // which is ignored: nobody would see a page there, nor an error about it.
    let around = requester.in_iframe && source.sent().is_some_and(|start| start.request_id.is_some());
    let redirect_uri = match &wanted.redirect_uri {
        Some(uri) if !around => Some(deps.allowed_redirect_uri(uri, &workspace)?),
        _ => None,
    };
    let listener = match &source {
        Source::Application(start) if redirect_uri.is_none() => Some(
            submission
                .as_ref()
                .and_then(|submission| submission.waiting.listener.clone())
                .unwrap_or_else(|| requester::listener(request.headers(), &workspace, start, requester)),
        ),
        // Nobody waits for the result of a link.
        _ => None,
    };
    let mut target = ResultTarget::new(redirect_uri.as_ref(), wanted.custom_state.clone(), listener);
    target.by_link = source.is_link();
    Ok(VerifiedStart {
        source,
        request: wanted,
        belongs_to,
        submission,
        customer,
        workspace,
        named,
        verified_at,
        target,
        address,
        requester,
    })
}

impl VerifiedStart {
    /// The attempt that this start is. The integration is the one that it turned out to be about; only then it is known
    /// that a connection to reconnect is the customer's.
    pub(super) fn attempt(&self, integration: Option<&Integration>) -> Attempt {
        let named = || {
            let named = self.request.integration.as_ref()?;
            Some(integration_id_of(&self.workspace.key, named))
        };
        Attempt {
            workspace: self.workspace.key.clone(),
            customer: self.customer.id.clone(),
            integration: integration.map(|integration| integration.id.clone()).or_else(named),
            option: None,
            reconnects: self.request.connection_id.clone().filter(|_| integration.is_some()),
            request: self.belongs_to.as_ref().map(Found::of_attempt),
            began_at: self.verified_at,
        }
    }

    /// The time at which what it asks for was asked: by the token, or by whoever made the link. If the customer was erased
    /// since, it connects nothing.
    pub(super) fn begun_at(&self) -> Timestamp {
        match (&self.source, &self.belongs_to) {
            (Source::Link(_), Some(found)) => found.request.created_at,
            _ => self.verified_at,
        }
    }

    /// The end of what begins now: no later than that of the connection request that it belongs to.
    pub(super) fn ends_at(&self, begins_at: Timestamp) -> Timestamp {
        let end = begins_at + Duration::from_secs(FLOW_LIFETIME_SECONDS.into());
        self.belongs_to.as_ref().map_or(end, |found| end.min(found.expires_at))
    }

    /// True if the customer does not want to go on.
    pub(super) fn is_cancelled(&self) -> bool {
        self.submission.as_ref().is_some_and(Submission::is_cancelled)
    }

    /// True if it has waited for its customer too long.
    pub(super) fn is_expired(&self) -> bool {
        self.submission.as_ref().is_some_and(Submission::is_expired)
    }

    /// Refuses a start that belongs to a connection request that has ended.
    pub(super) fn check_request(&self) -> Result<()> {
        self.belongs_to.as_ref().map_or(Ok(()), |found| found.state.check())
    }

    /// Refuses a start that could not bring its user back to a workspace that confirms its users.
    pub(super) fn check_target(&self) -> Result<()> {
        if !self.workspace.confirm_user || self.target.is_an_address() {
            return Ok(());
        }
        if self.requester.in_iframe {
            return Err(Error::interaction_required());
        }
        let message = "The workspace confirms its users, so a start needs a redirectUri.";
        Err(Error::new(ErrorKey::ParameterMissing, message).field("redirectUri"))
    }
}
