//! An MCP server's own metadata (RFC 9728): which authorization servers issue tokens for it.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Request};
use serde_json::{Map, Value, json};
use url::Url;

use super::challenge::Challenge;
use super::document::{self, JSON};
use super::metadata::{named, texts};
use super::well_known;
use crate::definition::{discovered_endpoint_problem, is_issuer, is_scope};
use crate::provider::calls::Calls;

/// What the protocol's transport answers with.
const ANSWERS: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");

/// The revision of the protocol that the first request names.
const REVISION: &str = "2025-11-25";

/// The scope by which many servers issue refresh tokens (OpenID Connect Core 1.0 §11).
const OFFLINE_ACCESS: &str = "offline_access";

/// A server, as it describes itself.
pub(super) struct Server {
    /// The address of the description.
    pub(super) from: String,
    /// The server's identifier.
    pub(super) resource: String,
    issuers: Vec<String>,
    scopes: Vec<String>,
}

/// Asks the server as anybody would, without a token, and reads what its answer leads to. Without that, its description is
/// looked for at the well-known places.
pub(super) async fn of(calls: &Calls<'_>, address: &str) -> Result<Server, String> {
    let challenge = challenge(calls, address).await;
    let places = match &challenge.resource_metadata {
        Some(place) => match discovered_endpoint_problem(place, calls.loopback, calls.own) {
            Some(problem) => return Err(format!("answers with a `resource_metadata` that {problem}")),
            None => vec![(place.clone(), address.to_owned())],
        },
        None => well_known::of_server(address),
    };
    let mut tried = Vec::new();
    for (place, identifier) in places {
        let read = document::read(calls, &place, "mcpServer").await;
        let read = read.and_then(|document| described(&document, &[address, &identifier], &challenge));
        match read {
            Ok((resource, issuers, scopes)) => return Ok(Server { from: place, resource, issuers, scopes }),
            Err(problem) => tried.push(format!("`{place}` {problem}")),
        }
    }
    Err(format!("has no metadata that can be used (RFC 9728): {}", tried.join("; ")))
}

/// What the server answers to a first request without a token. One that cannot be asked has said nothing.
async fn challenge(calls: &Calls<'_>, address: &str) -> Challenge {
    let first = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": REVISION,
            "capabilities": {},
            "clientInfo": { "name": "Linkspan", "version": env!("CARGO_PKG_VERSION") },
        },
    });
    let request = Request::post(address).header(ACCEPT, ANSWERS).header(CONTENT_TYPE, JSON);
    let Ok(request) = request.body(Bytes::from(first.to_string())) else { return Challenge::default() };
    match document::send(calls, request, "mcpServer").await {
        Ok(answer) if answer.status() == http::StatusCode::UNAUTHORIZED => Challenge::of(answer.headers()),
        Ok(_) | Err(_) => Challenge::default(),
    }
}

/// The resource, the issuers and the scopes of a description. It must be about the server that was asked: by another's, a
/// server could have its visitors' tokens for that one (RFC 9728 §3.3, §7.3).
fn described(
    metadata: &Map<String, Value>,
    identifiers: &[&str],
    challenge: &Challenge,
) -> Result<(String, Vec<String>, Vec<String>), String> {
    let resource = match metadata.get("resource").and_then(Value::as_str) {
        Some(resource) if identifiers.iter().any(|own| is_same(own, resource)) => resource.to_owned(),
        Some(other) => return Err(format!("is of another resource{}", named(other))),
        None => return Err("names no resource".to_owned()),
    };
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect::<Vec<String>>();
    let issuers = owned(texts(metadata, "authorization_servers").unwrap_or_default());
    if issuers.is_empty() {
        return Err("names no `authorization_servers`".to_owned());
    }
    let scopes = match &challenge.scope {
        Some(scope) => scope.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
        None => owned(texts(metadata, "scopes_supported").unwrap_or_default()),
    };
    if scopes.iter().all(|scope| is_plain_scope(scope)) {
        Ok((resource, issuers, scopes))
    } else {
        Err("leads to a scope that is none (RFC 6749 §3.3)".to_owned())
    }
}

/// True if both are one identifier, to the letter. A host without a path is the same as one with `/` (RFC 3986 §6.2.3).
fn is_same(own: &str, named: &str) -> bool {
    let is_host = |text: &str| Url::parse(text).is_ok_and(|url| url.path() == "/");
    own == named
        || (is_host(own) && is_host(named) && own.trim_end_matches('/') == named.trim_end_matches('/'))
}

/// True if the text can be a scope, and begins no placeholder of ours.
fn is_plain_scope(scope: &str) -> bool {
    is_scope(scope) && !scope.contains("${") && !scope.contains("{{")
}

impl Server {
    /// The issuer to go to: the one that the definition names, or else the first.
    pub(super) fn issuer(&self, own: Option<&str>, calls: &Calls<'_>) -> Result<&str, String> {
        let found = match own {
            Some(own) => self.issuers.iter().find(|issuer| *issuer == own),
            None => self.issuers.iter().find(|issuer| is_issuer(issuer, calls.loopback)),
        };
        found.map(String::as_str).ok_or_else(|| {
            let shown: String = self.issuers.iter().take(3).map(|issuer| named(issuer)).collect();
            match own {
                Some(_) => {
                    format!("does not name the option's issuer among its authorization servers{shown}")
                }
                None => format!("names no authorization server that can be asked{shown}"),
            }
        })
    }

    /// The scopes to ask for. They are what the resource needs; refresh tokens are no need of its own.
    pub(super) fn scopes(&self, adds_offline_access: bool) -> Vec<String> {
        let mut scopes = self.scopes.clone();
        if adds_offline_access && !scopes.is_empty() && !scopes.iter().any(|it| it == OFFLINE_ACCESS) {
            scopes.push(OFFLINE_ACCESS.to_owned());
        }
        scopes
    }
}
