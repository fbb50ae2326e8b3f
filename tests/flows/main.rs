//! Flows from the first request to the result, over the DynamoDB wire protocol.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends where it stands")]

mod at_once;
mod authorization_request;
mod callback_parameters;
mod client_authentication;
mod client_credentials;
mod database_faults;
mod deadline;
mod disconnect;
mod events;
mod form;
mod form_ticket;
mod happy;
mod iframe;
mod interrupted;
mod login_call;
mod oauth1;
mod oauth1_refused;
mod one_connection;
mod options;
mod popup;
mod proxy;
mod proxy_calls;
mod reconnect;
mod reconnect_types;
mod refresh;
mod refresh_refused;
mod refresh_together;
mod refresh_types;
mod replacement;
mod request_forms;
mod result_address;
mod revocation;
mod sweep;
mod tabs;
mod token_responses;
