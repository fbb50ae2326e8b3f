//! The one HTTP client: hyper over rustls with the web's root certificates compiled in.
//!
//! Providers are called through [`crate::provider::client`], which refuses addresses that a server must never call.
//! AWS is called by its SDK, which gets a client of this kind. So there is one TLS stack.

pub mod address;
#[cfg(feature = "bench-roots")]
mod bench_roots;
pub mod client_certificate;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
#[cfg(not(feature = "bench-roots"))]
use hyper_rustls::ConfigBuilderExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use rustls::client::Resumption;

use address::{Reach, Resolver};
use client_certificate::ClientCertificate;

/// The time that a TCP connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// Idle connections are dropped before a frozen Lambda would find them dead.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// The TLS sessions of one certificate that can be resumed.
const SESSIONS: usize = 8;

/// The root certificates and a handshake's settings, in memory once for all clients.
static TLS: LazyLock<ClientConfig> = LazyLock::new(|| {
    let trusting = ClientConfig::builder();
    #[cfg(not(feature = "bench-roots"))]
    let trusting = trusting.with_webpki_roots();
    #[cfg(feature = "bench-roots")]
    let trusting = trusting.with_root_certificates(bench_roots::with_those_of_the_bench());
    trusting.with_no_client_auth()
});

/// hyper's client over our connector.
pub type HyperClient = Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>;

/// The authorities that a server's certificate may come from.
#[derive(Clone)]
pub enum Trust {
    /// Those of the web.
    Web,
    /// These.
    #[cfg(test)]
    Only(Arc<rustls::RootCertStore>),
}

/// Builds a client that connects only to what `reach` allows.
#[must_use]
pub fn client(reach: Reach) -> HyperClient {
    client_of(reach, &Trust::Web, None)
}

/// Builds such a client that trusts these servers, and presents this certificate.
pub(crate) fn client_of(
    reach: Reach,
    trust: &Trust,
    certificate: Option<&Arc<ClientCertificate>>,
) -> HyperClient {
    let mut tcp = HttpConnector::new_with_resolver(Resolver::new(reach));
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let mut config = match trust {
        Trust::Web => TLS.clone(),
        #[cfg(test)]
        Trust::Only(roots) => {
            ClientConfig::builder().with_root_certificates(Arc::clone(roots)).with_no_client_auth()
        }
    };
    if let Some(certificate) = certificate {
        config.client_auth_cert_resolver = certificate.resolver();
        // A session is resumed by the certificate that began it.
        config.resumption = Resumption::in_memory_sessions(SESSIONS);
    }
    let tls = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build(tls)
}
