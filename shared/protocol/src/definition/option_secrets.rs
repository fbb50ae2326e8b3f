//! The secrets of an integration's options. They are taken out of the definition and stored sealed beside it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// The settings that are secrets, whatever the type.
pub(super) const SECRET_SETTINGS: [&str; 3] = ["clientSecret", "consumerSecret", "privateKey"];

/// Under this key, which no option has, are the integration's own parameters.
const PARAMETERS: &str = "";

/// The secrets of an integration's options, by option key and setting; sealed beside the definition.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OptionSecrets(BTreeMap<String, BTreeMap<String, Secret>>);

impl OptionSecrets {
    /// The secret of an option's setting: its own, or else, if it takes that, the integration's parameter.
    pub(super) fn get(&self, option: &str, setting: &str, takes_parameter: bool) -> Option<&Secret> {
        let of = |key: &str| self.0.get(key)?.get(setting);
        of(option).or_else(|| of(PARAMETERS).filter(|_| takes_parameter))
    }

    /// The integration's own parameters that are sealed.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.get(PARAMETERS).into_iter().flatten().map(|(name, secret)| (name.as_str(), secret))
    }

    /// True if there are no secrets.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the integration's own parameters out.
    pub(super) fn take_parameters(&mut self) -> BTreeMap<String, Secret> {
        self.0.remove(PARAMETERS).unwrap_or_default()
    }

    pub(super) fn insert_parameter(&mut self, name: &str, secret: Secret) {
        self.insert(PARAMETERS.to_owned(), name, secret);
    }

    pub(super) fn take(&mut self, option: &str, setting: &str) -> Option<Secret> {
        self.0.get_mut(option)?.remove(setting)
    }

    pub(super) fn insert(&mut self, option: String, setting: &str, secret: Secret) {
        self.0.entry(option).or_default().insert(setting.to_owned(), secret);
    }
}

/// The secrets that a definition gives.
#[derive(Debug, Default)]
pub struct Given {
    /// Those of options: the option's key, the setting, and what is given.
    pub(super) options: Vec<(String, &'static str, GivenSecret)>,
    /// Those among the integration's parameters, by name; nothing if `parameters` is `null`, which removes all.
    pub(super) parameters: Option<BTreeMap<String, GivenSecret>>,
}

/// A secret setting, as a definition gives it.
#[derive(Debug)]
pub(super) enum GivenSecret {
    /// Not mentioned: the stored secret stays.
    Unchanged,
    /// `null`: the stored secret is removed.
    Removed,
    /// A new secret.
    New(Secret),
}
