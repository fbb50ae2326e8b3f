//! Answers without `state`. Nothing proves that the browser's own flow led to them, so they bring no code in (RFC 6749
//! §10.12).
//!
//! Some providers leave `state` out when the customer says no. Such an error may end a flow: the integration's own path
//! says which integration was asked, and the cookie which flow of this browser asked it. A page that sends its visitor
//! here with an error can end that visitor's flow; it gains nothing, and the customer can start again.
//!
//! Other answers were not asked for: the customer has begun at the provider, in its list of applications. They have to
//! begin in the team's application, which knows who they are.

use bytes::Bytes;
use http::Request;
use url::Url;

use crate::context::browser::BrowserSecret;
use crate::context::flow_id::FlowId;
use crate::deps::Deps;
use protocol::definition::{BARE_CALLBACK, is_id};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::IntegrationId;
use protocol::provider::authorization_response::AuthorizationResponse;
use protocol::record::{self, About, Level, Remark};

/// The number of flows that are looked at: the newest ones of the browser.
const LOOKED_AT: usize = 5;

/// What comes of an answer without `state`.
pub(super) enum Stateless {
    /// It ends this flow. The error is all that is left of the answer.
    Ends(FlowId, AuthorizationResponse),
    /// The customer has to begin at this address of the team's application.
    Begins(Url),
}

/// Decides what comes of an answer without `state`.
pub(super) async fn consequence(
    deps: &Deps,
    request: &Request<Bytes>,
    response: &AuthorizationResponse,
) -> Result<Stateless> {
    let path = request.uri().path();
    let Some(id) = integration_of(path) else { return Err(missing()) };
    if let Some(error) = response.error_alone() {
        return refused_flow(deps, request, path)
            .await?
            .map(|flow| Stateless::Ends(flow, error))
            .ok_or_else(missing);
    }
    match start(deps, &id).await? {
        Some(start) => Ok(Stateless::Begins(start)),
        None if response.is_empty() => Err(missing()),
        None => Err(begun_elsewhere()),
    }
}

/// Returns the only flow of this browser that waits for an answer at this path. Nothing would tell two of them apart.
async fn refused_flow(deps: &Deps, request: &Request<Bytes>, path: &str) -> Result<Option<FlowId>> {
    let mut waiting = None;
    for (flow, secret) in BrowserSecret::newest(request.headers(), LOOKED_AT) {
        let Some(found) = deps.store.read_flow(&flow).await? else { continue };
        let waits = found.claim.is_none() && found.expires_at > deps.clock.now();
        if waits && found.callback_path == path && secret.is_bound_to(&found.binding) {
            if waiting.is_some() {
                return Ok(None);
            }
            waiting = Some(flow);
        }
    }
    Ok(waiting)
}

/// Returns where the team's application begins flows with the integration, if its definition says so and the workspace
/// still knows the address as its own.
async fn start(deps: &Deps, id: &IntegrationId) -> Result<Option<Url>> {
    let Some(workspace) = deps.store.read_owner(id).await? else { return Ok(None) };
    let integration = match deps.definitions.integration(&workspace, id).await {
        Err(error) if error.key() == ErrorKey::NotFound => return Ok(None),
        found => found?,
    };
    About::Workspace.note(&workspace);
    About::IntegrationId.note(&integration.id);
    About::Integration.note(&integration.key);
    let Some(start) = integration.start() else { return Ok(None) };
    let workspace = deps.definitions.workspace(&workspace).await?;
    if !workspace.is_start(start.as_str(), deps.settings.loopback) || deps.own_routes.have_url(&start) {
        let remark = Remark::new(Level::Warn, "the address is not one of the workspace's origins");
        record::notes(remark.with("setting", Some("startUri")));
        return Ok(None);
    }
    record::ends("begun at the provider");
    Ok(Some(start))
}

/// The id of the integration whose own path this is.
fn integration_of(path: &str) -> Option<IntegrationId> {
    let id = path.strip_prefix(BARE_CALLBACK)?.strip_prefix('/')?;
    is_id(id).then(|| IntegrationId::new(id))
}

fn missing() -> Error {
    let message = "The service's answer does not say which sign-in it belongs to.";
    Error::new(ErrorKey::StateMissing, message).field("state")
}

fn begun_elsewhere() -> Error {
    let message = "This was begun at the service itself, so it is not known who you are.";
    Error::new(ErrorKey::StateMissing, message).field("state")
}
