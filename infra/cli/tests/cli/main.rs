//! Every command, as a program of its own, against the local run: the service's own handlers behind a listener.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test's helper fails the test")]

mod attempts;
mod connections;
mod customer;
mod docs;
mod doctor;
mod filled;
mod integration;
mod local;
mod settings;
mod token;
mod unreachable;
mod workspace;
