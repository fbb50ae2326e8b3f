//! The settings of an `oauth2` option about the provider's answer: its parameters, and what they mean.

use serde::{Deserialize, Serialize};

use super::callback_parameters::CallbackParameters;
use super::checker::{Checker, Credentials};
use super::template::{Template, group};

/// The parameters of an authorization response that Linkspan interprets (RFC 6749 §4.1.2, RFC 9207 §2). None may
/// appear twice (RFC 6749 §3.1), and none is kept with the credentials.
pub const OWN_CALLBACK_PARAMETERS: &[&str] = &["code", "error", "error_description", "iss", "state"];

/// The parameter by which Microsoft says that an administrator has consented.
pub const ADMIN_CONSENT: &str = "admin_consent";

/// What the customer's consent gives (RFC 6749 §1.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConsentGrant {
    /// A code, which is exchanged for tokens (§4.1).
    #[default]
    AuthorizationCode,
    /// Admission of the client, which gets its tokens by its own credentials (§4.4). The callback has no code.
    ClientCredentials,
}

impl ConsentGrant {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The provider's names of parameters that are not called as in RFC 6749 §4.1.2.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CallbackNames {
    /// The name of the parameter that holds the authorization code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl CallbackNames {
    pub(super) fn is_empty(&self) -> bool {
        self.code.is_none()
    }

    /// The name of the parameter that holds the authorization code.
    #[must_use]
    pub fn code(&self) -> &str {
        self.code.as_deref().unwrap_or("code")
    }
}

/// The provider's signature of its answer, as Shopify makes it: HMAC-SHA256 in hexadecimal digits, keyed with the client
/// secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CallbackHmac {
    /// The name of the parameter that holds it.
    pub parameter: String,
}

/// What an `oauth2` option says about the provider's answer.
#[derive(Debug, Clone, Copy)]
pub struct CallbackSettings<'a> {
    pub(super) parameters: &'a CallbackParameters,
    pub(super) names: &'a CallbackNames,
    pub(super) denials: &'a [String],
    pub(super) redirect_uri_value: Option<&'a Template>,
    pub(super) grant: ConsentGrant,
    pub(super) hmac: Option<&'a CallbackHmac>,
}

impl<'a> CallbackSettings<'a> {
    pub(super) fn check(self, checker: &mut Checker<'_>) {
        if let Some(name) = &self.names.code {
            let setting = "callbackNames.code";
            checker.name(setting, name);
            if OWN_CALLBACK_PARAMETERS.contains(&name.as_str()) {
                checker.refuse(setting, format!("is {name}, which has a meaning of its own"));
            }
        }
        if let Some(hmac) = self.hmac {
            let (setting, name) = ("callbackHmac.parameter", hmac.parameter.as_str());
            checker.name(setting, name);
            if OWN_CALLBACK_PARAMETERS.contains(&name) || self.names.code() == name {
                checker.refuse(setting, format!("is {name}, which has a meaning of its own"));
            }
            if checker.lacks("clientSecret") {
                checker.refuse("clientSecret", "is missing, and callbackHmac is keyed with it");
            }
        }
        for (index, code) in self.denials.iter().enumerate() {
            checker.name(&format!("denials[{index}]"), code);
        }
        if let Some(template) = self.redirect_uri_value {
            let setting = "redirectUriValue";
            if template.as_str().trim().is_empty() {
                checker.refuse(setting, "is empty");
            }
            checker.template(setting, template, Credentials::NotYet);
        }
        let setting = "callbackParameters";
        for (name, pattern) in self.parameters.patterns() {
            if let Some(fault) = group::fault(pattern) {
                checker.refuse(&format!("{setting}.{name}.pattern"), fault);
            }
        }
        for name in self.parameters.all() {
            checker.name(setting, name);
            if self.is_own(name) {
                checker.refuse(setting, format!("has {name}, which is never kept"));
            }
        }
    }

    /// The parameters that are kept with the credentials.
    pub fn kept(self) -> impl Iterator<Item = &'a str> {
        self.parameters.all().filter(move |name| !self.is_own(name))
    }

    /// The parameters that a flow needs beside [`OWN_CALLBACK_PARAMETERS`].
    #[must_use]
    pub fn further(self) -> Vec<String> {
        self.own_names().chain(self.kept()).map(str::to_owned).collect()
    }

    /// The provider's own names of parameters that Linkspan interprets. They are treated as
    /// [`OWN_CALLBACK_PARAMETERS`] are.
    pub fn own_names(self) -> impl Iterator<Item = &'a str> {
        let consent = (self.grant == ConsentGrant::ClientCredentials).then_some(ADMIN_CONSENT);
        let hmac = self.hmac.map(|hmac| hmac.parameter.as_str());
        self.names.code.as_deref().into_iter().chain(consent).chain(hmac)
    }

    fn is_own(self, name: &str) -> bool {
        OWN_CALLBACK_PARAMETERS.contains(&name) || self.own_names().any(|own| own == name)
    }
}
