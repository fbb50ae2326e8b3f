//! Verifies a start: its token, workspace and customer, and where its result may go.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use protocol::clock::Timestamp;
use protocol::definition::{Integration, Workspace, integration_id_of};
use protocol::error::{Error, ErrorKey, Result};
use protocol::language;
use protocol::redirect_uri::RedirectUri;
use protocol::token::{self, Caller, Customer, Scope};

use super::request::StartRequest;
use super::requester::{self, Requester};
use super::submission::Submission;
use crate::context::attempt::Attempt;
use crate::context::target::ResultTarget;
use crate::deps::{Deps, OwnAddress};
use protocol::record::{self, About};

/// A verified start.
pub(super) struct VerifiedStart {
    pub(super) request: StartRequest,
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
    let start = match &submission {
        Some(submission) => submission.waiting.start.clone(),
        None => StartRequest::parse(request)?,
    };
    language::ask_for(start.language);
    let workspace_key = token::unverified_workspace_key(start.token.expose())?;
    let (workspace, named) = match &start.integration {
        Some(id_or_key) => {
            let id = integration_id_of(&workspace_key, id_or_key);
            deps.definitions.workspace_and_integration(&workspace_key, &id).await?
        }
        None => (deps.definitions.workspace(&workspace_key).await?, None),
    };
    let verified_at =
        submission.as_ref().map_or_else(|| deps.clock.now(), |submission| submission.waiting.verified_at);
    let customer = match workspace.keys.verify(start.token.expose(), &workspace.key, verified_at)? {
        Caller::Customer(customer) => customer,
        Caller::Admin { .. } => {
            let message = "The token is a management token; a connection needs a customer's.";
            return Err(Error::new(ErrorKey::AccessDenied, message).field("token"));
        }
    };
    About::Workspace.note(&workspace.key);
    About::Customer.note(&customer.id);
    customer.scopes.check(Scope::Connect).map_err(|error| error.field("token"))?;
    // The older SDK opens some options in a hidden iframe and waits for its message. It also sends a `redirectUri`,
    // which is ignored: nobody would see a page there, nor an error about it.
    let around = requester.in_iframe && start.request_id.is_some();
    let redirect_uri = match &start.redirect_uri {
        Some(uri) if !around => Some(allowed_redirect_uri(uri, &workspace, deps)?),
        _ => None,
    };
    let listener = redirect_uri.is_none().then(|| {
        submission
            .as_ref()
            .and_then(|submission| submission.waiting.listener.clone())
            .unwrap_or_else(|| requester::listener(request.headers(), &workspace, &start, requester))
    });
    let target = ResultTarget::new(redirect_uri.as_ref(), start.custom_state.clone(), listener);
    Ok(VerifiedStart {
        request: start,
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
            began_at: self.verified_at,
        }
    }

    /// True if the customer does not want to go on.
    pub(super) fn is_cancelled(&self) -> bool {
        self.submission.as_ref().is_some_and(Submission::is_cancelled)
    }

    /// True if it has waited for its customer too long.
    pub(super) fn is_expired(&self) -> bool {
        self.submission.as_ref().is_some_and(Submission::is_expired)
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

fn allowed_redirect_uri(uri: &str, workspace: &Workspace, deps: &Deps) -> Result<RedirectUri> {
    let uri = RedirectUri::parse(uri, deps.settings.loopback)?;
    let refused = |message| Error::new(ErrorKey::RedirectUriNotAllowed, message).field("redirectUri");
    if !workspace.allows_redirect_to(&uri) {
        return Err(refused("The workspace does not allow this redirectUri."));
    }
    if deps.own_routes.have(uri.as_str()) {
        return Err(refused("The redirectUri leads to a route of Linkspan's own."));
    }
    Ok(uri)
}
