//! The people who have an account at the provider, and the machine that has one.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde::Serialize;

use super::Fingerprint;

/// An account, as `GET /demo-provider/api/me` shows it.
#[derive(Debug, Serialize)]
pub(crate) struct User {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) email: &'static str,
    #[serde(rename = "userName")]
    pub(crate) login: &'static str,
    #[serde(skip)]
    pub(crate) password: &'static str,
    /// The key that replaces user name and password in requests to the API.
    #[serde(skip)]
    pub(crate) api_key: &'static str,
    /// The name of the company whose books the user keeps. It is a part of the API's addresses.
    #[serde(skip)]
    pub(crate) company: &'static str,
    /// The ids and the names of the sites that the user works on.
    #[serde(skip)]
    pub(super) sites: &'static [(&'static str, &'static str)],
}

/// Every person's account; the sign-in page lists them, passwords included.
pub(crate) static USERS: [User; 2] = [
    User {
        id: "user-1",
        name: "Ada Lovelace",
        email: "ada@crm.example",
        login: "ada",
        password: "lovelace",
        api_key: "demo-api-key-ada",
        company: "engines",
        sites: &[
            ("engines", "Analytical Engines"),
            ("notes", "Notes & Letters"),
            ("poems", "Poetical Science"),
        ],
    },
    User {
        id: "user-2",
        name: "Grace Hopper",
        email: "grace@crm.example",
        login: "grace",
        password: "hopper",
        api_key: "demo-api-key-grace",
        company: "compilers",
        sites: &[("compilers", "Compilers")],
    },
];

/// The account that the client-credentials grant stands for. It is no person's, and has neither password nor key.
pub(super) static MACHINE: User = User {
    id: "machine-1",
    name: "Demo machine",
    email: "",
    login: "demo-machine",
    password: "",
    api_key: "",
    company: "",
    sites: &[],
};

/// The account with this name and password.
pub(super) fn authenticate(login: &str, password: &str) -> Option<&'static User> {
    USERS.iter().find(|user| user.login == login && user.password == password)
}

/// The account with this API key.
pub(super) fn of_api_key(key: &str) -> Option<&'static User> {
    let given = Fingerprint::of(key);
    USERS.iter().find(|user| verify_slices_are_equal(&Fingerprint::of(user.api_key).0, &given.0).is_ok())
}
