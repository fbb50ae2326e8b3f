//! The life of a connection: it is made, read, refreshed, updated, disconnected, archived and erased.

pub(crate) mod access;
pub(crate) mod after_connect;
pub(crate) mod choice;
pub mod connect;
pub mod disconnect;
pub mod erase;
pub mod exchange;
mod forget;
pub mod import;
mod kept_refresh_token;
pub mod keyed;
pub mod refresh;
pub mod registration;
mod replaced;
pub mod representation;
mod revoke;
pub mod update;
