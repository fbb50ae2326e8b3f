//! The people who have an account at the provider.

use serde::Serialize;

/// An account, as `GET /demo-provider/api/me` shows it.
#[derive(Debug, Serialize)]
pub(super) struct User {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    #[serde(rename = "userName")]
    pub(super) login: &'static str,
    #[serde(skip)]
    pub(super) password: &'static str,
}

/// Every account; the sign-in page lists them, passwords included.
pub(super) static USERS: [User; 2] = [
    User { id: "user-1", name: "Ada Lovelace", email: "ada@crm.example", login: "ada", password: "lovelace" },
    User {
        id: "user-2",
        name: "Grace Hopper",
        email: "grace@crm.example",
        login: "grace",
        password: "hopper",
    },
];

/// The account with this name and password.
pub(super) fn authenticate(login: &str, password: &str) -> Option<&'static User> {
    USERS.iter().find(|user| user.login == login && user.password == password)
}
