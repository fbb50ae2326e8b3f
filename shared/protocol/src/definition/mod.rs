//! What a team defines: its workspace and its integrations, and how the functions come by them.

mod auth_option;
mod check;
mod client_credentials;
pub mod input;
mod integration;
pub mod json_pointer;
mod oauth1;
mod oauth2;
mod option_secrets;
mod proxy;
mod registration;
pub mod template;
mod test_call;
mod workspace;

pub use auth_option::{AuthMethod, AuthOption, AuthType};
pub use check::check_key;
pub use client_credentials::{ClientCredentials, Exchange, LoginCall};
pub use integration::{Integration, IntegrationDefinition, integration_id, integration_id_of, is_id};
pub use oauth1::{OAuth1, ParameterPlace, SignatureMethod};
pub use oauth2::{BodyFormat, ClientAuthentication, OAuth2, OWN_CALLBACK_PARAMETERS};
pub use option_secrets::OptionSecrets;
pub use registration::{Borrowed, Owner, Registration};
pub use test_call::{ApiClient, RevokeCall, TestCall};
pub use workspace::{Brand, Workspace, WorkspaceDefinition};

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::{Error, ErrorKey, Result};

/// Reads a definition, naming the field that does not fit, behind `path` (`authOptions[0].config`).
pub fn read<T: DeserializeOwned>(value: &Value, path: &str) -> Result<T> {
    serde_path_to_error::deserialize(value).map(|Object(definition)| definition).map_err(|error| {
        let inner = error.path().to_string();
        let field = match (path, inner.as_str()) {
            ("", inner) => inner.to_owned(),
            (path, ".") => path.to_owned(),
            (path, inner) => format!("{path}.{inner}"),
        };
        // serde's messages repeat the value that does not fit, which may be a secret in the wrong place.
        let text = error.into_inner().to_string();
        let problem = match text.rsplit_once(", expected ") {
            Some((_, expected)) if !text.starts_with("unknown field") => format!("expected {expected}"),
            _ => text,
        };
        Error::new(ErrorKey::RequestMalformed, format!("{field}: {problem}")).field(field)
    })
}

/// What stands in an object. By itself serde reads a structure from an array too, by the order of its fields.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// An object, for a field that need not be there.
fn optional_object<'de, D, T>(deserializer: D) -> std::result::Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|Object(value)| value))
}

/// An array of objects.
fn objects<'de, D, T>(deserializer: D) -> std::result::Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Vec::<Object<T>>::deserialize(deserializer)?.into_iter().map(|Object(value)| value).collect())
}
