//! What happens to connections, as it leaves the database: on AWS through an EventBridge pipe, here through the same
//! filter and transformer.

pub mod pipe;
pub mod stream;
