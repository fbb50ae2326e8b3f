//! One way to authenticate with an integration.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::after_connect::{self, AccountTemplates, AfterConnect};
use super::api_calls::{ApiClient, RevokeCall, TestCall};
use super::auth_method::{AuthMethod, AuthType};
use super::bounded_schema::BoundedSchema;
use super::check::check_key;
use super::checker::{Checked, Checker, Credentials, KnownSecrets, Request};
use super::client_certificate::CertificateSetting;
use super::customer_host::CustomerHost;
use super::discovered::Discovered;
use super::entered_text::{self, hosts_and_paths, listed_hosts_and_paths};
use super::input_names::InputNames;
use super::means::{self, Meanings};
use super::problem::Problems;
use super::shown_text;
use super::signed::Signed;
use super::template::{Address, Root};
use crate::redirect_uri::{Loopback, OwnRoutes};

/// One way to authenticate, as defined.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthOptionDefinition {
    /// The name that `authOptionKey` chooses it by.
    pub key: String,
    /// `oauth2`, `oauth1`, `client-credentials` or `proxy`.
    #[serde(rename = "type")]
    pub auth_type: AuthType,
    /// The title that the customer reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The text that the customer reads below the title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// True if customers can use it.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub enabled: bool,
    /// An https address of instructions for the customer: how to get the values that the schema asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help_uri: Option<String>,
    /// The JSON Schema of the customer's input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Value>,
    /// The settings of the type.
    #[serde(default)]
    pub config: Value,
    /// The settings for calls to the API with the credentials.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub api_client: Option<ApiClient>,
    /// The call that proves new credentials.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub test: Option<TestCall>,
    /// The call that revokes credentials, where the provider has no revocation endpoint.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub revoke: Option<RevokeCall>,
    /// The calls that complete new credentials, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after_connect: Vec<AfterConnect>,
    /// The account at the provider.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub account: Option<AccountTemplates>,
    /// The certificate by which it authenticates in the TLS handshake.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub client_certificate: Option<CertificateSetting>,
    /// The JWTs that it signs, by the names that `${signed.…}` has for them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub signed: BTreeMap<String, Signed>,
    /// The address of its API, where that is not the integration's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_uri: Option<Address>,
    /// True if customers run the service themselves, so that the host is theirs to name. Then the client secret goes
    /// to no address with a placeholder in its host.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub customer_host: bool,
    /// True if the client secret goes to the customer's host too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub customer_host_gets_secret: bool,
    /// Domains that the public suffix list has as suffixes, and that are all the provider's own: `myshopify.com`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provider_domains: Vec<String>,
    /// The settings that were discovered when it was defined. Nobody gives them: what is given is left out.
    #[serde(
        default,
        deserialize_with = "super::read::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub discovered: Option<Discovered>,
    /// Its number in the definition, by which problems name it.
    #[serde(skip)]
    pub(super) place: usize,
}

/// Leaves the settings out: the secrets are in them until they are taken out.
impl fmt::Debug for AuthOptionDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthOptionDefinition")
            .field("key", &self.key)
            .field("auth_type", &self.auth_type)
            .finish_non_exhaustive()
    }
}

/// A way to authenticate, with as much of its definition as could be read.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the option")]
pub struct AuthOption {
    /// The name that `authOptionKey` chooses it by.
    pub key: String,
    /// The title that the customer reads.
    pub title: Option<String>,
    /// The JSON Schema of the customer's input.
    pub input_schema: Option<Value>,
    /// True if customers can use it.
    pub enabled: bool,
    /// The text that the customer reads below the title.
    pub description: Option<String>,
    /// An https address of instructions for the customer: how to get the values that the schema asks for.
    pub help_uri: Option<String>,
    /// The type and its settings.
    pub method: AuthMethod,
    /// The settings for calls to the API with the credentials.
    pub api_client: ApiClient,
    /// The call that proves new credentials.
    pub test: Option<TestCall>,
    /// The call that revokes credentials.
    pub revoke: Option<RevokeCall>,
    /// The calls that complete new credentials, in their order.
    pub after_connect: Vec<AfterConnect>,
    /// The account at the provider.
    pub account: Option<AccountTemplates>,
    /// The certificate by which it authenticates in the TLS handshake.
    pub client_certificate: Option<CertificateSetting>,
    /// The JWTs that it signs.
    pub signed: BTreeMap<String, Signed>,
    /// The address of its API, where that is not the integration's.
    pub(super) base_uri: Option<Address>,
    /// Whether the host is the customer's to name.
    pub customer_host: CustomerHost,
    /// Public suffixes that are the provider's own.
    pub provider_domains: Vec<String>,
    /// The inputs that may have a port and a path: hosts of the customer's own.
    pub(super) hosts_and_paths: Vec<Vec<String>>,
    /// What the values of its properties, and of the integration's, mean.
    pub(super) means: Vec<Meanings>,
    /// True if its client's identifier is the address of a document that Linkspan serves.
    pub has_client_document: bool,
    /// True if it has no client of its own, but the one of the integration's parameters.
    pub(super) takes_client: bool,
    /// True if one of its templates names the callback's address.
    pub(super) names_callback_uri: bool,
    /// The sealed parameters of the integration that its templates name.
    pub(super) sealed_parameters: Vec<String>,
    /// The JSON Schema of the integration's parameters.
    pub(super) parameters_schema: Option<Value>,
    pub(super) place: usize,
}

/// The context that an option is checked in.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) base_uri: Option<&'a Address>,
    /// The names that the integration's parameters can have.
    pub(super) parameters: &'a InputNames,
    pub(super) secrets: KnownSecrets<'a>,
    pub(super) loopback: Loopback,
    pub(super) own: &'a OwnRoutes,
    pub(super) is_answered_at_bare_path: bool,
}

impl AuthOption {
    /// The option, unless it cannot be read.
    pub(super) fn read(definition: AuthOptionDefinition, problems: &mut Problems) -> Option<Self> {
        let path = format!("authOptions[{}].config", definition.place);
        let config = match &definition.discovered {
            Some(discovered) => Cow::Owned(discovered.below(&definition.config)),
            None => Cow::Borrowed(&definition.config),
        };
        let mut method = AuthMethod::read(definition.auth_type, &config, &path, problems)?;
        let customer_host = CustomerHost::of(definition.customer_host, definition.customer_host_gets_secret);
        method.set_customer_host(customer_host);
        if definition.customer_host_gets_secret && !definition.customer_host {
            let field = format!("authOptions[{}].customerHostGetsSecret", definition.place);
            problems.add(field, "has no meaning without customerHost");
        }
        let means = means::of(Root::Parameters, definition.input_schema.as_ref());
        // Elsewhere the host is the definition's.
        let entered = if definition.customer_host { hosts_and_paths } else { listed_hosts_and_paths };
        let hosts_and_paths = entered(definition.input_schema.as_ref());
        Some(Self {
            key: definition.key,
            title: definition.title,
            description: definition.description,
            enabled: definition.enabled,
            help_uri: definition.help_uri,
            input_schema: definition.input_schema,
            api_client: definition.api_client.or_else(|| method.server_client()).unwrap_or_default(),
            test: definition.test,
            revoke: definition.revoke,
            after_connect: definition.after_connect,
            account: definition.account,
            client_certificate: definition.client_certificate,
            signed: definition.signed,
            base_uri: definition.base_uri,
            customer_host,
            provider_domains: definition.provider_domains,
            hosts_and_paths: [hosts_and_paths, means::hosts_and_paths(&means)].concat(),
            means,
            has_client_document: definition.discovered.is_some_and(|found| found.has_client_document()),
            takes_client: false,
            names_callback_uri: false,
            sealed_parameters: Vec::new(),
            parameters_schema: None,
            place: definition.place,
            method,
        })
    }

    /// The option's path in the definition: `authOptions[0]`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("authOptions[{}]", self.place)
    }

    fn checked(&self) -> Checked<'_> {
        Checked {
            key: &self.key,
            enabled: self.enabled,
            has_client: self.method.auth_type().client_setting().is_some(),
            takes_client: self.takes_client,
            sealed_parameters: &self.sealed_parameters,
            means: &self.means,
        }
    }

    /// Notes every setting that cannot work.
    pub(super) fn check(&self, around: Surroundings<'_>, problems: &mut Problems) {
        let path = self.path();
        if let Err(problem) = check_key(&self.key) {
            problems.add(format!("{path}.key"), problem);
        }
        if let Some(Err(problem)) = self.input_schema.as_ref().map(BoundedSchema::of) {
            problems.add(format!("{path}.inputSchema"), problem);
        }
        if let Some(schema) = &self.input_schema {
            let at = format!("{path}.inputSchema");
            entered_text::check(schema, &at, problems);
            means::check(schema, &at, problems);
            shown_text::check(schema, &at, (around.loopback, around.own), problems);
            self.check_authorities(around.base_uri, problems);
            let is_open = hosts_and_paths(Some(schema)) != listed_hosts_and_paths(Some(schema));
            if self.customer_host == CustomerHost::No && is_open {
                let problem =
                    "has the format `host-and-path`, which needs `customerHost` or an `enum` of hosts";
                problems.add(format!("{path}.inputSchema"), problem);
            }
        }
        let inputs = InputNames::of(self.input_schema.as_ref());
        let Surroundings { base_uri, parameters, secrets, loopback, own, is_answered_at_bare_path } = around;
        let signed = &self
            .signed
            .iter()
            .map(|(name, signed)| (name.as_str(), signed.placeholders().collect()))
            .collect();
        let mut checker = Checker {
            problems,
            path,
            inputs: &inputs,
            parameters,
            signed,
            secrets,
            option: self.checked(),
            request: Request::Unknown,
            loopback,
            own,
        };
        checker.web_address("helpUri", self.help_uri.as_ref());
        for (index, domain) in self.provider_domains.iter().enumerate() {
            if !is_provider_domain(domain) {
                let setting = format!("providerDomains[{index}]");
                checker
                    .refuse(&setting, "must be a domain of two labels or more, such as `shops.example.com`");
            }
        }
        self.method.check(&mut checker.inside("config"));
        self.method.check_assertion(&mut checker);
        self.check_kept_keys(&mut checker);
        self.check_certificate(&mut checker);
        // An OAuth 1.0 answer belongs to its flow by `oauth_token`.
        if let AuthMethod::OAuth2(config) = &self.method
            && is_answered_at_bare_path
        {
            config.check_issuer_is_required(&mut checker.inside("config"));
        }
        let named = match &self.method {
            AuthMethod::ClientCredentials(config) => config.credentials(&inputs).map(|mut names| {
                names.append(&mut after_connect::names(&self.after_connect));
                names
            }),
            // The owner's option does the work, and is checked in the owner's definition.
            AuthMethod::Proxy(_) => {
                if self.base_uri.is_some() {
                    checker.refuse("baseUri", "has no meaning in a proxy option: the shared one's is used");
                }
                return self.check_signs_nothing(&mut checker);
            }
            AuthMethod::OAuth1(config) if config.has_entered_tokens() => inputs.listed().cloned(),
            AuthMethod::OAuth2(_) | AuthMethod::OAuth1(_) => None,
        };
        let credentials = named.as_ref().map_or(Credentials::Given, Credentials::Named);
        for (name, signed) in &self.signed {
            signed.check(name, &mut checker, credentials);
        }
        match (&self.base_uri, base_uri) {
            (Some(own), _) => checker.own_base(own, credentials),
            (None, Some(base_uri)) => checker.base(base_uri, credentials),
            (None, None) => {}
        }
        let base_uri = self.base_uri.as_ref().or(base_uri);
        let is_signed = matches!(self.method, AuthMethod::OAuth1(_));
        self.api_client.check(&mut checker.inside("apiClient"), credentials, is_signed);
        for (index, call) in self.after_connect.iter().enumerate() {
            let setting = format!("afterConnect[{index}]");
            call.check(&mut checker.inside(&setting), base_uri, credentials);
            self.api_client.check_call(&mut checker, &setting, call.call());
        }
        self.check_proofs(&mut checker);
        if let Some(account) = &self.account {
            account.check(&mut checker.inside("account"), credentials);
        }
        if let Some(test) = &self.test {
            self.check_test(test, &mut checker, base_uri, credentials);
        }
        if let Some(revoke) = &self.revoke {
            revoke.check(&mut checker.inside("revoke"), base_uri, credentials);
            self.api_client.check_call(&mut checker, "revoke", revoke.call());
        }
    }

    fn check_test(
        &self,
        test: &TestCall,
        checker: &mut Checker<'_>,
        base_uri: Option<&Address>,
        credentials: Credentials<'_>,
    ) {
        test.check(&mut checker.inside("test"), base_uri, credentials);
        self.api_client.check_call(checker, "test", test.call());
        if matches!(self.method, AuthMethod::OAuth1(_)) && test.signing.is_some() {
            checker.refuse("test.signing", "has no place where OAuth 1.0 signs");
        }
    }
}

fn is_provider_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    domain.contains('.')
        && domain.split('.').all(is_label)
        && domain.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()))
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_true(flag: &bool) -> bool {
    *flag
}
