//! One file a resource.

pub(crate) mod archive;
pub(crate) mod connection_changes;
pub(crate) mod connection_options;
pub(crate) mod connections;
pub(crate) mod credentials;
pub(crate) mod integration_check;
pub(crate) mod integrations;
pub(crate) mod new_connection;
pub(crate) mod openapi;
pub(crate) mod proxy;
pub(crate) mod whoami;
pub(crate) mod workspaces;

use protocol::error::{Error, ErrorKey};

/// How often a definition is written again whose writing met another one.
const ATTEMPTS: usize = 5;

fn being_changed() -> Error {
    Error::new(ErrorKey::LockTimeout, "The definition is being changed. Please try again.")
}
