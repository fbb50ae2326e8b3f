//! Initiation: `GET|POST /connection-popup` and `/connect`.
//!
//! `Request → StartRequest → (Customer, Integration, AuthOption) → Begun → redirect`.

mod authorize;
mod begin;
mod chosen;
mod parameters;
pub mod provenance;
mod request;
mod requester;
mod subject;
mod submission;
mod ticket;
mod verify;

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use protocol::definition::Integration;
use protocol::error::{Error, ErrorKey, Result};

pub use request::StartRequest;

use crate::context::outcome::Outcome;
use crate::deps::Deps;
use crate::web::routes::{self, Function};
use crate::web::{delivery, pages, response};
use begin::Begun;
use provenance::Provenance;
use requester::Requester;
use subject::subject;
use verify::{VerifiedStart, verify};

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

/// Verifies a start and continues it. An error returned here is shown on our own page, since it is not yet known where
/// the result may go.
async fn start(deps: &Deps, request: &Request<Bytes>, requester: Requester) -> Result<Response<Bytes>> {
    routes::check_method(Function::Initiate, request.method())?;
    let start = verify(deps, request, requester).await?;
    let provenance =
        provenance::provenance(request.method(), request.headers(), &start.address.origin, &start.workspace);
    let ask = match provenance {
        Provenance::Trusted => false,
        // A form of ours can be posted only by the browser that it was shown to.
        Provenance::Unknown => start.workspace.confirm_start && start.submission.is_none(),
        Provenance::Foreign => return Err(origin_not_allowed()),
    };
    // From here on, the caller receives the errors.
    let found = match deps.limits.admit(&start.workspace).await {
        Ok(()) => subject(deps, &start).await,
        Err(error) => Err(error),
    };
    let begun = match found {
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

impl VerifiedStart {
    fn confirmation<'a>(
        &'a self,
        integration: &'a Integration,
        request: &'a Request<Bytes>,
    ) -> pages::Confirmation<'a> {
        pages::Confirmation {
            brand: &self.workspace.brand,
            integration: &integration.name,
            customer: self.customer.name.as_deref().unwrap_or(self.customer.id.as_str()),
            action: request.uri().path(),
            payload: self.request.to_payload().to_string(),
        }
    }
}

fn origin_not_allowed() -> Error {
    let message = "The page that started this is not one of the workspace's.";
    Error::new(ErrorKey::OriginNotAllowed, message).field("Origin")
}
