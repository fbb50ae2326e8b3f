//! Checks that a start was made on purpose. Otherwise any web page, or a mailed link with an attacker's own token,
//! could connect the visitor's account to the attacker's customer.

use http::header::{HeaderName, ORIGIN, REFERER};
use http::{HeaderMap, Method};

use protocol::definition::Workspace;
use protocol::redirect_uri::WebOrigin;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
const PURPOSE: HeaderName = HeaderName::from_static("purpose");

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

/// Judges a start's provenance by headers that only a browser can set. `own` is this service's origin.
#[must_use]
pub fn provenance(
    method: &Method,
    headers: &HeaderMap,
    own: &WebOrigin,
    workspace: &Workspace,
) -> Provenance {
    let header = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let listed = |origin: &WebOrigin| origin == own || workspace.allows_origin(origin);
    let site = header(&SEC_FETCH_SITE);
    match header(&ORIGIN) {
        // No page can make a browser send this for another site's request. Our own pages send no referrer, so their
        // forms have the origin `null` (Fetch §3.2).
        None | Some("null") if site == Some("same-origin") => Provenance::Trusted,
        // The origin `null` says nothing: a page with a no-referrer policy sends it, and so does a sandboxed frame.
        Some("null") => Provenance::Unknown,
        Some(origin) => match WebOrigin::parse(origin) {
            Ok(origin) if listed(&origin) && *method == Method::POST => Provenance::Trusted,
            Ok(origin) if listed(&origin) => Provenance::Unknown,
            _ => Provenance::Foreign,
        },
        None if site.is_none() => Provenance::Trusted,
        None => {
            let referrer = header(&REFERER).and_then(|referrer| WebOrigin::of_url(referrer).ok());
            let referred = *method == Method::GET && referrer.is_some_and(|origin| listed(&origin));
            if referred { Provenance::Trusted } else { Provenance::Unknown }
        }
    }
}

/// True if the browser only prefetches the page. That must not start anything.
#[must_use]
pub fn is_prefetch(headers: &HeaderMap) -> bool {
    [SEC_PURPOSE, PURPOSE]
        .iter()
        .filter_map(|name| headers.get(name)?.to_str().ok())
        .any(|purpose| purpose.to_ascii_lowercase().contains("prefetch"))
}
