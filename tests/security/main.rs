//! What must not happen: each case by name, with the key that it must give, and the proof that nothing was stored and
//! nothing was sent.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on ends where it stands")]

mod callback_bound;
mod callback_shape;
mod confirmed_user;
mod consistent_reads;
mod cookies;
mod debug;
mod definitions;
mod error_keys;
mod hosts;
mod issuer;
mod pages;
mod policies;
mod provenance;
mod provider_errors;
mod reconnect_owner;
mod redirect_targets;
mod refused;
mod request_shape;
mod rest_shape;
mod sealed_values;
mod secrets_at_rest;
mod secrets_in_events;
mod secrets_in_logs;
mod start_page;
mod tenants;
mod token_endpoint;
mod tokens;
mod waiting_starts;
