//! The OAuth 2.0 client side (RFC 6749, RFC 7636), built on the `oauth2` crate.

pub mod authorization_request;
mod callback_hmac;
mod client_authentication;
pub mod consent;
mod form;
mod grant;
pub mod id_token;
mod nonce;
pub mod revocation;
pub mod token_request;
pub mod token_response;

pub use grant::{AuthorizationGrant, Sent};
use oauth2::basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse};
use oauth2::{Client, EndpointNotSet, StandardRevocableToken};

use token_response::TokenResponse;

/// The crate's client with our token response, which keeps every field that the provider sent.
type OAuth2Client<HasAuthUrl = EndpointNotSet, HasTokenUrl = EndpointNotSet> = Client<
    BasicErrorResponse,
    TokenResponse,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    HasAuthUrl,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    HasTokenUrl,
>;
