//! `/sse/connection-events/{requestId}`: an HTTP API cannot stream.

use protocol::error::{Error, ErrorKey};

/// GET: said at once, so that the SDKs wait for the popup's message.
pub(crate) fn not_supported() -> Error {
    Error::new(ErrorKey::NotSupported, "Events are not streamed here; the popup posts its result.")
}
