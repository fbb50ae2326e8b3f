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
use self::registration::Client;
use super::calls::Calls;
use crate::definition::{Discovered, DiscoveredClient};

/// The settings that the issuer's metadata gives and `own`, the definition's own, leaves open.
///
/// # Errors
///
/// What is wrong, as the end of a sentence that begins with the setting `issuer`.
pub async fn of_issuer(
    calls: &Calls<'_>,
    issuer: &str,
    own: &Map<String, Value>,
) -> Result<Discovered, String> {
    let (from, metadata) = metadata_of(calls, issuer).await?;
    let config = metadata::settings(&metadata, own, calls).map_err(|problem| unusable(&from, &problem))?;
    Ok(Discovered { on: calls.clock.now().to_rfc3339(), from, server_from: None, config, client: None })
}

/// What an MCP server leads to.
pub struct FoundServer {
    /// The settings that metadata gives.
    pub discovered: Discovered,
    /// What becomes of the client's secret.
    pub secret: ClientSecret,
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
) -> Result<FoundServer, String> {
    let is_open = |setting: &str| own.get(setting).is_none_or(Value::is_null);
    let server = server::of(calls, address).await?;
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
        if let Some(found) = found.filter(|_| is_open(setting)) {
            config.insert(setting.to_owned(), found);
        }
    }
    let (mut client, mut secret) = (None, ClientSecret::Kept);
    if let Some(applicant) = applicant {
        let found = registration::client(calls, applicant, issuer, &metadata, &config)?;
        let Client { id, authentication, by, expires_at, secret: of_client } = found;
        config.insert("clientId".to_owned(), id.into());
        if is_open("clientAuthLocation") {
            config.insert("clientAuthLocation".to_owned(), authentication.into());
        }
        let (issuer, redirect_uri) = (issuer.to_owned(), applicant.redirect_uri.clone());
        client = Some(DiscoveredClient { by, issuer, redirect_uri, expires_at });
        secret = of_client;
    }
    let on = calls.clock.now().to_rfc3339();
    let server_from = Some(server.from);
    Ok(FoundServer { discovered: Discovered { on, from, server_from, config, client }, secret })
}

fn unusable(from: &str, problem: &str) -> String {
    format!("has metadata that cannot be used: `{from}` {problem}")
}
