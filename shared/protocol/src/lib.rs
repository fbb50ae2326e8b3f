//! The protocols that Linkspan speaks and the checks that it makes, without anything that it stores.
//!
//! A definition describes how to talk to a provider ([`definition`]). The provider's side of every authentication
//! type is in [`provider`]. Nothing here can reach the database, the wrapping key or a connection: this crate does
//! not know them.

pub mod answer;
pub mod backoff;
pub mod clock;
pub mod deadline;
pub mod definition;
pub mod error;
pub mod http;
pub mod id;
pub mod json;
pub mod kept;
pub mod kept_keys;
pub mod language;
pub mod media_type;
pub mod members;
pub mod path;
pub mod pem;
pub mod provider;
pub mod random;
pub mod record;
pub mod redirect_uri;
pub mod secret;
pub mod token;
pub mod webhook;

use std::future::Future;
use std::pin::Pin;

/// A future behind a pointer, as the seams return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
