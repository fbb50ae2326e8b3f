//! Webhooks: what leaves as an event, sent to the addresses that a workspace has given, and signed.
//!
//! An event is tried at each endpoint that wants it, at once and then by the schedule of `retry.rs`. What keeps it meanwhile is a
//! queue; here is what becomes of one try. What became of each delivery stands in the log of its endpoint.

mod deliver;
mod endpoint;
mod event;
mod retry;
mod send;
mod silence;

pub use deliver::{MAX_WAITING, Outcome, WORK, handle, replay, test};
pub use endpoint::{Change, Endpoint, MAX_URL, create, delete, list, place, read, rotate, update};
pub use event::{DeliveryId, known_events};
pub use retry::TRIES;
