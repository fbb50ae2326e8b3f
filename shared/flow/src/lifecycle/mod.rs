//! The life of a connection: it is made, read, refreshed, updated, disconnected and archived.

mod access;
pub(crate) mod after_connect;
pub mod connect;
pub mod disconnect;
pub mod exchange;
pub mod import;
pub mod refresh;
pub mod registration;
pub mod representation;
mod revoke;
pub mod update;
