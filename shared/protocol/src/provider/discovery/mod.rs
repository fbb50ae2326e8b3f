//! Discovery: what an authorization server publishes about itself (RFC 8414, OpenID Connect Discovery 1.0), and what an MCP
//! server publishes about its own (RFC 9728).
//!
//! It is read when an integration is defined, and never during a customer's flow.

mod challenge;
mod document;
mod issuer;
mod metadata;
mod registration;
mod server;
mod well_known;

use serde_json::{Map, Value};

pub use registration::{Applicant, ClientSecret, Issued, Registration};

use self::issuer::metadata_of;
use self::registration::{AuthorizationServer, Client};
use super::calls::Calls;
use crate::definition::{Discovered, DiscoveredClient};

/// What metadata, or a registration endpoint, leads to.
pub struct Found {
    /// The settings that it gives.
    pub discovered: Discovered,
    /// What becomes of the client's secret.
    pub secret: ClientSecret,
}

/// The settings that the issuer's metadata gives and `own`, the definition's own, leaves open. With an applicant, a client is
/// yet to be registered.
///
/// # Errors
///
/// What is wrong, as the end of a sentence that begins with the setting `issuer`.
pub async fn of_issuer(
    calls: &Calls<'_>,
    issuer: &str,
    own: &Map<String, Value>,
    applicant: Option<&Applicant>,
) -> Result<Found, String> {
    let (from, metadata) = metadata_of(calls, issuer).await?;
    let config = metadata::settings(&metadata, own, calls).map_err(|problem| unusable(&from, &problem))?;
    let discovered = discovered(calls, from, None, config);
    let server = AuthorizationServer { issuer: Some(issuer), metadata: &metadata, own };
    with_client(calls, discovered, &server, applicant)
}

/// The settings that the metadata of an MCP server, and of the authorization server that it names, gives and `own` leaves
/// open. A client that nobody has given is introduced by a document about it, or is yet to be registered.
///
/// # Errors
///
/// What is wrong, as the end of a sentence that begins with the setting `mcpServer`.
pub async fn of_server(
    calls: &Calls<'_>,
    address: &str,
    own: &Map<String, Value>,
    applicant: Option<&Applicant>,
) -> Result<Found, String> {
    let server = server::of(calls, address)
        .await
        .map_err(|problem| format!("{problem}. Give {}", lacking(own, applicant)))?;
    let issuer = server.issuer(own.get("issuer").and_then(Value::as_str), calls)?;
    let (from, metadata) =
        metadata_of(calls, issuer).await.map_err(|it| format!("names the issuer `{issuer}`, which {it}"))?;
    let unusable = |problem: String| unusable(&from, &problem);
    metadata::check_code_challenge(&metadata).map_err(unusable)?;
    let mut config = metadata::settings(&metadata, own, calls).map_err(unusable)?;
    let scopes = server.scopes(metadata::issues_refresh_tokens_by_scope(&metadata));
    let resource = server.resource.clone();
    for (setting, found) in [
        ("issuer", Some(issuer.into())),
        ("resource", Some(resource.into())),
        ("scopes", (!scopes.is_empty()).then(|| scopes.clone().into())),
    ] {
        if let Some(found) = found.filter(|_| is_open(own, setting)) {
            config.insert(setting.to_owned(), found);
        }
    }
    let authorization = AuthorizationServer { issuer: Some(issuer), metadata: &metadata, own };
    let discovered = discovered(calls, from.clone(), Some(server.from.clone()), config);
    with_client(calls, discovered, &authorization, applicant)
}

/// A client for an option that gives its endpoints itself: it is yet to be registered at `endpoint`, the option's own. Nothing
/// is read.
///
/// # Errors
///
/// What is wrong, as the end of a sentence that begins with the setting `registrationUri`.
pub fn of_registration(
    calls: &Calls<'_>,
    endpoint: &str,
    own: &Map<String, Value>,
    applicant: &Applicant,
) -> Result<Found, String> {
    let issuer = own.get("issuer").and_then(Value::as_str);
    let server = AuthorizationServer { issuer, metadata: &Map::new(), own };
    let discovered = discovered(calls, endpoint.to_owned(), None, Map::new());
    with_client(calls, discovered, &server, Some(applicant))
}

fn discovered(
    calls: &Calls<'_>,
    from: String,
    server_from: Option<String>,
    config: Map<String, Value>,
) -> Discovered {
    Discovered { on: calls.clock.now().to_rfc3339(), from, server_from, config, client: None }
}

/// Adds the client, if one is asked for.
fn with_client(
    calls: &Calls<'_>,
    mut discovered: Discovered,
    server: &AuthorizationServer<'_>,
    applicant: Option<&Applicant>,
) -> Result<Found, String> {
    let Some(applicant) = applicant else { return Ok(Found { discovered, secret: ClientSecret::Kept }) };
    let found = registration::client(calls, applicant, server, &discovered)?;
    let Client { id, authentication, by, expires_at, secret } = found;
    discovered.config.insert("clientId".to_owned(), id.into());
    if is_open(server.own, "clientAuthLocation") {
        discovered.config.insert("clientAuthLocation".to_owned(), authentication.into());
    }
    let (issuer, redirect_uri) = (server.issuer.map(str::to_owned), applicant.redirect_uri.clone());
    discovered.client = Some(DiscoveredClient { by, issuer, redirect_uri, expires_at });
    Ok(Found { discovered, secret })
}

/// The settings by which an option needs no metadata, those that it lacks.
fn lacking(own: &Map<String, Value>, applicant: Option<&Applicant>) -> String {
    let client = applicant.map(|_| "registrationUri");
    let needed = ["authorizeUri", "tokenUri"].into_iter().chain(client);
    needed.filter(|setting| is_open(own, setting)).collect::<Vec<_>>().join(" and ")
}

fn is_open(own: &Map<String, Value>, setting: &str) -> bool {
    own.get(setting).is_none_or(Value::is_null)
}

fn unusable(from: &str, problem: &str) -> String {
    format!("has metadata that cannot be used: `{from}` {problem}")
}
