//! Everything a connection flow is, from request to result.
//!
//! Data moves one way. Initiation ([`start`]): `Request → StartRequest → (Customer, Integration, AuthOption) → Begun →
//! redirect`. The provider's answer ([`callback`]): `Callback → ClaimedFlow → AuthorizationGrant → Credentials →
//! Connection → Outcome`. The result ([`finish`]): `Outcome → redirect or page`. Each step takes a type that only the
//! step before it makes.

pub mod api_call;
pub mod app;
pub mod browser;
pub mod callback;
pub mod client_credentials;
pub mod clock;
pub mod connect;
pub mod connection;
pub mod definition;
pub mod deps;
pub mod disconnect;
pub mod error;
pub mod fields;
pub mod finish;
pub mod form;
pub mod given;
pub mod http;
pub mod input;
pub mod media_type;
pub mod memory;
pub mod oauth1;
pub mod oauth2;
pub mod outcome;
pub mod pages;
pub mod random;
pub mod redirect_uri;
pub mod refresh;
pub mod respond;
pub mod revoke;
pub mod seal;
pub mod secret;
pub mod start;
pub mod store;
pub mod target;
pub mod template;
pub mod test_call;
pub mod token;
pub mod update;

use std::future::Future;
use std::pin::Pin;

/// A future behind a pointer, as the seams return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
