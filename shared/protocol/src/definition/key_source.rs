//! Where the key of a JWT comes from, if it is not the option's own `privateKey`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::template::Template;

/// A key that is entered, or one that signs where it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(with = "super::json_schema::KeyShape"))]
#[serde(try_from = "Value", into = "Value")]
pub enum KeySource {
    /// Somebody has entered it.
    Entered(Template),
    /// A key in KMS, by its name among those of the workspace.
    Kms(String),
}

impl TryFrom<Value> for KeySource {
    /// The fault, as the end of a sentence that begins with the setting.
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Template::try_from(text).map(Self::Entered),
            Value::Object(mut object) => match (object.remove("kms"), object.is_empty()) {
                (Some(Value::String(name)), true) => Ok(Self::Kms(name)),
                _ => Err("must be a template, or `{\"kms\": \"name\"}`".to_owned()),
            },
            _ => Err("must be a template, or `{\"kms\": \"name\"}`".to_owned()),
        }
    }
}

impl From<KeySource> for Value {
    fn from(source: KeySource) -> Self {
        match source {
            KeySource::Entered(template) => String::from(template).into(),
            KeySource::Kms(name) => json!({ "kms": name }),
        }
    }
}

impl KeySource {
    /// The template, if it is entered.
    pub(super) fn template(&self) -> Option<&Template> {
        match self {
            Self::Entered(template) => Some(template),
            Self::Kms(_) => None,
        }
    }
}
