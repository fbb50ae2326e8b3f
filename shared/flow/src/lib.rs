//! Connection flows from request to result, and the life of a connection after that.
//!
//! Data moves one way. Initiation ([`start`]): `Request → StartRequest → (Customer, Integration, AuthOption) → Begun →
//! redirect`. The provider's answer ([`callback`]): `Callback → ClaimedFlow → AuthorizationGrant → Credentials →
//! Connection → Outcome`. The result ([`finish`]): `Outcome → redirect or page`. Each step takes a type that only the
//! step before it makes.
//!
//! The crate `protocol` is the ground below: definitions, tokens, addresses, and the protocols of providers.

// The entrances, one for each function of a flow.
pub mod callback;
pub mod client_action;
pub mod complete;
pub mod connection_request;
pub mod finish;
pub mod kms_signing;
pub mod start;
pub mod webhook;

// Their pages and responses.
pub mod web;

// The life of a connection.
pub mod lifecycle;

// The dependencies of every handler.
pub mod deps;

// The stored data, and its storage.
pub mod connection;
pub mod context;
pub mod root_secret;
pub mod seal;
pub mod store;

// The way to AWS, and what its metrics take from the log.
pub mod aws;
pub mod metrics;
