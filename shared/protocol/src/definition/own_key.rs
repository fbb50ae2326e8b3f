//! What the private key of an option signs: the team's own key, which is sealed beside the definition.

use serde::Serialize;

use super::auth_method::AuthMethod;
use super::auth_option::AuthOption;
use super::body::Node;
use super::checker::Checker;
use super::client_assertion::ClientAssertion;
use super::client_authentication::ClientAuthentication;
use super::key_source::KeySource;
use super::oauth2::OAuth2;
use super::signed::Signed;
use super::template::{Root, Template};

impl AuthOption {
    /// The owner's option signs too.
    pub(super) fn check_signs_nothing(&self, checker: &mut Checker<'_>) {
        if !self.signed.is_empty() {
            checker.refuse("signed", "has no meaning in a proxy option: the shared one signs");
        }
    }

    /// True if its own key signs anything.
    pub(super) fn has_own_key(&self) -> bool {
        self.signed.values().any(Signed::has_own_key) || self.method.authenticates_by_own_key()
    }

    /// True if a key of the team's signs anything that is kept elsewhere.
    pub(super) fn has_kept_key(&self) -> bool {
        let assertion = self.method.client_assertion().and_then(|(_, given)| given);
        let of_assertion = assertion.and_then(|assertion| assertion.key.as_ref());
        let keys = self.signed.values().filter_map(|signed| signed.key.as_ref()).chain(of_assertion);
        keys.into_iter().any(|key| matches!(key, KeySource::Kms(_)))
    }

    /// Notes that nothing asks a kept key to sign between the requests of OAuth 1.0.
    pub(super) fn check_kept_keys(&self, checker: &mut Checker<'_>) {
        if matches!(self.method, AuthMethod::OAuth1(_)) && self.has_kept_key() && self.own_key_signs_config()
        {
            checker.refuse(
                "config",
                "has a `${signed.…}` whose key is in KMS, which an oauth1 option cannot have there",
            );
        }
    }

    /// True if what it says of `setting` holds a JWT that the option's own key signs.
    fn own_key_signs(&self, setting: &impl Serialize) -> bool {
        let is_own = |name: &String| self.signed.get(name).is_some_and(Signed::has_own_key);
        self.signed.values().any(Signed::has_own_key)
            && Node::of(setting).is_none_or(|setting| {
                let mut placeholders = setting.templates().into_iter().flat_map(Template::placeholders);
                placeholders.any(|it| it.root() == Root::Signed && it.path().first().is_some_and(is_own))
            })
    }

    /// True if its own key signs what goes to the API.
    #[must_use]
    pub fn own_key_signs_calls(&self) -> bool {
        self.own_key_signs(&(&self.api_client, &self.test, &self.revoke, &self.after_connect))
    }

    /// True if its own key signs what the browser takes to the provider.
    #[must_use]
    pub fn own_key_signs_authorization(&self) -> bool {
        match &self.method {
            AuthMethod::OAuth2(config) => {
                let OAuth2 { authorize_uri, client_id, scopes, extra, resource, .. } = &**config;
                self.own_key_signs(&(authorize_uri, client_id, scopes, extra, resource))
            }
            AuthMethod::OAuth1(config) => self.own_key_signs(&config.authorize_uri),
            AuthMethod::ClientCredentials(_) | AuthMethod::Proxy(_) => false,
        }
    }

    /// True if its own key signs what asks for new credentials.
    #[must_use]
    pub fn own_key_signs_requests(&self) -> bool {
        self.method.authenticates_by_own_key() || self.own_key_signs_config()
    }

    /// True if its own key signs what `config` says of requests.
    pub(super) fn own_key_signs_config(&self) -> bool {
        match &self.method {
            AuthMethod::OAuth2(config) => self.own_key_signs(config),
            AuthMethod::OAuth1(config) => self.own_key_signs(config),
            AuthMethod::ClientCredentials(config) => self.own_key_signs(config),
            AuthMethod::Proxy(_) => false,
        }
    }
}

impl AuthMethod {
    /// The way the client authenticates, and what is said of the JWT for that.
    pub(super) fn client_assertion(&self) -> Option<(ClientAuthentication, Option<&ClientAssertion>)> {
        match self {
            Self::OAuth2(config) => Some((config.client_auth_location, config.client_assertion.as_ref())),
            Self::ClientCredentials(config) if config.token_uri.is_some() => {
                Some((config.client_auth_location, config.client_assertion.as_ref()))
            }
            Self::ClientCredentials(_) | Self::OAuth1(_) | Self::Proxy(_) => None,
        }
    }

    /// True if the client authenticates by a JWT that the option's own key signs.
    fn authenticates_by_own_key(&self) -> bool {
        self.client_assertion().is_some_and(|(authentication, given)| {
            authentication == ClientAuthentication::PrivateKeyJwt
                && given.is_none_or(ClientAssertion::has_own_key)
        })
    }

    /// `checker` is the option's.
    pub(super) fn check_assertion(&self, checker: &mut Checker<'_>) {
        let Some((authentication, given)) = self.client_assertion() else { return };
        match ClientAssertion::of(given, authentication) {
            Some(assertion) => assertion.check(authentication, checker),
            None if given.is_some() => checker.refuse(
                "config.clientAssertion",
                "has no meaning unless clientAuthLocation is `private_key_jwt` or `client_secret_jwt`",
            ),
            None => {}
        }
    }
}
