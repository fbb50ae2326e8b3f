//! Who gets what of an option: every address of a definition, with the most secret thing that is sent there.
//!
//! Each type of option is taken apart here field by field, without `..`. So a setting that is added does not compile
//! before somebody has said what its address gets.

use std::borrow::Cow;

use super::after_connect::AfterConnect;
use super::api_calls::{RevokeCall, TestCall};
use super::api_path::ApiPath;
use super::auth_method::AuthMethod;
use super::auth_option::AuthOption;
use super::client_authentication::ClientAuthentication;
use super::client_credentials::ClientCredentials;
use super::oauth1::OAuth1;
use super::oauth2::OAuth2;
use super::template::Address;
use super::token_call::TokenCall;

/// The most secret thing that an address gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gets {
    /// Nothing secret: only the customer's browser goes there.
    Nothing,
    /// The customer's credentials, a token or a code.
    Token,
    /// The client secret of the option, or what is signed with it.
    Secret,
}

/// An address of a definition, and what it gets.
#[derive(Debug, Clone)]
pub struct Recipient<'a> {
    /// Its place in the definition: `authOptions[0].config.tokenUri`.
    pub field: Cow<'static, str>,
    /// The address.
    pub address: &'a Address,
    /// The most secret thing that it gets.
    pub gets: Gets,
    /// True if it gets what the option's own key signs.
    pub is_signed: bool,
}

impl AuthOption {
    /// Every address that the option uses, with its `baseUri` or, if it has none, the integration's.
    #[must_use]
    pub fn recipients<'a>(&'a self, base_uri: Option<&'a Address>) -> Vec<Recipient<'a>> {
        if matches!(self.method, AuthMethod::Proxy(_)) {
            // The owner's option does the work, with the addresses of the owner's definition.
            return Vec::new();
        }
        let path = self.path();
        let signs =
            [self.own_key_signs_authorization(), self.own_key_signs_config(), self.own_key_signs_calls()];
        let [in_authorization, in_requests, in_calls] = signs;
        let in_config = self.method.recipients().into_iter().map(|(setting, address, gets)| {
            let field = format!("{path}.config.{setting}").into();
            let is_signed = if setting == "authorizeUri" { in_authorization } else { in_requests };
            Recipient { field, address, gets, is_signed }
        });
        // Requests to the API are signed with the client secret (RFC 5849 §3.1); PLAINTEXT even sends it.
        let gets = match self.method {
            AuthMethod::OAuth1(_) => Gets::Secret,
            AuthMethod::OAuth2(_) | AuthMethod::ClientCredentials(_) | AuthMethod::Proxy(_) => Gets::Token,
        };
        let base = match &self.base_uri {
            Some(own) => Some((format!("{path}.baseUri").into(), own)),
            None => base_uri.map(|address| ("baseUri".into(), address)),
        };
        let base = base.map(|(field, address)| Recipient { field, address, gets, is_signed: in_calls });
        let test = self.test.as_ref().map(|test| {
            let TestCall {
                method: _,
                path,
                query: _,
                headers: _,
                basic: _,
                body: _,
                body_format: _,
                signing: _,
                expect: _,
            } = test;
            ("test", path)
        });
        let revoke = self.revoke.as_ref().map(|revoke| {
            let RevokeCall {
                method: _,
                path,
                query: _,
                headers: _,
                basic: _,
                body: _,
                body_format: _,
                per_token: _,
            } = revoke;
            ("revoke", path)
        });
        let after = self.after_connect.iter().map(|call| {
            let AfterConnect {
                method: _,
                path,
                query: _,
                headers: _,
                basic: _,
                body: _,
                body_format: _,
                expect: _,
                response: _,
                choose: _,
                on: _,
                optional: _,
            } = call;
            ("afterConnect", path)
        });
        let whole = test.into_iter().chain(revoke).chain(after).filter_map(|(call, at)| match at {
            ApiPath::Whole(address) => {
                let field = format!("{path}.{call}.path").into();
                Some(Recipient { field, address, gets, is_signed: in_calls })
            }
            // It is appended to `baseUri`, after the host.
            ApiPath::Below(_) => None,
        });
        let all = in_config.chain(base).chain(whole);
        all.map(|it| if it.is_signed { Recipient { gets: Gets::Secret, ..it } } else { it }).collect()
    }
}

impl AuthMethod {
    /// The addresses in `config`, by the setting.
    pub(super) fn recipients(&self) -> Vec<(&'static str, &Address, Gets)> {
        match self {
            Self::OAuth2(config) => of_oauth2(config),
            Self::OAuth1(config) => of_oauth1(config),
            Self::ClientCredentials(config) => of_client_credentials(config),
            Self::Proxy(_) => Vec::new(),
        }
    }
}

fn of_oauth2(config: &OAuth2) -> Vec<(&'static str, &Address, Gets)> {
    let OAuth2 {
        client_id: _,
        client_secret: _,
        authorize_uri,
        token_uri,
        refresh_uri,
        expires_in: _,
        expires_in_unit: _,
        refresh_token_expires_in: _,
        refresh_credential: _,
        refresh_before: _,
        refresh_on_use: _,
        refresh_refusals: _,
        renewal,
        token_errors: _,
        token_response: _,
        authorization_request: _,
        token_request: _,
        refresh_request: _,
        revocation_request: _,
        revocation_uri,
        revocation_per_token: _,
        scopes: _,
        allowed_scopes: _,
        scopes_by_caller: _,
        scope_separator: _,
        client_auth_location,
        client_assertion: _,
        body_format: _,
        no_refresh_token: _,
        skip_pkce: _,
        pkce: _,
        nonce: _,
        extra: _,
        resource: _,
        mcp_server: _,
        // It issues a secret, and gets none.
        registration_uri: _,
        issuer: _,
        authorization_response_iss_parameter_supported: _,
        callback_parameters: _,
        callback_names: _,
        denials: _,
        redirect_uri_value: _,
        further_tokens: _,
        grant: _,
        callback_hmac: _,
        customer_host: _,
    } = config;
    let gets = if *client_auth_location == ClientAuthentication::None { Gets::Token } else { Gets::Secret };
    let mut found = Vec::new();
    found.extend(authorize_uri.as_ref().map(|address| ("authorizeUri", address, Gets::Nothing)));
    found.extend(token_uri.as_ref().map(|address| ("tokenUri", address, gets)));
    found.extend(refresh_uri.as_ref().map(|address| ("refreshUri", address, gets)));
    found.extend(revocation_uri.as_ref().map(|address| ("revocationUri", address, gets)));
    found.extend(renewal.as_ref().map(|call| of_token_call("renewal.uri", call)));
    found
}

fn of_oauth1(config: &OAuth1) -> Vec<(&'static str, &Address, Gets)> {
    let OAuth1 {
        consumer_key: _,
        tokens: _,
        request_token_uri,
        authorize_uri,
        token_uri,
        request_method: _,
        token_method: _,
        realm: _,
        signature_method: _,
        scopes: _,
        scope_separator: _,
        extra: _,
        extra_in: _,
    } = config;
    let found = [
        ("requestTokenUri", request_token_uri, Gets::Secret),
        // The temporary credentials' identifier stands in its query (RFC 5849 §2.2).
        ("authorizeUri", authorize_uri, Gets::Token),
        ("tokenUri", token_uri, Gets::Secret),
    ];
    found
        .into_iter()
        .filter_map(|(setting, address, gets)| Some((setting, address.as_ref()?, gets)))
        .collect()
}

fn of_client_credentials(config: &ClientCredentials) -> Vec<(&'static str, &Address, Gets)> {
    let ClientCredentials {
        token_uri,
        grant: _,
        client_id: _,
        client_secret: _,
        client_auth_location: _,
        client_assertion: _,
        scopes: _,
        scope_separator: _,
        extra: _,
        body_format: _,
        expires_in: _,
        expires_in_unit: _,
        token_errors: _,
        token_response: _,
        token_request: _,
        refresh_before: _,
        refresh_on_use: _,
        login,
        renewal,
        customer_host: _,
    } = config;
    let gets = if config.has_own_client() { Gets::Secret } else { Gets::Token };
    let mut found = Vec::new();
    found.extend(token_uri.as_ref().map(|address| ("tokenUri", address, gets)));
    found.extend(login.as_ref().map(|call| of_token_call("login.uri", call)));
    found.extend(renewal.as_ref().map(|call| of_token_call("renewal.uri", call)));
    found
}

fn of_token_call<'a>(setting: &'static str, call: &'a TokenCall) -> (&'static str, &'a Address, Gets) {
    let TokenCall {
        uri,
        method: _,
        query: _,
        headers: _,
        basic: _,
        body: _,
        body_format: _,
        signing: _,
        expect: _,
        response: _,
    } = call;
    (setting, uri, Gets::Token)
}
