//! The requests of an option that its certificate is for.

use std::sync::Arc;

use super::auth_method::AuthMethod;
use super::auth_option::AuthOption;
use super::checker::{Checker, Credentials};
use super::client_authentication::ClientAuthentication;
use super::request_signing::check_key;
use super::template::Values;
use crate::error::Result;
use crate::http::client_certificate::ClientCertificate;

impl AuthOption {
    /// The certificate for the endpoints that give out credentials, if there is one.
    pub fn certificate(&self, values: &Values<'_>) -> Result<Option<Arc<ClientCertificate>>> {
        self.client_certificate.as_ref().map(|setting| setting.read(values)).transpose()
    }

    /// The certificate for requests to the API, if there is one.
    pub fn api_certificate(&self, values: &Values<'_>) -> Result<Option<Arc<ClientCertificate>>> {
        let setting = self.client_certificate.as_ref().filter(|setting| setting.for_api);
        setting.map(|setting| setting.read(values)).transpose()
    }

    /// Notes what cannot work of it.
    pub(super) fn check_certificate(&self, checker: &mut Checker<'_>) {
        let authentication = self.method.client_assertion().map(|(authentication, _)| authentication);
        let Some(setting) = &self.client_certificate else {
            if authentication == Some(ClientAuthentication::TlsClientAuth) {
                checker.refuse("clientCertificate", "is missing, and the client authenticates by it");
            }
            return;
        };
        if matches!(self.method, AuthMethod::OAuth1(_) | AuthMethod::Proxy(_)) {
            checker.refuse("clientCertificate", "has no meaning in an option of this type");
        }
        let mut inside = checker.inside("clientCertificate");
        inside.template("certificate", &setting.certificate, Credentials::NotYet);
        check_key("key", &setting.key, &mut inside, Credentials::NotYet);
    }
}
