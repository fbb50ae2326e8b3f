//! What `${request.…}` can name.

/// The parts of a request that `${request.…}` can name.
pub const REQUEST_PARTS: [&str; 15] = [
    "method",
    "url",
    "host",
    "path",
    "query",
    "target",
    "parameters",
    "contentType",
    "body",
    "bodySha256",
    "bodySha256Base64",
    "timestamp",
    "timestampMs",
    "date",
    "dateTime",
];

/// What `${request.…}` names if a signature is made: that.
pub const SIGNATURE: &str = "signature";
