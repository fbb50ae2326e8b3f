//! The REST resources. `routes/mod.rs` says which route leads to which file.

mod answer;
mod auth;
mod body;
mod cors;
mod routes;

use std::sync::Arc;

use bytes::Bytes;
use flow::deps::Deps;
use flow::web::delivery;
use flow::web::pages::Reader;
use flow::web::routes::{Function, is_opened_at};
use http::{Method, Request, Response};
use protocol::deadline::Deadline;
use protocol::error::Result;

pub use routes::all_routes;
use routes::{Call, Handler, find};

/// Handles a REST request, or one of a screen.
pub async fn handle(deps: Arc<Deps>, request: Request<Bytes>) -> Response<Bytes> {
    if is_opened_at(Function::Api, &request) {
        // Pages: no other origin reads them.
        return Box::pin(routes::screens::handle(&deps, &request)).await;
    }
    let mut response = if request.method() == Method::OPTIONS {
        cors::preflight()
    } else {
        answer(&deps, &request).await.unwrap_or_else(|error| {
            error.report("request refused");
            delivery::own_page(&error, Reader::Machine)
        })
    };
    cors::allow(response.headers_mut());
    response
}

/// Nothing is done before it is known who calls.
async fn answer(deps: &Arc<Deps>, request: &Request<Bytes>) -> Result<Response<Bytes>> {
    let (handler, id) = find(request.method(), request.uri().path())?;
    let call = Call { deps, request, id: &id, deadline: Deadline::starting(&*deps.clock) };
    match handler {
        Handler::Anyone(handle) => handle(call).await,
        Handler::AnyToken(handle) => handle(call, auth::bearer(deps, request).await?).await,
        Handler::Customer(scope, handle) => handle(call, auth::customer(deps, request, *scope).await?).await,
        Handler::CustomerOrAdmin(scope, handle) => {
            handle(call, auth::caller(deps, request, *scope).await?).await
        }
        Handler::Admin(scope, handle) => handle(call, auth::admin(deps, request, *scope).await?).await,
        Handler::Root(scope, handle) => {
            auth::root(deps, request, *scope).await?;
            handle(call).await
        }
    }
}
