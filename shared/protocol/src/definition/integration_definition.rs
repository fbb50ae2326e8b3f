//! An integration's definition: the body of `PUT /integrations/{key}`, and its stored form.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::auth_method::AuthType;
use super::auth_option::AuthOptionDefinition;
use super::option_secrets::{Given, GivenSecret, SECRET_SETTINGS};
use super::problem::Problems;
use super::read::read_leniently;
use super::team_parameters::is_sealed;
use super::template::{Address, Template};
use crate::error::Result;
use crate::id::WorkspaceKey;
use crate::secret::{Secret, SecretMap};

/// An integration's definition: the body of `PUT /integrations/{key}`, which `GET` returns without the secrets.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IntegrationDefinition {
    /// The service's name, as customers know it.
    pub name: String,
    /// An https address of its logo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// The connector that the rest of the definition comes from. Whoever puts a definition lays it over the connector's
    /// first; a definition that was stored before there were connectors is whole without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<String>,
    /// The version of the connector that is in here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_version: Option<String>,
    /// The team's values; without the sealed ones, once these are taken out. `None` is `null`: all are removed.
    #[serde(
        default = "no_parameters",
        deserialize_with = "parameters",
        skip_serializing_if = "are_no_parameters"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Map<String, Value>>"))]
    pub parameters: Option<SecretMap>,
    /// The JSON Schema of the team's values, those aside that every client has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters_schema: Option<Value>,
    /// The address of its API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_uri: Option<Address>,
    /// The team's own page that the provider calls back; it sends the browser on to Linkspan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub o_auth_callback_uri: Option<String>,
    /// The path that this page sends the browser on to.
    #[serde(default, skip_serializing_if = "CallbackPath::is_bare")]
    pub o_auth_callback_path: CallbackPath,
    /// The address of the team's application where it starts flows. A customer who begins at the provider is sent
    /// there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_uri: Option<String>,
    /// True if other workspaces may use its registration with a `proxy` option. Only the root workspace's can be
    /// shared.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
    /// The workspaces that may use it; all of them unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    pub shared_with: Option<Vec<WorkspaceKey>>,
    /// The ways to authenticate; the first is the default.
    #[serde(default)]
    pub auth_options: Vec<AuthOptionDefinition>,
    /// The address of this schema, for editors; it is not kept.
    #[serde(default, rename = "$schema", skip_serializing)]
    pub schema: Option<String>,
    /// The parts that could not be read.
    #[serde(skip)]
    pub(super) unread: Unread,
}

/// The path that the team's own page sends the browser on to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum CallbackPath {
    /// `/oauth-callback`, which all integrations share: only the issuer tells their providers' answers apart.
    #[default]
    Bare,
    /// `/oauth-callback/{integrationId}`, which is the integration's own.
    Own,
}

impl CallbackPath {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_bare(&self) -> bool {
        *self == Self::Bare
    }
}

/// The parts of a definition that could not be read.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread {
    pub(super) problems: Problems,
    pub(super) options: Vec<UnreadOption>,
}

/// An option that could not be read, and so cannot be used. No other option takes its place.
#[derive(Debug, Clone)]
pub(super) struct UnreadOption {
    pub(super) key: Option<String>,
    pub(super) place: usize,
}

impl IntegrationDefinition {
    /// Reads a definition as far as possible. [`super::Integration::problems`] reports the parts that could not be
    /// read.
    ///
    /// # Errors
    ///
    /// `request_malformed` that names each field that does not fit, if nothing of the whole can be used.
    pub fn read(mut value: Value) -> Result<Self> {
        let mut unread = Unread::default();
        let options = value.as_object_mut().and_then(|object| object.remove("authOptions"));
        let read: Option<Self> = read_leniently(&value, "", &mut unread.problems);
        let mut auth_options = Vec::new();
        match options {
            Some(Value::Array(options)) => {
                for (place, option) in options.iter().enumerate() {
                    match read_option(option, place, &mut unread.problems) {
                        Some(option) => auth_options.push(option),
                        None if option["enabled"] == false => {}
                        None => {
                            let key = option["key"].as_str().map(str::to_owned);
                            unread.options.push(UnreadOption { key, place });
                        }
                    }
                }
            }
            Some(_) => unread.problems.add("authOptions", "must be an array"),
            None => unread.problems.add("authOptions", "is missing"),
        }
        match read {
            Some(definition) => Ok(Self { auth_options, unread, ..definition }),
            None => Err(unread.problems.refusal()),
        }
    }

    /// Takes the secrets out of the options' settings and the parameters: they are stored sealed, while the rest is
    /// stored as it is.
    pub fn take_secrets(&mut self) -> Given {
        let parameters = self.take_parameters();
        Given { options: self.take_options_secrets(), parameters }
    }

    fn take_parameters(&mut self) -> Option<BTreeMap<String, GivenSecret>> {
        let given = self.parameters.replace(SecretMap::default())?;
        let (mut open, mut taken) = (SecretMap::default(), BTreeMap::new());
        for (name, value) in given.expose() {
            match value {
                Value::Null => drop(taken.insert(name.clone(), GivenSecret::Removed)),
                value if !is_sealed(self.parameters_schema.as_ref(), name) => {
                    open.insert(name, value.clone());
                }
                Value::String(secret) => {
                    taken.insert(name.clone(), GivenSecret::New(Secret::from(secret.as_str())));
                }
                _ => self.unread.problems.add(format!("parameters.{name}"), "must be a string"),
            }
        }
        self.parameters = Some(open);
        Some(taken)
    }

    /// What the team gave of this definition, without the secrets in it; they must have been taken out of this one.
    #[must_use]
    pub fn without_secrets(&self, mut given: Map<String, Value>) -> Map<String, Value> {
        given.shift_remove("$schema");
        if let Some(Value::Object(parameters)) = given.get_mut("parameters") {
            parameters
                .retain(|name, value| !value.is_null() && !is_sealed(self.parameters_schema.as_ref(), name));
        }
        for option in given.get_mut("authOptions").and_then(Value::as_array_mut).into_iter().flatten() {
            let whole = self.auth_options.iter().find(|whole| option["key"] == whole.key.as_str());
            if let Some(Value::Object(config)) = option.get_mut("config") {
                // What is left in the whole definition is a template.
                let is_template =
                    |setting: &str| whole.is_some_and(|whole| whole.config.get(setting).is_some());
                config.retain(|setting, _| {
                    !SECRET_SETTINGS.contains(&setting.as_str()) || is_template(setting)
                });
            }
        }
        given
    }

    fn take_options_secrets(&mut self) -> Vec<(String, &'static str, GivenSecret)> {
        let mut taken = Vec::new();
        for option in &mut self.auth_options {
            for setting in SECRET_SETTINGS {
                // The setting can be a template over the customer's input, who brings a client of their own.
                let is_template = matches!(option.auth_type, AuthType::ClientCredentials | AuthType::OAuth2)
                    && option.config.get(setting).is_some_and(|given| !is_literal(given));
                let removed = match option.config.as_object_mut() {
                    Some(config) if !is_template => config.shift_remove(setting),
                    _ => None,
                };
                let given = match removed {
                    None if is_template => GivenSecret::Removed,
                    None => GivenSecret::Unchanged,
                    Some(Value::Null) => GivenSecret::Removed,
                    Some(Value::String(secret)) => GivenSecret::New(Secret::new(secret)),
                    Some(_) => {
                        let field = format!("authOptions[{}].config.{setting}", option.place);
                        self.unread.problems.add(field, "must be a string");
                        GivenSecret::Unchanged
                    }
                };
                taken.push((option.key.clone(), setting, given));
            }
        }
        taken
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is the field's default")]
fn no_parameters() -> Option<SecretMap> {
    Some(SecretMap::default())
}

#[expect(clippy::ref_option, reason = "serde passes a reference")]
fn are_no_parameters(parameters: &Option<SecretMap>) -> bool {
    parameters.as_ref().is_none_or(SecretMap::is_empty)
}

/// `null` is told from what is left out.
fn parameters<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretMap>, D::Error> {
    Option::<SecretMap>::deserialize(deserializer)
}

fn is_literal(setting: &Value) -> bool {
    let template = setting.as_str().and_then(|text| Template::parse(text).ok());
    setting.is_null() || template.is_some_and(|template| template.placeholders().next().is_none())
}

fn read_option(option: &Value, place: usize, problems: &mut Problems) -> Option<AuthOptionDefinition> {
    let path = format!("authOptions[{place}]");
    let definition: Option<AuthOptionDefinition> = read_leniently(option, &path, problems);
    definition.map(|definition| AuthOptionDefinition { place, ..definition })
}
