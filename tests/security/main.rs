//! What must not happen: each case by name, with the key that it must give, and the proof that nothing was stored and
//! nothing was sent.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on ends where it stands")]

mod bare_callback;
mod borrowed_values;
mod callback_bound;
mod callback_shape;
mod callback_signature;
mod choice;
mod confirmed_user;
mod consistent_reads;
mod cookies;
mod debug;
mod definitions;
mod derived_values;
mod error_keys;
mod hosts;
mod issuer;
mod kept_secrets;
mod log_lines;
mod own_routes;
mod pages;
mod policies;
mod provenance;
mod provider_errors;
mod proxy_headers;
mod proxy_paths;
mod rate_limit;
mod reconnect_owner;
mod redirect_targets;
mod refused;
mod request_shape;
mod rest_shape;
mod schemas;
mod sealed_values;
mod secrets_at_rest;
mod secrets_in_events;
mod secrets_in_logs;
mod start_page;
mod stateless;
mod tenants;
mod token_claims;
mod token_endpoint;
mod tokens;
mod waiting_starts;
mod web_addresses;
mod workspace_secrets;
