//! Initiation: `GET|POST /connection-popup` and `/connect`.
//!
//! `Request → StartRequest → (Customer, Integration, AuthOption) → Begun → redirect`.

mod authorize;
mod begin;
mod chosen;
mod ended;
mod pages;
mod parameters;
pub mod provenance;
mod question;
mod request;
mod requester;
mod scopes;
mod source;
mod subject;
mod submission;
mod verify;
mod waiting;

use std::sync::Arc;

use bytes::Bytes;
use http::header::SET_COOKIE;
use http::{Request, Response};
use protocol::error::{Error, ErrorKey, Result};
use protocol::record;

pub use ended::note as note_end;
pub use request::{MAX_CUSTOM_STATE, StartRequest};

use crate::context::attempt::cancelled;
use crate::context::cookies::surplus_cookies;
use crate::context::outcome::Outcome;
use crate::deps::Deps;
use crate::store::state_expired;
use crate::web::routes::{self, Function};
use crate::web::{delivery, response};
use begin::Begun;
use provenance::Provenance;
use requester::Requester;
use subject::subject;
use verify::verify;

/// Handles a start.
pub async fn handle(deps: Arc<Deps>, request: Request<Bytes>) -> Response<Bytes> {
    if provenance::is_prefetch(request.headers()) {
        record::ends("prefetch refused");
        return response::prefetch_refused();
    }
    let requester = Requester::of(request.headers());
    Box::pin(start(&deps, &request, requester)).await.unwrap_or_else(|error| {
        error.report("start refused");
        delivery::own_page(&error, requester.reader)
    })
}

/// Verifies a start and continues it. An error returned here is shown on our own page, since it is not yet known where
/// the result may go.
async fn start(deps: &Deps, request: &Request<Bytes>, requester: Requester) -> Result<Response<Bytes>> {
    routes::check_method(Function::Initiate, request)?;
    if !provenance::is_for_a_page(request.headers()) {
        return Err(no_page());
    }
    let start = verify(deps, request, requester).await?;
    let provenance = match &start.submission {
        Some(_) => provenance::provenance_of_form(request.headers(), &start.address.origin),
        None => provenance::provenance(request.method(), request.headers(), &start.workspace),
    };
    let ask = match provenance {
        Provenance::Foreign => return Err(origin_not_allowed()),
        // Whoever opens a link has started nothing yet: the link may have come from anybody.
        _ if start.source.is_link() => start.submission.is_none(),
        Provenance::Trusted => false,
        Provenance::Unknown => start.workspace.confirm_start,
    };
    // From here on, the caller receives the errors.
    let admitted = deps.limits.admit(&start.workspace).await;
    // A start that is over has said so. And who is refused because of the limit costs nothing.
    let is_noted = admitted.is_ok() && !start.is_expired() && !start.is_cancelled();
    let found = match admitted.and_then(|()| start.check_request()).and_then(|()| start.check_target()) {
        Ok(()) if start.is_expired() => Err(state_expired()),
        Ok(()) if start.is_cancelled() => Err(cancelled()),
        Ok(()) => subject(deps, &start).await,
        Err(error) => Err(error),
    };
    let mut attempt = start.attempt(found.as_ref().ok().map(|subject| &*subject.integration));
    if let Ok(subject) = &found {
        attempt.reconnects = subject.connection.as_ref().map(|connection| connection.id.clone());
        attempt.option = begin::option(&start, subject).ok().map(|option| option.key.clone());
    }
    let begun = match found {
        Ok(_) if ask && requester.in_iframe => Err(Error::interaction_required()),
        Ok(subject) if ask => start.confirm(deps, &subject.integration, &attempt).await.map(Begun::Answer),
        Ok(subject) => begin::begin(deps, &start, &subject, &attempt).await,
        Err(error) => Err(error),
    };
    let outcome = match begun {
        Ok(Begun::Answer(mut response)) => {
            let kept = start.submission.as_ref().map(|submission| &submission.waiting.flow);
            let added = response.headers().get_all(SET_COOKIE).iter().count();
            response::add_cookies(&mut response, &surplus_cookies(request.headers(), kept, added));
            return Ok(response);
        }
        Ok(Begun::Ended(outcome)) => outcome,
        Err(error) => {
            error.report("start failed");
            Outcome::Failed(error)
        }
    };
    if is_noted {
        ended::note(deps, &attempt, &outcome).await;
    }
    delivery::outcome(deps, &outcome, &start.target, requester.reader).await
}

fn origin_not_allowed() -> Error {
    let message = "The page that started this is not one of the workspace's.";
    Error::new(ErrorKey::OriginNotAllowed, message).field("Origin")
}

fn no_page() -> Error {
    let message = "A connection is started by a page, not by an image, a script or the like.";
    Error::new(ErrorKey::OriginNotAllowed, message).field("Sec-Fetch-Dest")
}
