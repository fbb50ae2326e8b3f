//! A team's definitions: its workspace and its integrations, and the reading of them.

mod api_path;
mod auth_option;
mod bounded_schema;
mod call_method;
mod callback_settings;
mod check;
mod checker;
mod client_credentials;
mod closed;
mod customer_host;
mod headers;
mod hosts;
pub mod input;
mod input_names;
mod integration;
mod integration_definition;
pub mod json_pointer;
mod kept_secrets;
mod oauth1;
mod oauth2;
mod option_secrets;
mod problem;
mod proxy;
mod read;
mod recipients;
mod registration;
mod secret_rotation;
pub mod template;
mod test_call;
mod workspace;
mod workspace_secrets;

pub use api_path::ApiPath;
pub use auth_option::{AuthMethod, AuthOption, AuthOptionDefinition, AuthType};
pub use call_method::CallMethod;
pub use callback_settings::{
    ADMIN_CONSENT, CallbackHmac, CallbackNames, CallbackSettings, ConsentGrant, OWN_CALLBACK_PARAMETERS,
};
pub use checker::KnownSecrets;
pub use client_credentials::{ClientCredentials, Exchange, LoginCall};
pub use customer_host::CustomerHost;
pub use headers::Headers;
pub use hosts::HostRule;
pub use integration::{BARE_CALLBACK, Integration, Sharing, integration_id, integration_id_of, is_id};
pub use integration_definition::{CallbackPath, IntegrationDefinition};
pub use oauth1::{OAuth1, ParameterPlace, SignatureMethod, TokenMethod, TokenSource, private_key};
pub use oauth2::{BodyFormat, ClientAuthentication, OAuth2};
pub use option_secrets::OptionSecrets;
pub use problem::{Problem, Problems};
pub use read::read;
pub use recipients::{Gets, Recipient};
pub use registration::{Borrowed, BoundValues, Owner, Registration, RegistrationId};
pub use test_call::{ApiClient, RevokeCall, TestCall};
pub use workspace::{Brand, Workspace, WorkspaceDefinition};
pub use workspace_secrets::{PreviousSecret, SecretSetting, WorkspaceSecrets};
