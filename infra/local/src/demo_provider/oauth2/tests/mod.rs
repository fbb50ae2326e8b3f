//! The endpoints' rules, seen from outside.

mod authorize;
mod client_credentials;
mod credentials;
mod refresh;
mod revoke;
mod token;
mod token_faults;
