//! What is known of an issuer, or of an MCP server, from its own metadata: settings that the definition itself leaves open.
//! They are read when the integration is defined, and stored with the definition.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::check::{web_address, web_address_problem};
use super::checker::Checker;
use super::problem::UNDISCOVERED;
use super::template::Address;
use crate::redirect_uri::{Loopback, OwnRoutes};

/// The settings that metadata gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Discovered {
    /// When the metadata was read (RFC 3339).
    pub on: String,
    /// The address that it was read from; the registration endpoint's, if there was nothing but a client to get.
    pub from: String,
    /// The address of the MCP server's own metadata, if the issuer was found there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_from: Option<String>,
    /// The settings, by their names in `config`.
    pub config: Map<String, Value>,
    /// How the client came to be, if the team gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<DiscoveredClient>,
}

/// A client that nobody had to register by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DiscoveredClient {
    /// The way.
    pub by: ClientOrigin,
    /// The issuer that knows it, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The callback address that it is known with.
    pub redirect_uri: String,
    /// When its secret ends, in seconds since 1970, if it does (RFC 7591 §3.2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// The ways in which a client becomes known to an authorization server by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ClientOrigin {
    /// Its identifier is the address of a document about it, which Linkspan serves.
    MetadataDocument,
    /// It was registered there (RFC 7591).
    Registration,
}

impl Discovered {
    /// True if the client's identifier is the address of a document that Linkspan serves.
    pub(super) fn has_client_document(&self) -> bool {
        self.client.as_ref().is_some_and(|client| client.by == ClientOrigin::MetadataDocument)
    }

    /// The settings of an option: its own, and below them what was discovered.
    #[must_use]
    pub fn below(&self, own: &Value) -> Value {
        let mut config = self.config.clone();
        match own {
            Value::Object(own) => {
                let given = own.iter().filter(|(_, value)| !value.is_null());
                config.extend(given.map(|(setting, value)| (setting.clone(), value.clone())));
            }
            Value::Null => {}
            // It is no object, and is refused as what it is.
            other => return other.clone(),
        }
        config.into()
    }
}

/// Notes a setting that metadata would give. What nobody can use lacks none.
pub(super) fn refuse_undiscovered(setting: &str, checker: &mut Checker<'_>) {
    if checker.option.enabled {
        checker.refuse(setting, UNDISCOVERED);
    }
}

/// The reason why an address from outside cannot be an endpoint. It would be read as a template, and metadata has no say in
/// what goes into those.
#[must_use]
pub fn discovered_endpoint_problem(address: &str, loopback: Loopback, own: &OwnRoutes) -> Option<String> {
    if address.contains("${") || address.contains("{{") {
        return Some("has a placeholder in it".to_owned());
    }
    let problem = web_address_problem(address, loopback, own);
    problem.or_else(|| match Address::parse(address) {
        Ok(address) => address.problem(loopback, own),
        Err(error) => Some(error.message().to_owned()),
    })
}

/// True if the text can be an issuer's identifier (RFC 8414 §2).
#[must_use]
pub fn is_issuer(issuer: &str, loopback: Loopback) -> bool {
    issuer_problem(issuer, loopback).is_none()
}

pub(super) fn issuer_problem(issuer: &str, loopback: Loopback) -> Option<&'static str> {
    if issuer.contains("${") {
        return Some(
            "has a placeholder, which no issuer has. Nothing can be discovered there: leave it out, and give \
             authorizeUri and tokenUri",
        );
    }
    if web_address(issuer, loopback).is_err() || issuer.contains(['?', '#']) {
        return Some("must be an https address without query and fragment (RFC 8414 §2)");
    }
    None
}
