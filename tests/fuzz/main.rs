//! Inputs that nobody thought of: what comes in at the door and what providers answer, made by mutation or by a grammar.
//! `docs/fuzzing.md` says what must hold for each.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on ends where it stands")]

mod addresses;
mod answers;
mod browser_secrets;
mod callbacks;
mod cursors;
mod definitions;
mod door;
mod filled_addresses;
mod gateway;
mod grammar;
mod inputs;
mod journey;
mod moments;
mod mutation;
mod refusals;
mod replies;
mod schema;
mod starts;
mod templates;
mod tokens;
