//! One file a resource.

pub(crate) mod connection_options;
pub(crate) mod connections;
pub(crate) mod credentials;
pub(crate) mod integrations;
pub(crate) mod proxy;
pub(crate) mod this;
pub(crate) mod workspaces;
