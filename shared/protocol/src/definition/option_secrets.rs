//! The secrets of an integration's options: taken out of the definition, and stored sealed beside it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::auth_option::AuthType;
use super::integration::IntegrationDefinition;
use crate::definition::template::Template;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// The settings that are secrets, whatever the type.
const SECRET_SETTINGS: [&str; 3] = ["clientSecret", "consumerSecret", "privateKey"];

/// The secrets of an integration's options, by option key and setting; sealed beside the definition.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OptionSecrets(BTreeMap<String, BTreeMap<String, Secret>>);

impl OptionSecrets {
    /// The secret of a setting.
    #[must_use]
    pub fn get(&self, option: &str, setting: &str) -> Option<&Secret> {
        self.0.get(option)?.get(setting)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These secrets, after what a new definition says of each.
    #[must_use]
    pub fn updated(mut self, given: Vec<(String, &'static str, GivenSecret)>) -> Self {
        let mut updated: BTreeMap<String, BTreeMap<String, Secret>> = BTreeMap::new();
        for (option, setting, given) in given {
            let secret = match given {
                GivenSecret::New(secret) => Some(secret),
                GivenSecret::Unchanged => {
                    self.0.get_mut(&option).and_then(|settings| settings.remove(setting))
                }
                GivenSecret::Removed => None,
            };
            if let Some(secret) = secret {
                updated.entry(option).or_default().insert(setting.to_owned(), secret);
            }
        }
        Self(updated)
    }
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

fn is_literal(setting: &Value) -> bool {
    let template = setting.as_str().and_then(|text| Template::parse(text).ok());
    setting.is_null() || template.is_some_and(|template| template.placeholders().next().is_none())
}

impl IntegrationDefinition {
    /// Takes the secrets out of the options' settings: they are stored sealed, the rest is stored as it is.
    pub fn take_secrets(&mut self) -> Result<Vec<(String, &'static str, GivenSecret)>> {
        let mut taken = Vec::new();
        for (index, option) in self.auth_options.iter_mut().enumerate() {
            for setting in SECRET_SETTINGS {
                // In a client-credentials option it can be a template over what the customer enters.
                let is_template = option.auth_type == AuthType::ClientCredentials
                    && option.config.get(setting).is_some_and(|given| !is_literal(given));
                let removed = match option.config.as_object_mut() {
                    Some(config) if !is_template => config.remove(setting),
                    _ => None,
                };
                let given = match removed {
                    None if is_template => GivenSecret::Removed,
                    None => GivenSecret::Unchanged,
                    Some(Value::Null) => GivenSecret::Removed,
                    Some(Value::String(secret)) => GivenSecret::New(Secret::new(secret)),
                    Some(_) => {
                        return Err(Error::malformed(
                            &format!("authOptions[{index}].config.{setting}"),
                            "must be a string",
                        ));
                    }
                };
                taken.push((option.key.clone(), setting, given));
            }
        }
        Ok(taken)
    }
}
