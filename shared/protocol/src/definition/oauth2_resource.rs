//! The protected resource of an `oauth2` option: what its tokens are for (RFC 8707), and the MCP server whose metadata says
//! how to get them (RFC 9728).

use std::collections::BTreeMap;

use super::api_calls::ApiClient;
use super::check::{web_address, web_address_problem};
use super::checker::{Checker, Credentials};
use super::headers::Headers;
use super::oauth2::OAuth2;
use super::problem::Problems;
use super::template::{Address, Template};
use crate::redirect_uri::Loopback;

/// The parameter that names the resource.
pub const RESOURCE: &str = "resource";

impl OAuth2 {
    /// True if it has both endpoints, or leaves them to metadata. Otherwise those that are missing are noted; `path` is the
    /// place of the settings.
    pub(super) fn has_endpoints(&self, path: &str, problems: &mut Problems) -> bool {
        if self.issuer.is_some() || self.mcp_server.is_some() {
            return true;
        }
        let endpoints = [("authorizeUri", &self.authorize_uri), ("tokenUri", &self.token_uri)];
        for (setting, _) in endpoints.iter().filter(|(_, address)| address.is_none()) {
            problems.add(format!("{path}.{setting}"), "is missing");
        }
        endpoints.iter().all(|(_, address)| address.is_some())
    }

    /// The settings, whose tokens are for the server unless it is said what they are for. Metadata may name another identifier
    /// of the server's; here there is none.
    pub(super) fn with_resource(mut self) -> Self {
        let is_open = self.resource.is_none() && !self.extra.contains_key(RESOURCE);
        if let Some(server) = self.mcp_server.as_deref().filter(|_| is_open)
            && is_server(server, Loopback::Allowed)
        {
            self.resource = Template::parse(server).ok();
        }
        self
    }

    pub(super) fn check_resource(&self, checker: &mut Checker<'_>) {
        if let Some(resource) = &self.resource {
            checker.template("resource", resource, Credentials::NotYet);
            checker.shown("resource", resource);
            if self.extra.contains_key(RESOURCE) {
                checker.refuse("extra.resource", "cannot stand beside the setting `resource`");
            }
        }
        if let Some(server) = &self.mcp_server {
            if !is_server(server, checker.loopback) {
                checker
                    .refuse("mcpServer", "must be an https address without query, fragment and placeholder");
            } else if let Some(problem) = web_address_problem(server, checker.loopback, checker.own) {
                checker.refuse("mcpServer", problem);
            }
        }
    }

    /// The base address of the API, if the option's server is the API.
    pub(super) fn server_address(&self) -> Option<Address> {
        // One that is none is told of by its own name only.
        let server = self.mcp_server.as_deref().filter(|server| is_server(server, Loopback::Allowed))?;
        Address::parse(server).ok()
    }

    /// How requests to the option's server are authenticated (RFC 6750 §2.1).
    pub(super) fn server_client(&self) -> Option<ApiClient> {
        self.mcp_server.as_ref()?;
        let bearer = Template::parse("Bearer ${credentials.access_token}").ok()?;
        let headers = Headers::from(BTreeMap::from([("Authorization".to_owned(), bearer)]));
        Some(ApiClient { headers, ..ApiClient::default() })
    }
}

/// True if the text can be a server's address, which is what its metadata calls it (RFC 9728 §1.2).
#[must_use]
pub fn is_server(server: &str, loopback: Loopback) -> bool {
    web_address(server, loopback).is_ok() && !server.contains(['?', '#', '$', '{'])
}
