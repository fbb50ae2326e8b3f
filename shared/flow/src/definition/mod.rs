//! What a team defines: its workspace and its integrations, and how the functions come by them.

mod auth_option;
mod cache;
mod client_credentials;
mod integration;
mod oauth1;
mod oauth2;
mod option_secrets;
mod proxy;
mod test_call;
mod workspace;

pub use auth_option::{AuthMethod, AuthOption, AuthType};
pub use cache::{Definitions, integration_place, workspace_place};
pub use client_credentials::{ClientCredentials, Exchange, LoginCall};
pub use integration::{Integration, IntegrationDefinition, integration_id, integration_id_of, is_id};
pub use oauth1::{OAuth1, ParameterPlace, SignatureMethod};
pub use oauth2::{BodyFormat, ClientAuthentication, OAuth2};
pub use option_secrets::OptionSecrets;
pub use test_call::{ApiClient, RevokeCall, TestCall};
pub use workspace::{Brand, Workspace, WorkspaceDefinition};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, ErrorKey, Result};

/// Reads a definition, naming the field that does not fit, behind `path` (`authOptions[0].config`).
pub fn read<T: DeserializeOwned>(value: &Value, path: &str) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
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

/// A key that a team chooses: `^[a-z0-9][a-z0-9._-]{0,63}$`, in either case.
pub fn check_key(key: &str, field: &str) -> Result<()> {
    let well_formed = (1..=64).contains(&key.len())
        && key.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if well_formed {
        Ok(())
    } else {
        let message = format!(
            "{field} must be 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit"
        );
        Err(Error::new(ErrorKey::RequestMalformed, message).field(field))
    }
}
