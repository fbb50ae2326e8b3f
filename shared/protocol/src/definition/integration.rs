//! An integration: one service that customers connect, and the ways to authenticate with it.

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::auth_option::{AuthOption, AuthOptionDefinition};
use super::check::{check_key, check_web_address};
use crate::definition::template::Template;
use crate::error::{Error, ErrorKey, Result};
use crate::random::hex;

/// What `PUT /integrations/{key}` takes and `GET` returns, less the secrets.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IntegrationDefinition {
    /// The service's name, as customers know it.
    pub name: String,
    /// An https address of its logo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// The catalogue entry that it is made from. There is no catalogue yet: it is kept, and nothing comes from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<String>,
    /// Where its API is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_uri: Option<Template>,
    /// The team's own page that the provider calls back; it sends the browser on to `/oauth-callback`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub o_auth_callback_uri: Option<String>,
    /// Whether other workspaces may use its registration with a `proxy` option: the root workspace's only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
    /// The workspaces that may; all of them unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_with: Option<Vec<String>>,
    /// The ways to authenticate; the first is the default.
    #[serde(deserialize_with = "super::objects")]
    pub auth_options: Vec<AuthOptionDefinition>,
}

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
    /// Who may use its registration with a `proxy` option.
    pub sharing: Sharing,
    /// The options' secrets, sealed.
    pub sealed_secrets: Option<Vec<u8>>,
}

/// Who may use an integration's registration with a `proxy` option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody.
    Private,
    /// Every workspace.
    Everyone,
    /// These workspaces.
    With(Vec<String>),
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

impl Integration {
    /// Checks a definition. Its secrets are checked only where they are used, and its schemas with
    /// [`Self::check_input_schemas`].
    pub fn new(
        workspace: &str,
        key: &str,
        definition: IntegrationDefinition,
        sealed_secrets: Option<Vec<u8>>,
    ) -> Result<Self> {
        check_key(key, "key")?;
        if is_id(key) {
            return Err(Error::malformed("key", "must not look like an id (32 hexadecimal digits)"));
        }
        if definition.name.trim().is_empty() || definition.name.len() > 255 {
            return Err(Error::malformed("name", "must be 1 to 255 bytes"));
        }
        for (field, uri) in
            [("logoUri", &definition.logo_uri), ("oAuthCallbackUri", &definition.o_auth_callback_uri)]
        {
            if let Some(uri) = uri {
                check_web_address(uri, field)?;
            }
        }
        if definition.auth_options.is_empty() {
            return Err(Error::malformed("authOptions", "must hold at least one option"));
        }
        let mut auth_options: Vec<AuthOption> = Vec::with_capacity(definition.auth_options.len());
        for (index, option) in definition.auth_options.into_iter().enumerate() {
            let path = format!("authOptions[{index}]");
            if auth_options.iter().any(|other| other.key == option.key) {
                return Err(Error::malformed(&format!("{path}.key"), "is taken by another option"));
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
            sharing: match (definition.shared, definition.shared_with) {
                (false, _) => Sharing::Private,
                (true, None) => Sharing::Everyone,
                (true, Some(workspaces)) => Sharing::With(workspaces),
            },
            sealed_secrets,
        })
    }

    /// Refuses a schema that is none: before it is stored, so that who reads it need not bring the engine.
    pub fn check_input_schemas(&self) -> Result<()> {
        for (index, option) in self.auth_options.iter().enumerate() {
            if let Some(schema) = &option.input_schema {
                crate::definition::input::check_schema(schema, &format!("authOptions[{index}].inputSchema"))?;
            }
        }
        Ok(())
    }

    /// The option named `key`, or the default one. One that is not enabled does not exist.
    pub fn auth_option(&self, key: Option<&str>) -> Result<&AuthOption> {
        let found = match key {
            Some(key) => self.enabled_options().find(|option| option.key == key),
            None => self.enabled_options().next(),
        };
        found.ok_or_else(|| {
            let keys: Vec<&str> = self.enabled_options().map(|option| option.key.as_str()).collect();
            let message = format!("There is no such authOptionKey; there is: {}.", keys.join(", "));
            Error::new(ErrorKey::NotFound, message).field("authOptionKey")
        })
    }

    /// The options that customers can use.
    pub fn enabled_options(&self) -> impl Iterator<Item = &AuthOption> {
        self.auth_options.iter().filter(|option| option.enabled)
    }

    /// Whether `workspace` may use this integration's registration with a `proxy` option.
    #[must_use]
    pub fn is_shared_with(&self, workspace: &str) -> bool {
        match &self.sharing {
            Sharing::Private => false,
            Sharing::Everyone => true,
            Sharing::With(workspaces) => workspaces.iter().any(|shared| shared == workspace),
        }
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

/// The id that an id or a key means: a key never looks like an id.
#[must_use]
pub fn integration_id_of(workspace: &str, id_or_key: &str) -> String {
    if is_id(id_or_key) { id_or_key.to_owned() } else { integration_id(workspace, id_or_key) }
}

/// Whether `text` has the form of an integration's id.
#[must_use]
pub fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}
