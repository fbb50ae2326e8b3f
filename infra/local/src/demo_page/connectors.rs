//! `GET /demo/connectors`: the services whose definitions are known.

use askama::Template;
use axum::extract::RawQuery;
use axum::response::Response;
use catalogue::{Connector, Search};
use url::form_urlencoded;

use super::response;
use super::view::auth_type_words;

#[derive(Template)]
#[template(path = "demo_page/connectors.html")]
struct ConnectorsPage {
    search: String,
    found: Vec<Found>,
    all: usize,
}

/// A row of the table.
struct Found {
    connector: Connector,
    categories: String,
    types: String,
    /// The vendor's page.
    documentation: Option<String>,
}

/// `?search=…` leaves those whose name has it.
pub(super) async fn connectors(RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let search = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "search");
    let search = search.map(|(_, text)| text.into_owned()).unwrap_or_default();
    let found = catalogue::search(Search { text: Some(&search), ..Search::default() }).map(found).collect();
    response::page(&ConnectorsPage { search, found, all: catalogue::all().count() })
}

fn found(connector: Connector) -> Found {
    Found {
        categories: connector.categories().collect::<Vec<_>>().join(", "),
        types: connector.types().map(auth_type_words).collect::<Vec<_>>().join(", "),
        documentation: connector.details().about.documentation,
        connector,
    }
}
