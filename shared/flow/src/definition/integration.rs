//! An integration: one service that customers connect, and the ways to authenticate with it.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::oauth2::{OAuth2, OWN_CALLBACK_PARAMETERS, OWN_PARAMETERS};
use super::test_call::{ApiClient, TestCall};
use crate::error::{Error, ErrorKey, Result};
use crate::random::hex;
use crate::secret::Secret;
use crate::template::Template;

/// What `PUT /integrations/{key}` takes and `GET` returns, less the secrets.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IntegrationDefinition {
    /// The service's name, as customers know it.
    pub name: String,
    /// An https address of its logo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// Where its API is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_uri: Option<Template>,
    /// The team's own page that the provider calls back; it sends the browser on to `/oauth-callback`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub o_auth_callback_uri: Option<String>,
    /// The ways to authenticate; the first is the default.
    pub auth_options: Vec<AuthOptionDefinition>,
}

/// One way to authenticate, as defined.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthOptionDefinition {
    /// The name that `authOptionKey` chooses it by.
    pub key: String,
    /// `oauth2`.
    #[serde(rename = "type")]
    pub auth_type: AuthType,
    /// What the customer reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the customer reads below the title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON Schema of what the customer enters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Value>,
    /// The settings of the type.
    #[serde(default)]
    pub config: Value,
    /// How the API is called with the credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_client: Option<ApiClient>,
    /// The call that proves new credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<TestCall>,
}

/// The authentication types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthType {
    /// OAuth 2.0, authorization code grant.
    #[serde(rename = "oauth2")]
    OAuth2,
}

/// The secrets of an integration's options, by option key; sealed beside the definition.
pub type OptionSecrets = BTreeMap<String, Secret>;

/// A checked integration.
#[derive(Debug)]
pub struct Integration {
    /// The id, which names the callback's address.
    pub id: String,
    /// The key that the team chose.
    pub key: String,
    /// The workspace that it belongs to.
    pub workspace: String,
    /// The service's name, as customers know it.
    pub name: String,
    /// An https address of its logo.
    pub logo_uri: Option<String>,
    /// Where its API is.
    pub base_uri: Option<Template>,
    /// The team's own page that the provider calls back.
    pub o_auth_callback_uri: Option<String>,
    /// The ways to authenticate; never empty.
    pub auth_options: Vec<AuthOption>,
    /// The options' secrets, sealed.
    pub sealed_secrets: Option<Vec<u8>>,
}

/// A checked way to authenticate.
#[derive(Debug)]
pub struct AuthOption {
    /// The name that `authOptionKey` chooses it by.
    pub key: String,
    /// What the customer reads.
    pub title: Option<String>,
    /// The JSON Schema of what the customer enters.
    pub input_schema: Option<Value>,
    /// The type and its settings.
    pub method: AuthMethod,
    /// How the API is called with the credentials.
    pub api_client: ApiClient,
    /// The call that proves new credentials.
    pub test: Option<TestCall>,
}

/// The type of an option, with its settings.
#[derive(Debug)]
pub enum AuthMethod {
    /// OAuth 2.0, authorization code grant.
    OAuth2(OAuth2),
}

/// The id of a workspace's integration: 32 hexadecimal digits.
///
/// It is derived from the key, so that an integration that is deleted and defined again keeps the callback address
/// that is registered with the provider.
#[must_use]
pub fn integration_id(workspace: &str, key: &str) -> String {
    let mut hash = Context::new(&SHA256);
    // Keys hold no NUL, so the parts stay apart.
    for part in ["linkspan integration id 1", "\0", workspace, "\0", key] {
        hash.update(part.as_bytes());
    }
    hex(&hash.finish().as_ref()[..16])
}

/// A secret as a definition gives it.
#[derive(Debug)]
pub enum GivenSecret {
    /// Not mentioned: what is stored stays.
    Unchanged,
    /// `null`: what is stored goes.
    Removed,
    /// A new one.
    New(Secret),
}

impl IntegrationDefinition {
    /// Takes the secrets out of the options' settings: they are stored sealed, the rest is stored as it is.
    pub fn take_secrets(&mut self) -> Result<Vec<(String, GivenSecret)>> {
        let mut taken = Vec::with_capacity(self.auth_options.len());
        for (index, option) in self.auth_options.iter_mut().enumerate() {
            let given = match option.config.as_object_mut().and_then(|config| config.remove("clientSecret")) {
                None => GivenSecret::Unchanged,
                Some(Value::Null) => GivenSecret::Removed,
                Some(Value::String(secret)) => GivenSecret::New(Secret::new(secret)),
                Some(_) => {
                    return Err(malformed(
                        &format!("authOptions[{index}].config.clientSecret"),
                        "must be a string",
                    ));
                }
            };
            taken.push((option.key.clone(), given));
        }
        Ok(taken)
    }
}

impl Integration {
    /// Checks a definition. Its secrets are checked only where they are used.
    pub fn new(
        workspace: &str,
        key: &str,
        definition: IntegrationDefinition,
        sealed_secrets: Option<Vec<u8>>,
    ) -> Result<Self> {
        super::check_key(key, "key")?;
        if is_id(key) {
            return Err(malformed("key", "must not look like an id (32 hexadecimal digits)"));
        }
        if definition.name.trim().is_empty() || definition.name.len() > 255 {
            return Err(malformed("name", "must be 1 to 255 bytes"));
        }
        for (field, uri) in
            [("logoUri", &definition.logo_uri), ("oAuthCallbackUri", &definition.o_auth_callback_uri)]
        {
            if let Some(uri) = uri {
                check_web_address(uri, field)?;
            }
        }
        if definition.auth_options.is_empty() {
            return Err(malformed("authOptions", "must hold at least one option"));
        }
        let mut auth_options: Vec<AuthOption> = Vec::with_capacity(definition.auth_options.len());
        for (index, option) in definition.auth_options.into_iter().enumerate() {
            let path = format!("authOptions[{index}]");
            if auth_options.iter().any(|other| other.key == option.key) {
                return Err(malformed(&format!("{path}.key"), "is taken by another option"));
            }
            auth_options.push(AuthOption::new(option, &path)?);
        }
        Ok(Self {
            id: integration_id(workspace, key),
            key: key.to_owned(),
            workspace: workspace.to_owned(),
            name: definition.name,
            logo_uri: definition.logo_uri,
            base_uri: definition.base_uri,
            o_auth_callback_uri: definition.o_auth_callback_uri,
            auth_options,
            sealed_secrets,
        })
    }

    /// The option named `key`, or the default one.
    pub fn auth_option(&self, key: Option<&str>) -> Result<&AuthOption> {
        let found = match key {
            Some(key) => self.auth_options.iter().find(|option| option.key == key),
            None => self.auth_options.first(),
        };
        found.ok_or_else(|| {
            let keys: Vec<&str> = self.auth_options.iter().map(|option| option.key.as_str()).collect();
            let message = format!("There is no such authOptionKey; there is: {}.", keys.join(", "));
            Error::new(ErrorKey::NotFound, message).field("authOptionKey")
        })
    }

    /// The path that the provider calls back: the integration's own, which is the defence against mix-up
    /// (RFC 9700 §4.4.2); or the bare one, when the team's own page stands between.
    #[must_use]
    pub fn callback_path(&self) -> String {
        match self.o_auth_callback_uri {
            Some(_) => "/oauth-callback".to_owned(),
            None => format!("/oauth-callback/{}", self.id),
        }
    }
}

impl AuthOption {
    fn new(definition: AuthOptionDefinition, path: &str) -> Result<Self> {
        super::check_key(&definition.key, &format!("{path}.key"))?;
        if let Some(schema) = &definition.input_schema {
            crate::input::check_schema(schema, &format!("{path}.inputSchema"))?;
        }
        let method = match definition.auth_type {
            AuthType::OAuth2 => {
                let config: OAuth2 = super::read(&definition.config, &format!("{path}.config"))?;
                if let Some(name) = config.extra.keys().find(|name| OWN_PARAMETERS.contains(&name.as_str())) {
                    return Err(malformed(
                        &format!("{path}.config.extra.{name}"),
                        "is set by Linkspan itself",
                    ));
                }
                if let Some(name) = config
                    .callback_parameters
                    .iter()
                    .find(|name| OWN_CALLBACK_PARAMETERS.contains(&name.as_str()))
                {
                    let field = format!("{path}.config.callbackParameters");
                    return Err(malformed(&field, &format!("{name} is never kept")));
                }
                AuthMethod::OAuth2(config)
            }
        };
        Ok(Self {
            key: definition.key,
            title: definition.title,
            input_schema: definition.input_schema,
            method,
            api_client: definition.api_client.unwrap_or_default(),
            test: definition.test,
        })
    }
}

/// Whether `text` has the form of an integration's id.
#[must_use]
pub fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn check_web_address(uri: &str, field: &str) -> Result<()> {
    let parsed = url::Url::parse(uri).ok().filter(|url| {
        let secure = url.scheme() == "https";
        let local = url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
        (secure || local) && url.username().is_empty() && url.password().is_none()
    });
    parsed.map(drop).ok_or_else(|| malformed(field, "must be an absolute https address"))
}

fn malformed(field: &str, problem: &str) -> Error {
    Error::new(ErrorKey::RequestMalformed, format!("{field}: {problem}")).field(field)
}
