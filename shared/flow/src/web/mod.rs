//! Requests from browsers and callers, and the pages and responses for them.

pub mod delivery;
pub mod form;
pub mod notes;
pub mod own_form;
pub mod pages;
pub mod request_fields;
pub mod response;
pub mod routes;
pub mod said;
pub mod security;
