//! What a connection lives through: it is made, read, renewed, changed, disconnected and archived.

mod access;
pub mod connect;
pub mod disconnect;
pub mod import;
pub mod refresh;
pub mod registration;
pub mod representation;
mod revoke;
pub mod update;
