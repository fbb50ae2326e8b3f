//! The secrets of an integration's options. They are taken out of the definition and stored sealed beside it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

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

    /// True if there are no secrets.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, option: &str, setting: &str) -> Option<Secret> {
        self.0.get_mut(option)?.remove(setting)
    }

    pub(super) fn insert(&mut self, option: String, setting: &str, secret: Secret) {
        self.0.entry(option).or_default().insert(setting.to_owned(), secret);
    }
}

/// The secrets that a definition gives: the option's key, the setting, and what is given.
pub(super) type Given = Vec<(String, &'static str, GivenSecret)>;

/// A secret setting, as a definition gives it.
#[derive(Debug)]
pub enum GivenSecret {
    /// Not mentioned: the stored secret stays.
    Unchanged,
    /// `null`: the stored secret is removed.
    Removed,
    /// A new secret.
    New(Secret),
}
