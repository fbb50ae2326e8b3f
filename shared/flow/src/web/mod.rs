//! What browsers and callers send, and what they are shown.

pub mod delivery;
pub mod form;
pub mod pages;
pub mod request_fields;
pub mod response;
pub mod routes;
pub mod security;
