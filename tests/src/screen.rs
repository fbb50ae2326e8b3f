//! A screen in a frame of the application's page, as a browser shows it.

use bytes::Bytes;
use http::{HeaderValue, Request};
use serde_json::Value;

use crate::browser::HOST;
use crate::tokens;
use crate::{Answer, Start};

/// The screen that connects.
pub const CONNECT: &str = "/screens/connect";
/// The screen of one connection.
pub const CONNECTION: &str = "/screens/connection";

/// The request by which the application's page opens a screen for the usual customer.
#[must_use]
pub fn opening(path: &str, fields: &[(&str, &str)]) -> Request<Bytes> {
    opening_with(&tokens::customer(tokens::WORKSPACE, tokens::CUSTOMER), path, fields)
}

/// The same with another token.
#[must_use]
pub fn opening_with(token: &str, path: &str, fields: &[(&str, &str)]) -> Request<Bytes> {
    let fields: Vec<(&str, &str)> = [("token", token)].into_iter().chain(fields.iter().copied()).collect();
    let mut request = Start::new().post_form(path, &fields);
    request.headers_mut().insert("sec-fetch-site", HeaderValue::from_static("cross-site"));
    in_frame(request)
}

/// The request as a frame sends it.
#[must_use]
pub fn in_frame(mut request: Request<Bytes>) -> Request<Bytes> {
    request.headers_mut().insert("sec-fetch-dest", HeaderValue::from_static("iframe"));
    request
}

/// The request as the screen's script sends it.
#[must_use]
pub fn by_script(mut request: Request<Bytes>) -> Request<Bytes> {
    let headers = request.headers_mut();
    headers.insert("sec-fetch-dest", HeaderValue::from_static("empty"));
    headers.insert("accept", HeaderValue::from_static("application/json"));
    headers.insert("origin", HeaderValue::try_from(format!("https://{HOST}")).unwrap());
    request
}

/// The request by which the script asks how a sign-in stands.
#[must_use]
pub fn asks(path: &str, ticket: &str, request: &str) -> Request<Bytes> {
    let fields = [("ticket", ticket), ("request", request)];
    let mut request = Start::new().from(&[("sec-fetch-site", "same-origin")]).post_form(path, &fields);
    request.headers_mut().remove("sec-fetch-dest");
    by_script(request)
}

/// What a page says to its script.
#[must_use]
pub fn said(page: &Answer) -> Value {
    let (_, rest) = page.body.split_once(r#"<script type="application/json" id="screen">"#).unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}
