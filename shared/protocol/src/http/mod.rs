//! The one HTTP client: hyper over rustls with the web's root certificates compiled in.
//!
//! Providers are called through [`crate::provider::client`], which refuses addresses that a server must never call.
//! AWS is called by its SDK, which gets a client of this kind. So there is one TLS stack.

pub mod address;

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;

use address::{Reach, Resolver};

/// The time that a TCP connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// Idle connections are dropped before a frozen Lambda would find them dead.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// The root certificates and a handshake's settings, in memory once for all clients.
static TLS: LazyLock<ClientConfig> =
    LazyLock::new(|| ClientConfig::builder().with_webpki_roots().with_no_client_auth());

/// hyper's client over our connector.
pub type HyperClient = Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>;

/// Builds a client that connects only to what `reach` allows.
#[must_use]
pub fn client(reach: Reach) -> HyperClient {
    let mut tcp = HttpConnector::new_with_resolver(Resolver::new(reach));
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let tls = HttpsConnectorBuilder::new()
        .with_tls_config(TLS.clone())
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build(tls)
}
