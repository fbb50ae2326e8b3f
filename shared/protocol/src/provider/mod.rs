//! The client side of each authentication type, and the calls to providers' APIs.
//!
//! Every request goes through [`calls::Calls`]. A request that fails becomes a [`failure::Failure`].

pub mod after_connect;
pub mod api_call;
mod api_request;
pub mod authorization_response;
pub mod aws_signature;
mod body_members;
pub mod calls;
pub mod client;
pub mod client_credentials;
pub mod discovery;
mod error_code;
pub mod failure;
pub mod maker;
pub mod oauth1;
pub mod oauth2;
mod request_parts;
pub mod revoke_call;
mod signing;
pub mod test_call;
pub mod token_call;
mod token_form;
