//! The screens: `POST /screens/connect` and `POST /screens/connection`, pages in a frame of the application's.
//!
//! The first request of a screen has the customer's token, and comes from a page of the workspace's. What follows has a
//! ticket in the token's place, and comes from the screen itself. Cookies play no part: a frame of another site has none.

mod chosen;
mod connect;
mod connection;
mod posted;
mod sign_in;
mod ticket;
mod visit;

use std::sync::Arc;

use bytes::Bytes;
use flow::context::connection_request::LINK_PATH;
use flow::deps::Deps;
use flow::start::provenance::is_for_a_page;
use flow::web::delivery;
use flow::web::pages::Reader;
use flow::web::routes::{self, CONNECTION_SCREEN, Function};
use http::{Request, Response};
use protocol::error::{Error, ErrorKey, Result};
use serde::{Deserialize, Serialize};

use posted::Posted;
use visit::{Around, Done, Visit};

/// A screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Screen {
    /// Connects something.
    Connect,
    /// Shows one connection.
    Connection,
}

impl Screen {
    fn of(request: &Request<Bytes>) -> Self {
        let is_connection = request.uri().path().trim_matches('/') == CONNECTION_SCREEN.trim_matches('/');
        if is_connection { Self::Connection } else { Self::Connect }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Connect => LINK_PATH,
            Self::Connection => CONNECTION_SCREEN,
        }
    }
}

/// Handles a request of a screen.
pub(crate) async fn handle(deps: &Arc<Deps>, request: &Request<Bytes>) -> Response<Bytes> {
    Box::pin(answer(deps, request)).await.unwrap_or_else(|error| {
        // It is not known whose page it would be: no frame shows this one.
        error.report("screen refused");
        delivery::own_page(&error, Reader::of(request.headers()))
    })
}

async fn answer(deps: &Arc<Deps>, request: &Request<Bytes>) -> Result<Response<Bytes>> {
    routes::check_method(Function::Api, request)?;
    if !is_for_a_page(request.headers()) {
        let message = "A screen is shown to a person, not to an image, a script or the like.";
        return Err(Error::new(ErrorKey::OriginNotAllowed, message).field("Sec-Fetch-Dest"));
    }
    let posted = Posted::read(request)?;
    let around = Around::find(deps, request, &posted, Screen::of(request)).await?;
    let visit = match around.visit(deps, &posted).await {
        Ok(visit) => visit,
        Err(error) => return Ok(around.failed(&error)),
    };
    let shown = match visit.screen() {
        Screen::Connect => connect::answer(&visit, &posted).await.map(|done| connected(&visit, done)),
        Screen::Connection => connection::answer(&visit, &posted).await,
    };
    Ok(shown.unwrap_or_else(|error| visit.failed(&error)))
}

/// The screen that connects ends with the connection.
fn connected(visit: &Visit<'_>, done: Done) -> Response<Bytes> {
    match done {
        Done::Answer(answer) => answer,
        Done::Connected(connection) => visit.frame().connected(&connection),
    }
}
