//! The OAuth 1.0 client side (RFC 5849).
//!
//! The maintained crates for it sign with HMAC-SHA1 and PLAINTEXT only, so the signatures are made here.

mod base_string;
mod client;
mod credentials;
mod sign;
mod signature;

pub(super) use base_string::normalize;
pub use client::{Client, Token};
pub use credentials::{
    AuthorizedToken, Endpoint, TemporaryCredentials, request_temporary_credentials, request_token_credentials,
};
pub use sign::{Authenticated, Signer, sign};
