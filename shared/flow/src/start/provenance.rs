//! Checks that a start was made on purpose. Otherwise any web page, or a mailed link with an attacker's own token,
//! could connect the visitor's account to the attacker's customer.

use http::header::{HeaderName, ORIGIN, REFERER};
use http::{HeaderMap, Method};

use crate::web::own_form::is_own_form;
use crate::web::said::Said;
use protocol::definition::Workspace;
use protocol::redirect_uri::WebOrigin;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// The header by which a browser says what the answer is for.
pub const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The headers by which browsers and their extensions say that nobody asked for the page yet.
const PURPOSES: [HeaderName; 4] = [
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("purpose"),
    HeaderName::from_static("x-purpose"),
    HeaderName::from_static("x-moz"),
];

/// The provenance of a start, by the trust it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// From the workspace's own pages, or from no browser at all. It continues at once.
    Trusted,
    /// From an unknown place. The customer is asked first.
    Unknown,
    /// From another web site. It is rejected.
    Foreign,
}

/// Judges a start's provenance by headers that only a browser can set.
///
/// This service's own origin vouches for nothing: a definition, or a redirect target, can make a page of ours lead to
/// a start. The pages that a customer answers are known by the record that they wait behind.
#[must_use]
pub fn provenance(method: &Method, headers: &HeaderMap, workspace: &Workspace) -> Provenance {
    let listed = |origin: &WebOrigin| workspace.allows_origin(origin);
    match Said::in_header(headers, &ORIGIN) {
        // The origin `null` says nothing: a page with a no-referrer policy sends it, and so does a sandboxed frame.
        Said::Text("null") => Provenance::Unknown,
        Said::Text(origin) => match WebOrigin::parse(origin) {
            Ok(origin) if listed(&origin) && *method == Method::POST => Provenance::Trusted,
            Ok(origin) if listed(&origin) => Provenance::Unknown,
            _ => Provenance::Foreign,
        },
        Said::Unreadable => Provenance::Foreign,
        Said::Nothing if Said::in_header(headers, &SEC_FETCH_SITE) == Said::Nothing => Provenance::Trusted,
        Said::Nothing => {
            let referrer = Said::in_header(headers, &REFERER).text();
            let referrer = referrer.and_then(|referrer| WebOrigin::of_url(referrer).ok());
            let referred = *method == Method::GET && referrer.is_some_and(|origin| listed(&origin));
            if referred { Provenance::Trusted } else { Provenance::Unknown }
        }
    }
}

/// Judges who posted a form that waits in this browser.
#[must_use]
pub fn provenance_of_form(headers: &HeaderMap, own: &WebOrigin) -> Provenance {
    if is_own_form(headers, own) { Provenance::Trusted } else { Provenance::Foreign }
}

/// True if nobody has opened the page yet: the browser prefetches or previews it. That must not start anything.
#[must_use]
pub fn is_prefetch(headers: &HeaderMap) -> bool {
    PURPOSES.iter().flat_map(|name| headers.get_all(name)).any(|purpose| {
        let purpose = purpose.as_bytes().to_ascii_lowercase();
        ["prefetch", "preview", "prerender"]
            .iter()
            .any(|word| purpose.windows(word.len()).any(|part| part == word.as_bytes()))
    })
}

/// True if the answer is for a page, for an iframe, or for a program. An image or a script starts nothing.
#[must_use]
pub fn is_for_a_page(headers: &HeaderMap) -> bool {
    let destination = Said::in_header(headers, &SEC_FETCH_DEST);
    matches!(destination, Said::Nothing | Said::Text("document" | "iframe" | "empty"))
}
