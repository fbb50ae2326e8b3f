//! A sign-in in a window of its own: a connection request, whose link the window opens, and how it stands.
//!
//! Only that says how a sign-in went. A provider's page may cut the window off from the screen
//! (`Cross-Origin-Opener-Policy`), and then it looks closed although it is open.

use bytes::Bytes;
use flow::connection::{Connection, Notes};
use flow::connection_request::{self, Asked, visible};
use flow::context::connection_request::{RequestState, USUAL_LIFETIME};
use flow::web::pages::screen::{Window, told};
use flow::web::response::see_other;
use http::Response;
use protocol::definition::{AuthOption, Integration};
use protocol::error::{ErrorKey, Result};
use protocol::record;
use protocol::secret::SecretMap;
use serde_json::json;

use super::posted::Posted;
use super::visit::Visit;
use crate::answer;

/// What is to be connected in a window.
pub(super) struct SignIn<'a> {
    pub(super) integration: &'a Integration,
    pub(super) option: &'a AuthOption,
    /// The connection to reconnect.
    pub(super) connection: Option<&'a Connection>,
    /// What the customer has entered already.
    pub(super) entered: SecretMap,
}

/// Makes the request for it, and leads to its link.
pub(super) async fn begin(
    visit: &Visit<'_>,
    sign_in: SignIn<'_>,
    posted: &Posted,
) -> Result<Response<Bytes>> {
    let Visit { deps, customer, ticket, .. } = visit;
    if let Some(previous) = posted.text("previous") {
        // What was entered before connects nothing any more.
        match connection_request::cancel(deps, previous, &visit.caller()).await {
            Err(error) if error.key() != ErrorKey::NotFound => return Err(error),
            _ => {}
        }
    }
    let asked = Asked {
        workspace: visit.key().clone(),
        customer: customer.id.clone(),
        customer_name: customer.name.clone(),
        integration: Some((sign_in.integration.id.clone(), "integrationKey")),
        connection_id: sign_in.connection.map(|connection| connection.id.clone()),
        connection_key: ticket.asked.connection_key.clone(),
        name: ticket.asked.name.clone(),
        notes: Notes::default(),
        auth_option_key: Some(sign_in.option.key.clone()),
        allow_multiple_connections: ticket.asked.allow_multiple_connections,
        connection_parameters: sign_in.entered,
        connector_parameters: ticket.asked.connector_parameters.clone(),
        redirect_uri: None,
        custom_state: None,
        prompt: None,
        asked_at: Some(ticket.verified_at),
        lifetime: USUAL_LIFETIME,
    };
    let found = connection_request::create(deps, asked).await?;
    record::ends("connection request made");
    let (request, url) = (found.id.reveal(), found.url(visit.address()));
    let (request, url) = (request.as_str(), url.as_str());
    Ok(if visit.is_asked_by_script() {
        answer::ok(&json!({ "request": request, "url": url }))?
    } else if visit.in_iframe() {
        visit.frame().window(Window { request, url })
    } else {
        see_other(url, &[])
    })
}

/// How a sign-in stands: what the screen's script asks for.
pub(super) async fn standing(visit: &Visit<'_>, id: &str) -> Result<Response<Bytes>> {
    let Visit { deps, .. } = visit;
    let found = visible(deps, id, &visit.caller()).await?;
    let mut standing = json!({ "status": match &found.state {
        RequestState::Pending => "pending",
        RequestState::Connected(_) => "success",
        RequestState::Cancelled => "cancelled",
        RequestState::Expired => "error",
    }});
    if let RequestState::Connected(id) = &found.state {
        // It may have been archived since, or be somebody's who was erased.
        let connection = deps.store.read_connection(id).await?;
        if let Some(connection) = connection.filter(|connection| connection.is_visible_to(&visit.caller())) {
            standing["connection"] = json!(connection.representation(deps).await?);
        }
    } else if let Some(error) = found.last_error.or_else(|| found.state.check().err()) {
        standing["error"] = told(&error);
    }
    answer::ok(&standing)
}
