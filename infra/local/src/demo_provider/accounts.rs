//! `GET /demo-provider/accounts`: the values to enter. At a real provider only the account's holder can read them.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::oauth2::client::{MACHINE_ID, MACHINE_SECRET};
use super::users::{USERS, User};
use super::{Product, pages};

#[derive(Template)]
#[template(path = "demo_provider/accounts.html")]
struct AccountsPage {
    product: Product,
    users: &'static [User],
    machine_id: &'static str,
    machine_secret: &'static str,
}

pub(super) async fn show() -> Response {
    let page = AccountsPage {
        product: Product::Accounting,
        users: &USERS,
        machine_id: MACHINE_ID,
        machine_secret: MACHINE_SECRET,
    };
    pages::page(StatusCode::OK, &page)
}
