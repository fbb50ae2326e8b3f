//! Flows from the first request to the result, over the DynamoDB wire protocol.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends where it stands")]

mod happy;
mod reconnect;
mod request_forms;
