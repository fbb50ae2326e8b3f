//! How providers are spoken to: each authentication type's requests, and the calls to their APIs.
//!
//! Every request goes through [`calls::Calls`]; what comes of one that fails is a [`failure::Failure`].

pub mod api_call;
pub mod authorization_response;
pub mod calls;
pub mod client;
pub mod client_credentials;
pub mod failure;
pub mod oauth1;
pub mod oauth2;
pub mod revoke_call;
pub mod test_call;
