//! The endpoints' rules, seen from outside.

mod authorize;
mod refresh;
mod revoke;
mod token;
mod token_faults;
