//! The screen of one connection: its name and how it is; it is connected again, renamed, disconnected and removed.

use bytes::Bytes;
use flow::connection::Connection;
use flow::lifecycle::disconnect;
use flow::lifecycle::representation::Representation;
use flow::lifecycle::update::{Changes, update};
use flow::web::pages::screen::{ConnectionFace, Deed, Frame};
use http::Response;
use protocol::deadline::Deadline;
use protocol::error::{Error, Result};
use protocol::language::{self, Fill};
use protocol::record;
use protocol::token::Scope;

use super::connect;
use super::posted::Posted;
use super::sign_in;
use super::visit::{Done, Visit};
use crate::routes::connection_changes::MAX_NAME;

/// Shows the connection, and does what the customer asks for.
pub(super) async fn answer(visit: &Visit<'_>, posted: &Posted) -> Result<Response<Bytes>> {
    visit.customer.scopes.check(Scope::ConnectionsRead)?;
    if let Some(id) = posted.text("request") {
        visit.customer.scopes.check(Scope::Connect)?;
        return sign_in::standing(visit, id).await;
    }
    if posted.says("reconnect") && !posted.says("back") {
        return match connect::answer(visit, posted).await? {
            Done::Answer(answer) => Ok(answer),
            Done::Connected(connection) => Ok(shown(visit, visit.frame_of_changed(), &connection, None)),
        };
    }
    let connection = found(visit).await?;
    if let Some(deed) = posted.text("ask").and_then(Deed::named) {
        return Ok(visit.frame().question(deed, &connection.representation(visit.deps).await?));
    }
    if let Some(deed) = posted.text("do").and_then(Deed::named) {
        visit.customer.scopes.check(Scope::ConnectionsWrite)?;
        return Box::pin(done(visit, connection, deed)).await;
    }
    if let Some(name) = posted.given("name") {
        visit.customer.scopes.check(Scope::ConnectionsWrite)?;
        return Box::pin(renamed(visit, connection, name.trim())).await;
    }
    Ok(shown(visit, visit.frame(), &connection.representation(visit.deps).await?, None))
}

async fn found(visit: &Visit<'_>) -> Result<Connection> {
    let found = visit.connection().await?;
    found.ok_or_else(|| Error::internal("the screen of no connection"))
}

/// What came of a name that was entered.
struct Entered<'a> {
    name: &'a str,
    /// The problem with it; empty if it was taken.
    problem: String,
}

fn shown(
    visit: &Visit<'_>,
    frame: Frame<'_>,
    connection: &Representation,
    entered: Option<&Entered<'_>>,
) -> Response<Bytes> {
    let scopes = &visit.customer.scopes;
    frame.connection(ConnectionFace {
        connection,
        entered: entered.map_or(&connection.name, |entered| entered.name),
        problem: entered.map(|entered| entered.problem.clone()).unwrap_or_default(),
        saved: entered.is_some_and(|entered| entered.problem.is_empty()),
        may_reconnect: scopes.allow(Scope::Connect) && !visit.workspace().confirm_user,
        may_change: scopes.allow(Scope::ConnectionsWrite),
    })
}

async fn renamed(visit: &Visit<'_>, connection: Connection, name: &str) -> Result<Response<Bytes>> {
    let texts = visit.workspace().brand.texts.in_place(language::present());
    let problem = match name.len() {
        0 => texts.input_required.to_owned(),
        1..=MAX_NAME => String::new(),
        _ => texts.input_max_length.fill(&[("limit", &MAX_NAME.to_string())]),
    };
    let entered = Entered { name, problem };
    if !entered.problem.is_empty() {
        let connection = connection.representation(visit.deps).await?;
        return Ok(shown(visit, visit.frame(), &connection, Some(&entered)));
    }
    let changes = Changes { name: Some(name.to_owned()), ..Changes::default() };
    let deadline = Deadline::starting(&*visit.deps.clock);
    let connection = update(visit.deps, connection, changes, deadline).await?;
    record::ends("changed");
    let connection = connection.representation(visit.deps).await?;
    Ok(shown(visit, visit.frame_of_changed(), &connection, Some(&entered)))
}

async fn done(visit: &Visit<'_>, connection: Connection, deed: Deed) -> Result<Response<Bytes>> {
    let deadline = Deadline::starting(&*visit.deps.clock);
    let id = connection.id.clone();
    match deed {
        Deed::Disconnect => {
            disconnect::disconnect(visit.deps, connection, deadline).await?;
            record::ends("disconnected");
        }
        Deed::Remove => {
            disconnect::archive(visit.deps, connection, deadline).await?;
            record::ends("archived");
        }
    }
    let missing = || Error::internal("a changed connection cannot be read");
    let connection = visit.deps.store.read_connection(&id).await?.ok_or_else(missing)?;
    let connection = connection.representation(visit.deps).await?;
    Ok(match deed {
        Deed::Disconnect => shown(visit, visit.frame_of_changed(), &connection, None),
        Deed::Remove => visit.frame().removed(&connection),
    })
}
