//! The sender of a request: a person's browser, in a window or an iframe, or a program.

use http::HeaderMap;
use http::header::{HeaderName, ORIGIN, REFERER};

use super::provenance::SEC_FETCH_DEST;
use super::request::StartRequest;
use crate::context::target::Listener;
use crate::web::pages::Reader;
use crate::web::said::Said;
use protocol::definition::Workspace;
use protocol::redirect_uri::WebOrigin;

/// The sender of a request, by its headers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Requester {
    /// The reader of the answer.
    pub(super) reader: Reader,
    /// True if the answer is shown in an iframe. Browsers keep no cookie of ours there.
    pub(super) in_iframe: bool,
}

impl Requester {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let in_iframe = Said::in_header(headers, &SEC_FETCH_DEST) == Said::Text("iframe");
        Self { reader: Reader::of(headers), in_iframe }
    }

    /// True if a form can be shown.
    pub(super) fn can_be_asked(self) -> bool {
        self.reader == Reader::Person && !self.in_iframe
    }
}

/// Returns the window that waits for the result. If the browser names an origin of the workspace, only that origin may
/// receive the result; otherwise all of the workspace's origins may.
pub(super) fn listener(
    headers: &HeaderMap,
    workspace: &Workspace,
    start: &StartRequest,
    requester: Requester,
) -> Listener {
    let header = |name: &HeaderName| Said::in_header(headers, name).text();
    let said = header(&ORIGIN)
        .and_then(|origin| WebOrigin::parse(origin).ok())
        .or_else(|| header(&REFERER).and_then(|referrer| WebOrigin::of_url(referrer).ok()))
        .filter(|origin| workspace.allows_origin(origin));
    let origins = match said {
        Some(origin) => vec![origin.to_string()],
        None => workspace.origins().collect(),
    };
    Listener {
        request_id: start.request_id.clone(),
        connection_id: start.wanted.connection_id.clone(),
        origins,
        around: requester.in_iframe,
    }
}
