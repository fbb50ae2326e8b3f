//! The client of an `oauth2` option: its identifier, and whether its secret is there where one is needed.

use super::callback_settings::ConsentGrant;
use super::checker::{Checker, Credentials};
use super::client_authentication::ClientAuthentication;
use super::discovered::{discovered_endpoint_problem, refuse_undiscovered};
use super::oauth2::OAuth2;
use super::pkce::Pkce;
use super::template::Template;
use crate::error::{Error, Result};

impl OAuth2 {
    pub(super) fn check_client(&self, checker: &mut Checker<'_>) {
        match &self.client_id {
            Some(template) => {
                if template.as_str().trim().is_empty() {
                    checker.refuse("clientId", "is empty");
                }
                checker.template("clientId", template, Credentials::NotYet);
                checker.shown("clientId", template);
            }
            None if self.client_comes_by().is_some() => refuse_undiscovered("clientId", checker),
            None => checker.refuse_parameter("clientId"),
        }
        match &self.client_secret {
            Some(template) => checker.template("clientSecret", template, Credentials::NotYet),
            // Whether its client needs a secret is not known yet.
            None if self.client_id.is_none() && self.client_comes_by().is_some() => {}
            None => self.check_secret(checker),
        }
        if self.skip_pkce && self.pkce != Pkce::S256 {
            checker.refuse("skipPkce", "cannot stand beside pkce");
        }
    }

    /// The setting by which a client comes by itself, unless one is given.
    fn client_comes_by(&self) -> Option<&'static str> {
        let server = self.mcp_server.as_ref().map(|_| "mcpServer");
        server.or_else(|| self.registration_uri.as_ref().map(|_| "registrationUri"))
    }

    /// Checks what a client that comes by itself demands. Nothing but S256 binds the code to it.
    pub(super) fn check_registration(&self, checker: &mut Checker<'_>) {
        if let Some(endpoint) = &self.registration_uri {
            if let Some(problem) = discovered_endpoint_problem(endpoint, checker.loopback, checker.own) {
                checker.refuse("registrationUri", problem);
            }
            if self.grant == ConsentGrant::ClientCredentials {
                let problem =
                    "cannot stand beside the grant client_credentials: it is for clients that exchange codes";
                checker.refuse("registrationUri", problem);
            }
        }
        if let Some(by) = self.client_comes_by()
            && (self.skip_pkce || self.pkce != Pkce::S256)
        {
            let setting = if self.skip_pkce { "skipPkce" } else { "pkce" };
            checker.refuse(setting, format!("cannot stand beside {by}, which demands S256"));
        }
    }

    /// The client identifier.
    pub fn client_id(&self) -> Result<&Template> {
        self.client_id.as_ref().ok_or_else(|| Error::unusable("parameters.clientId"))
    }

    /// True if the token endpoint gets the client secret.
    pub(super) fn sends_secret(&self) -> bool {
        let is_sent_there = |address| self.customer_host.sends_secret_to(address);
        !self.client_auth_location.needs_no_secret() && self.token_uri.as_ref().is_none_or(is_sent_there)
    }

    /// HTTP Basic has nothing to send without a secret. A client that is one of the integration's parameters is whole.
    fn check_secret(&self, checker: &mut Checker<'_>) {
        if !checker.lacks("clientSecret") {
            return;
        }
        if checker.option.takes_client {
            if self.sends_secret() {
                checker.refuse_parameter("clientSecret");
            }
        } else if self.client_auth_location != ClientAuthentication::Body
            && !self.client_auth_location.needs_no_secret()
        {
            checker.refuse("clientSecret", "is missing, and clientAuthLocation says where it is sent");
        }
    }

    /// Checks what the client-credentials grant needs, and what it has no use for.
    pub(super) fn check_own_client(&self, checker: &mut Checker<'_>) {
        if self.client_auth_location == ClientAuthentication::None {
            checker.refuse(
                "clientAuthLocation",
                "is none, and the grant client_credentials needs the client secret",
            );
        } else if checker.lacks("clientSecret") {
            checker.refuse("clientSecret", "is missing, and the grant client_credentials needs it");
        }
        if self.refresh_uri.is_some() {
            checker.refuse(
                "refreshUri",
                "has no meaning with the grant client_credentials: tokens come from tokenUri",
            );
        }
    }
}
