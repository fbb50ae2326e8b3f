//! Shared parts of the tests that cross crates: a world with a clock that can be moved, fixed randomness, a provider
//! that answers by script, and a DynamoDB whose wire is recorded and can be made to fail.
//!
//! The handlers are the production ones, on the production settings: public addresses only, https only.
#![expect(
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on ends where it stands"
)]

pub mod alarms;
pub mod answer;
mod at_provider;
pub mod browser;
pub mod clock;
pub mod cloudformation;
pub mod definitions;
pub mod dump;
pub mod form;
pub mod gate;
pub mod jar;
pub mod jwt;
pub mod kept_keys;
pub mod load;
pub mod logs;
pub mod oauth1;
mod percentile;
pub mod permissions;
pub mod popup_result;
pub mod provider;
pub mod random;
pub mod repository;
mod resealing;
mod schedule;
pub mod screen;
pub mod sealed;
pub mod simulation;
pub mod start;
pub mod stream;
pub mod tokens;
mod webhooks;
pub mod wire;
pub mod world;

pub use answer::Answer;
pub use browser::Browser;
pub use provider::Reply;
pub use start::Start;
pub use wire::Fault;
pub use world::World;
