//! Initiation: `GET|POST /connection-popup` and `/connect`.
//!
//! `Request → StartRequest → (Customer, Integration, AuthOption) → Begun → redirect`.

mod begin;
mod parameters;
pub mod purpose;
mod request;

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};

pub use request::StartRequest;

use crate::definition::{Integration, Workspace};
use crate::deps::{Deps, OwnAddress};
use crate::error::{Error, ErrorKey, Result};
use crate::memory::ResultTarget;
use crate::outcome::Outcome;
use crate::pages::{self, Reader};
use crate::redirect_uri::RedirectUri;
use crate::respond;
use crate::token::{self, Caller, Customer};
use purpose::Provenance;

/// Handles a start.
pub async fn handle(deps: Arc<Deps>, request: Request<Bytes>) -> Response<Bytes> {
    let reader = Reader::of(request.headers());
    if purpose::is_prefetch(request.headers()) {
        return respond::prefetch_refused();
    }
    match start(&deps, &request).await {
        Ok(response) => response,
        Err(error) => {
            tracing::info!(key = error.key().facts().key, "start refused");
            respond::own_page(&error, reader)
        }
    }
}

/// Who asks for what, verified.
struct VerifiedStart {
    request: StartRequest,
    customer: Customer,
    workspace: Arc<Workspace>,
    integration: Option<Arc<Integration>>,
    target: ResultTarget,
    address: OwnAddress,
}

/// An error of this function is shown on our own page: where the result may go is not yet known.
async fn start(deps: &Deps, request: &Request<Bytes>) -> Result<Response<Bytes>> {
    let reader = Reader::of(request.headers());
    let address = deps.own_address(request)?;
    let start = verify(deps, StartRequest::parse(request)?, address).await?;
    let provenance =
        purpose::provenance(request.method(), request.headers(), &start.address.origin, &start.workspace);
    let ask = match provenance {
        Provenance::Trusted => false,
        Provenance::Unknown => start.workspace.confirm_start,
        Provenance::Foreign => return Err(origin_not_allowed()),
    };
    // From here on the caller is told.
    let loopback = deps.settings.loopback;
    let begun = match start.integration() {
        Ok(integration) if ask => {
            return Ok(pages::confirm_start(
                &start.request,
                &start.customer,
                &start.workspace,
                &integration,
                request.uri().path(),
            ));
        }
        Ok(integration) => begin::begin(deps, &start, &integration).await,
        Err(error) => Err(error),
    };
    begun.or_else(|error| {
        tracing::info!(key = error.key().facts().key, workspace = start.workspace.key, "start failed");
        respond::outcome(&Outcome::Failed(error), &start.target, loopback, reader)
    })
}

async fn verify(deps: &Deps, request: StartRequest, address: OwnAddress) -> Result<VerifiedStart> {
    let workspace_key = token::unverified_workspace_key(request.token.expose())?;
    let (workspace, integration) =
        deps.definitions.workspace_and_integration(&workspace_key, &request.integration).await?;
    let customer = match workspace.keys.verify(request.token.expose(), &workspace.key, deps.clock.now())? {
        Caller::Customer(customer) => customer,
        Caller::Admin { .. } => {
            let message = "The token is a management token; a connection needs a customer's.";
            return Err(Error::new(ErrorKey::AccessDenied, message).field("token"));
        }
    };
    let redirect_uri = match &request.redirect_uri {
        Some(uri) => Some(allowed_redirect_uri(uri, &workspace, deps)?),
        None => None,
    };
    let target = ResultTarget::new(redirect_uri.as_ref(), request.custom_state.clone());
    Ok(VerifiedStart { request, customer, workspace, integration, target, address })
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

impl VerifiedStart {
    fn integration(&self) -> Result<Arc<Integration>> {
        let field = if self.request.integration_key.is_none() { "integrationKey" } else { "integrationId" };
        let found = self
            .integration
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
}

fn origin_not_allowed() -> Error {
    let message = "The page that started this is not one of the workspace's.";
    Error::new(ErrorKey::OriginNotAllowed, message).field("Origin")
}
