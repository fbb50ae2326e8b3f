//! `GET /`: the integrations, and the customer's connections.

use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

use super::customers::Customer;
use super::payload::Payload;
use super::service::{Connection, Integration, Problem, Service};
use super::view::{Frame, Row, auth_type_words, rows};
use super::{Config, response};

#[derive(Template)]
#[template(path = "demo_page/home.html")]
struct HomePage {
    frame: Frame,
    cards: Vec<Card>,
    rows: Vec<Row>,
    problem: Option<String>,
}

/// An integration, and the actions that the page offers for it.
struct Card {
    key: String,
    name: String,
    /// The authentication type in words.
    auth: String,
    /// The values to enter.
    hints: &'static [(&'static str, &'static [&'static str])],
    connections: Vec<(Connection, String)>,
    /// The payload that connects, and replaces the existing connection.
    connect: String,
    /// The payload that connects, and keeps the existing connections.
    connect_another: String,
}

impl Card {
    /// The letter in place of a logo.
    fn initial(&self) -> String {
        let last_word = self.name.split_whitespace().next_back();
        last_word.and_then(|word| word.chars().next()).map(String::from).unwrap_or_default()
    }
}

/// `?customer=…` signs another customer in.
pub(super) async fn home(
    State(config): State<Arc<Config>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if let Some(elsewhere) = canonical(&config, &headers) {
        return redirect(&elsewhere, None);
    }
    let query = query.unwrap_or_default();
    let chosen = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "customer");
    if let Some(customer) = chosen.and_then(|(_, id)| Customer::find(&id)) {
        return redirect("/", Some(customer));
    }

    let customer = Customer::signed_in(&headers);
    let (cards, rows, problem) = match load(&config, customer).await {
        Ok((cards, rows)) => (cards, rows, None),
        Err(problem) => (Vec::new(), Vec::new(), Some(problem.to_string())),
    };
    response::page(&HomePage { frame: Frame::new(&config, customer), cards, rows, problem })
}

/// The page's address at `base`, for a browser that came by `localhost`. Results come back to `base`, where its
/// cookie would be missing.
fn canonical(config: &Config, headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let port = host.strip_prefix("localhost:")?;
    (config.base == format!("http://127.0.0.1:{port}")).then(|| format!("{}/", config.base))
}

fn redirect(location: &str, sign_in: Option<&Customer>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let cookie = sign_in.map(Customer::sign_in_cookie);
    let values = [(header::LOCATION, Some(location)), (header::SET_COOKIE, cookie.as_deref())];
    for (name, value) in values {
        if let Some(Ok(value)) = value.map(HeaderValue::from_str) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn load(config: &Config, customer: &Customer) -> Result<(Vec<Card>, Vec<Row>), Problem> {
    let service = Service::for_customer(config, customer)?;
    let integrations = service.integrations().await?;
    let connections = service.connections().await?;
    let cards = integrations
        .iter()
        .filter(|integration| !config.hidden.contains(&integration.key.as_str()))
        .map(|integration| card(config, service.token(), integration, &connections))
        .collect::<Result<_, _>>()?;
    Ok((cards, rows(connections, &integrations)))
}

fn card(
    config: &Config,
    token: &str,
    integration: &Integration,
    connections: &[Connection],
) -> Result<Card, Problem> {
    let redirect_uri = format!("{}/demo/connected", config.base);
    let custom_state = format!("card:{}", integration.key);
    let connect = Payload {
        integration_key: &integration.key,
        token,
        redirect_uri: &redirect_uri,
        custom_state: &custom_state,
        connection_id: None,
        allow_multiple_connections: false,
    };
    let reconnect = |connection: &Connection| {
        let payload = Payload { connection_id: Some(&connection.id), ..connect.clone() };
        Ok::<_, Problem>((connection.clone(), payload.to_json()?))
    };
    Ok(Card {
        auth: auth_words(integration),
        hints: config
            .hints
            .iter()
            .find(|hint| hint.integration == integration.key)
            .map(|hint| hint.lines)
            .unwrap_or_default(),
        connections: connections
            .iter()
            .filter(|connection| connection.integration_id == integration.id)
            .map(reconnect)
            .collect::<Result<_, _>>()?,
        connect_another: Payload { allow_multiple_connections: true, ..connect.clone() }.to_json()?,
        connect: connect.to_json()?,
        key: integration.key.clone(),
        name: integration.name.clone(),
    })
}

/// The authentication type. With several options, also their titles, from which the customer can choose.
fn auth_words(integration: &Integration) -> String {
    let Some(first) = integration.auth_options.first() else { return String::new() };
    let words = auth_type_words(&first.r#type);
    let titles: Vec<&str> = integration
        .auth_options
        .iter()
        .map(|option| option.title.as_deref().unwrap_or(option.key.as_str()))
        .collect();
    if titles.len() == 1 { words.to_owned() } else { format!("{words}: {}", titles.join(", ")) }
}
