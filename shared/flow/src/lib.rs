//! Everything a connection flow is, from request to result, and everything that a connection lives through.
//!
//! Data moves one way. Initiation ([`start`]): `Request → StartRequest → (Customer, Integration, AuthOption) → Begun →
//! redirect`. The provider's answer ([`callback`]): `Callback → ClaimedFlow → AuthorizationGrant → Credentials →
//! Connection → Outcome`. The result ([`finish`]): `Outcome → redirect or page`. Each step takes a type that only the
//! step before it makes.
//!
//! What is below stands in the crate `protocol`: definitions, tokens, addresses, and how providers are spoken to.

// The doors, one for each function of a flow.
pub mod callback;
pub mod finish;
pub mod start;

// What they show and answer.
pub mod web;

// What a connection lives through.
pub mod lifecycle;

// What every handler works with.
pub mod deps;

// What is stored, and how.
pub mod connection;
pub mod context;
pub mod seal;
pub mod store;

// How AWS is reached.
pub mod aws;
