//! The pretend customers, and which of them is signed in.

use axum::http::{HeaderMap, header};
use cookie::{Cookie, SameSite};

const COOKIE: &str = "demo_customer";

/// A user of the app.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Customer {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
}

/// All users of the app. The first is signed in unless the cookie names another.
pub(super) static CUSTOMERS: [Customer; 2] = [
    Customer { id: "birch-and-co", name: "Birch & Co" },
    Customer { id: "lakeside-labs", name: "Lakeside Labs" },
];

impl Customer {
    pub(super) fn find(id: &str) -> Option<&'static Self> {
        CUSTOMERS.iter().find(|customer| customer.id == id)
    }

    /// The customer who is signed in.
    pub(super) fn signed_in(headers: &HeaderMap) -> &'static Self {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(Cookie::split_parse)
            .filter_map(Result::ok)
            .filter(|cookie| cookie.name() == COOKIE)
            .find_map(|cookie| Self::find(cookie.value()))
            .unwrap_or(&CUSTOMERS[0])
    }

    /// The cookie that signs this customer in. A real app would ask for a password.
    pub(super) fn sign_in_cookie(&self) -> String {
        // Lax: the result arrives by a navigation that the provider's site began.
        Cookie::build((COOKIE, self.id)).path("/").http_only(true).same_site(SameSite::Lax).to_string()
    }
}
