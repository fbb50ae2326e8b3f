//! Started on purpose: otherwise any web page, or a mailed link that holds an attacker's own token, would connect the
//! requester's account to the attacker's customer.

use http::header::{HeaderName, ORIGIN, REFERER};
use http::{HeaderMap, Method};

use protocol::definition::Workspace;
use protocol::redirect_uri::WebOrigin;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
const PURPOSE: HeaderName = HeaderName::from_static("purpose");

/// What a start's provenance allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// The workspace's own pages, or no browser at all: straight on.
    Trusted,
    /// Nobody vouches for it: the customer is asked first.
    Unknown,
    /// Another web site did it.
    Foreign,
}

/// Judges who started this, by what only the browser can say. `own` is this service's origin.
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
        // No page can make a browser say this of another site's request; our own pages send no referrer, and then a
        // browser says `null` for the origin of their forms (Fetch §3.2).
        None | Some("null") if site == Some("same-origin") => Provenance::Trusted,
        // `null` is no site: a page with a no-referrer policy sends it, and so does a sandboxed frame.
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

/// Whether the browser only looks ahead: that is no start.
#[must_use]
pub fn is_prefetch(headers: &HeaderMap) -> bool {
    [SEC_PURPOSE, PURPOSE]
        .iter()
        .filter_map(|name| headers.get(name)?.to_str().ok())
        .any(|purpose| purpose.to_ascii_lowercase().contains("prefetch"))
}
