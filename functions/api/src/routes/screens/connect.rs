//! The screen that connects: the list, the form, and the sign-in in a window.

use std::sync::Arc;

use bytes::Bytes;
use flow::connection::connection_not_found;
use flow::lifecycle::registration;
use flow::web::pages::screen::List;
use http::Response;
use protocol::definition::{Integration, integration_id_of};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::IntegrationId;
use protocol::record::{self, About};
use protocol::token::Scope;

use super::chosen::Chosen;
use super::posted::Posted;
use super::sign_in;
use super::visit::{Done, Visit};
use crate::routes::integration_check;

/// Goes on with what the customer chose and entered.
pub(super) async fn answer(visit: &Visit<'_>, posted: &Posted) -> Result<Done> {
    let Visit { deps, customer, ticket, .. } = visit;
    customer.scopes.check(Scope::Connect)?;
    if visit.workspace().confirm_user {
        let message = "The workspace confirms its users, which a screen cannot: start with a redirectUri.";
        return Err(Error::new(ErrorKey::ParameterMissing, message).field("redirectUri"));
    }
    if let Some(id) = posted.text("request") {
        return sign_in::standing(visit, id).await.map(Done::Answer);
    }
    let connection = visit.connection().await?;
    let named = match (&ticket.asked.integration, &connection) {
        (Some(asked), Some(connection)) if connection.integration != *asked => {
            return Err(connection_not_found());
        }
        (Some(asked), _) => Some(asked.clone()),
        (None, connection) => connection.as_ref().map(|connection| connection.integration.clone()),
    };
    let from_list = named.is_none();
    let Some(id) = named.or_else(|| from_the_list(visit, posted)) else {
        return list(visit, posted).await.map(Done::Answer);
    };
    let integration = deps.definitions.integration(visit.key(), &id).await?;
    About::IntegrationId.note(&integration.id);
    About::Integration.note(&integration.key);
    let before = connection.as_ref().map(|connection| connection.record.auth_option_key.as_str());
    let is_there = |key: &&str| integration.enabled_options().any(|option| option.key == **key);
    // The option that the connection was made with may be gone. Then the default one is used again.
    let before = before.filter(is_there);
    let asked = ticket.asked.auth_option_key.as_deref();
    // Of a list, not every integration has the option that the application named.
    let asked = asked.filter(|key| !from_list || is_there(key));
    let wanted = posted.text("choose").or(posted.text("option"));
    let option = integration.auth_option(wanted.or(asked).or(before))?;
    About::Option.note(&option.key);
    let registration = registration::of_option(deps, &integration, option).await?;
    let chosen = Chosen { visit, integration: &integration, option, registration, connection, from_list };
    let is_filled_in = posted.says("option") && !posted.says("choose") && !posted.says("back");
    if is_filled_in { chosen.submitted(posted).await } else { Ok(chosen.first_shown()) }
}

/// The integration that the customer chose from the list, unless they go back to it.
fn from_the_list(visit: &Visit<'_>, posted: &Posted) -> Option<IntegrationId> {
    let key = posted.text("integration").filter(|_| !posted.says("back"))?;
    Some(integration_id_of(visit.key(), key))
}

/// What the workspace's customers can connect.
async fn list(visit: &Visit<'_>, posted: &Posted) -> Result<Response<Bytes>> {
    let Visit { deps, .. } = visit;
    let mut integrations: Vec<Arc<Integration>> = Vec::new();
    for stored in deps.store.list_integrations(visit.key()).await? {
        let checked = integration_check::stored(deps, visit.key(), stored).await?;
        let is_ready = checked.problems.is_empty() && checked.integration.enabled_options().next().is_some();
        integrations.extend(is_ready.then_some(checked.integration));
    }
    record::ends("list shown");
    Ok(visit.frame().list(List::of(&integrations, posted.text("search").unwrap_or_default())))
}
