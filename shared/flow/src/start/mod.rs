//! Initiation: `GET|POST /connection-popup` and `/connect`.
//!
//! `Request → StartRequest → (Customer, Integration, AuthOption) → Begun → redirect`.

mod authorize;
mod begin;
mod parameters;
pub mod provenance;
mod request;
mod requester;
mod submission;
mod ticket;

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response};

pub use request::StartRequest;

use crate::connection::{Connection, connection_not_found};
use crate::context::outcome::Outcome;
use crate::context::target::ResultTarget;
use crate::deps::trail::About;
use crate::deps::{Deps, OwnAddress};
use crate::web::pages;
use crate::web::{delivery, response};
use begin::Begun;
use protocol::clock::Timestamp;
use protocol::definition::{Integration, Workspace};
use protocol::error::{Error, ErrorKey, Result};
use protocol::redirect_uri::RedirectUri;
use protocol::token::{self, Caller, Customer};
use provenance::Provenance;
use requester::Requester;
use submission::Submission;

/// Handles a start.
pub async fn handle(deps: Arc<Deps>, request: Request<Bytes>) -> Response<Bytes> {
    if provenance::is_prefetch(request.headers()) {
        return response::prefetch_refused();
    }
    let requester = Requester::of(request.headers());
    start(&deps, &request, requester).await.unwrap_or_else(|error| {
        error.report("start refused");
        delivery::own_page(&error, requester.reader)
    })
}

/// Who asks for what, verified.
struct VerifiedStart {
    request: StartRequest,
    /// What was typed into our form, if this comes from there.
    submission: Option<Submission>,
    customer: Customer,
    workspace: Arc<Workspace>,
    /// The integration that the request names, if it names one and there is one.
    named: Option<Arc<Integration>>,
    /// When the token was verified.
    verified_at: Timestamp,
    target: ResultTarget,
    address: OwnAddress,
    requester: Requester,
}

/// An error of this function is shown on our own page: where the result may go is not yet known.
async fn start(deps: &Deps, request: &Request<Bytes>, requester: Requester) -> Result<Response<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::POST) {
        return Err(Error::method_not_allowed("GET, POST"));
    }
    let start = verify(deps, request, requester).await?;
    let provenance =
        provenance::provenance(request.method(), request.headers(), &start.address.origin, &start.workspace);
    let ask = match provenance {
        Provenance::Trusted => false,
        // Our own form can only be posted by the browser that it was shown to.
        Provenance::Unknown => start.workspace.confirm_start && start.submission.is_none(),
        Provenance::Foreign => return Err(origin_not_allowed()),
    };
    // From here on the caller is told.
    let begun = match subject(deps, &start).await {
        Ok(_) if ask && requester.in_iframe => Err(Error::interaction_required()),
        Ok(subject) if ask => {
            return Ok(pages::confirm_start(&start.confirmation(&subject.integration, request)));
        }
        Ok(subject) => begin::begin(deps, &start, &subject).await,
        Err(error) => Err(error),
    };
    let outcome = match begun {
        Ok(Begun::Answer(response)) => return Ok(response),
        Ok(Begun::Ended(outcome)) => outcome,
        Err(error) => {
            error.report("start failed");
            Outcome::Failed(error)
        }
    };
    delivery::outcome(deps, &outcome, &start.target, requester.reader).await
}

async fn verify(deps: &Deps, request: &Request<Bytes>, requester: Requester) -> Result<VerifiedStart> {
    let address = deps.own_address(request)?;
    let (start, submission) = match Submission::read(deps, request)? {
        Some((start, submission)) => (start, Some(submission)),
        None => (StartRequest::parse(request)?, None),
    };
    let workspace_key = token::unverified_workspace_key(start.token.expose())?;
    let (workspace, named) = match &start.integration {
        Some(id_or_key) => deps.definitions.workspace_and_integration(&workspace_key, id_or_key).await?,
        None => (deps.definitions.workspace(&workspace_key).await?, None),
    };
    let verified_at =
        submission.as_ref().map_or_else(|| deps.clock.now(), |submission| submission.verified_at);
    let customer = match workspace.keys.verify(start.token.expose(), &workspace.key, verified_at)? {
        Caller::Customer(customer) => customer,
        Caller::Admin { .. } => {
            let message = "The token is a management token; a connection needs a customer's.";
            return Err(Error::new(ErrorKey::AccessDenied, message).field("token"));
        }
    };
    About::Workspace.note(&workspace.key);
    About::Customer.note(&customer.id);
    // The older SDK opens some options in a hidden iframe and waits there for the message, whatever it sends besides:
    // its `redirectUri` counts for nothing, and an error page about it would be seen by nobody.
    let around = requester.in_iframe && start.request_id.is_some();
    let redirect_uri = match &start.redirect_uri {
        Some(uri) if !around => Some(allowed_redirect_uri(uri, &workspace, deps)?),
        _ => None,
    };
    let listener = redirect_uri.is_none().then(|| {
        submission.as_ref().and_then(|submission| submission.listener.clone()).unwrap_or_else(|| {
            requester::listener(request.headers(), &workspace, &start, requester.in_iframe)
        })
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

fn allowed_redirect_uri(uri: &str, workspace: &Workspace, deps: &Deps) -> Result<RedirectUri> {
    let uri = RedirectUri::parse(uri, deps.settings.loopback)?;
    if workspace.allows_redirect_to(&uri) {
        Ok(uri)
    } else {
        let message = "The workspace does not allow this redirectUri.";
        Err(Error::new(ErrorKey::RedirectUriNotAllowed, message).field("redirectUri"))
    }
}

/// What is to be connected.
struct Subject {
    integration: Arc<Integration>,
    /// The connection to update, if there is one.
    connection: Option<Connection>,
}

/// The integration that the request names, or that the connection to update belongs to.
async fn subject(deps: &Deps, start: &VerifiedStart) -> Result<Subject> {
    let named = match start.request.integration {
        Some(_) => Some(start.named_integration()?),
        None => None,
    };
    let connection = match &start.request.connection_id {
        Some(id) => Some(own_connection(deps, start, id).await?),
        None => None,
    };
    let integration = match (named, &connection) {
        (Some(named), Some(connection)) if connection.integration != named.id => {
            return Err(connection_not_found());
        }
        (Some(named), _) => named,
        (None, Some(connection)) => {
            deps.definitions.integration(&start.workspace.key, &connection.integration).await?
        }
        (None, None) => return Err(Error::internal("a start without an integration")),
    };
    Ok(Subject { integration, connection })
}

/// The connection to update: the customer's own, and live.
async fn own_connection(deps: &Deps, start: &VerifiedStart, id: &str) -> Result<Connection> {
    let found = deps.store.read_connection(id).await?;
    found
        .filter(|connection| {
            connection.workspace == start.workspace.key
                && connection.customer == start.customer.id
                && connection.archived_at.is_none()
        })
        .ok_or_else(connection_not_found)
}

impl VerifiedStart {
    fn named_integration(&self) -> Result<Arc<Integration>> {
        let field = if self.request.integration_key.is_none() { "integrationKey" } else { "integrationId" };
        let found = self
            .named
            .as_ref()
            .ok_or_else(|| Error::new(ErrorKey::NotFound, "There is no such integration.").field(field))?;
        match &self.request.integration_key {
            Some(key) if *key != found.key => {
                let message = "integrationId and integrationKey name two different integrations.";
                Err(Error::new(ErrorKey::ParameterConflict, message).field("integrationKey"))
            }
            _ => Ok(Arc::clone(found)),
        }
    }

    fn confirmation<'a>(
        &'a self,
        integration: &'a Integration,
        request: &'a Request<Bytes>,
    ) -> pages::Confirmation<'a> {
        pages::Confirmation {
            brand: &self.workspace.brand,
            integration: &integration.name,
            customer: self.customer.name.as_deref().unwrap_or(&self.customer.id),
            action: request.uri().path(),
            payload: self.request.to_payload().to_string(),
        }
    }
}

fn origin_not_allowed() -> Error {
    let message = "The page that started this is not one of the workspace's.";
    Error::new(ErrorKey::OriginNotAllowed, message).field("Origin")
}
