//! Who posted a form of ours.

use http::HeaderMap;
use http::header::{HeaderName, ORIGIN};

use super::said::Said;
use protocol::redirect_uri::WebOrigin;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// True if a page of ours posted a form that waits in this browser. Its record and its cookie prove it ours; a browser
/// that names another page as the sender is believed all the same. Our pages send no referrer, so their forms have the
/// origin `null` (Fetch §3.2).
#[must_use]
pub fn is_own_form(headers: &HeaderMap, own: &WebOrigin) -> bool {
    let origin = match Said::in_header(headers, &ORIGIN) {
        Said::Nothing | Said::Text("null") => true,
        Said::Text(origin) => WebOrigin::parse(origin).is_ok_and(|origin| origin == *own),
        Said::Unreadable => false,
    };
    // `none` is a reload by the user; no page can make a browser send it.
    let site = Said::in_header(headers, &SEC_FETCH_SITE);
    origin && matches!(site, Said::Nothing | Said::Text("same-origin" | "none"))
}

/// True if a screen of ours posted its form. Neither a record nor a cookie proves that, so the browser must name our origin:
/// screens tell it to us, and to nobody else.
#[must_use]
pub fn is_own_screen(headers: &HeaderMap, own: &WebOrigin) -> bool {
    let origin = Said::in_header(headers, &ORIGIN).text().and_then(|origin| WebOrigin::parse(origin).ok());
    origin.is_some_and(|origin| origin == *own) && is_own_form(headers, own)
}
