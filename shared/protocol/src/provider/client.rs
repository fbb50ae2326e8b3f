//! Calls to providers, as a seam: https only, no redirects, bounded in time and size, public addresses only.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use url::{Host, Url};

use crate::BoxFuture;
use crate::http::address::{NotPublic, Reach, UnknownHost};
use crate::http::client_certificate::ClientCertificate;
use crate::http::{HyperClient, Trust, client_of};
use crate::redirect_uri::Loopback;

/// The largest response of a provider, in bytes.
pub const MAX_RESPONSE: usize = 4 * 1024 * 1024;

/// The most certificates whose connections are kept open.
const MOST_CERTIFICATES: usize = 64;

/// The request, to be made with this certificate, if there is one.
pub(super) fn presenting(
    mut request: Request<Bytes>,
    certificate: Option<Arc<ClientCertificate>>,
) -> Request<Bytes> {
    if let Some(certificate) = certificate {
        request.extensions_mut().insert(certificate);
    }
    request
}

/// The reason why a provider gave no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The address may not be called: not https, or not on the public internet.
    #[error("the address may not be called")]
    NotAllowed,
    /// No response in the time that was left.
    #[error("no response in time")]
    Timeout,
    /// The response is larger than [`MAX_RESPONSE`].
    #[error("the response is too large")]
    TooLarge,
    /// The connection failed.
    #[error(transparent)]
    Connection(Broken),
}

impl ProviderError {
    /// A connection that failed in this way.
    #[must_use]
    pub fn connection(kind: ConnectionFailure) -> Self {
        Self::Connection(Broken { kind, detail: String::new() })
    }
}

/// A connection that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the connection failed: {detail}")]
pub struct Broken {
    /// The kind of failure.
    pub kind: ConnectionFailure,
    /// The description by the network or the TLS stack.
    detail: String,
}

/// The ways in which a connection fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionFailure {
    /// The name server knows no address for the host.
    UnknownHost,
    /// Nobody listens at the port.
    Refused,
    /// The handshake failed: the certificate is not valid for the host, expired, or not signed by a public authority.
    Tls,
    /// It was closed, or broke, before the response was whole.
    Broken,
}

impl ConnectionFailure {
    /// The word for it in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownHost => "unknown_host",
            Self::Refused => "connection_refused",
            Self::Tls => "tls",
            Self::Broken => "connection_broken",
        }
    }
}

/// A sender of requests to providers.
pub trait Provider: Send + Sync {
    /// Sends `request` and reads the whole response, within `limit`. Redirects are returned, not followed.
    fn send(
        &self,
        request: Request<Bytes>,
        limit: Duration,
    ) -> BoxFuture<'_, Result<Response<Bytes>, ProviderError>>;

    /// Sends `request`, and reads no more of the response than its head, within `limit`: for those whose answers say nothing
    /// else, and may be as long as whoever gives them likes.
    fn send_for_status(
        &self,
        request: Request<Bytes>,
        limit: Duration,
    ) -> BoxFuture<'_, Result<StatusCode, ProviderError>> {
        let sent = self.send(request, limit);
        Box::pin(async move { Ok(sent.await?.status()) })
    }
}

/// The production implementation of the seam.
pub struct ProviderClient {
    client: OnceLock<HyperClient>,
    /// A client for each certificate: a connection is never used for another one.
    with_certificate: Mutex<HashMap<[u8; 32], HyperClient>>,
    reach: Reach,
    trust: Trust,
}

impl ProviderClient {
    /// A client for the public internet, and with [`Loopback::Allowed`] also for this machine. Nothing is built before
    /// its first use: many requests call no provider.
    #[must_use]
    pub fn new(loopback: Loopback) -> Self {
        let reach = match loopback {
            Loopback::Allowed => Reach::PublicAndLoopback,
            Loopback::Refused => Reach::Public,
        };
        Self { client: OnceLock::new(), with_certificate: Mutex::default(), reach, trust: Trust::Web }
    }

    /// The client that presents this certificate, or none.
    fn sender(&self, certificate: Option<&Arc<ClientCertificate>>) -> HyperClient {
        let Some(certificate) = certificate else {
            return self.client.get_or_init(|| client_of(self.reach, &self.trust, None)).clone();
        };
        let mut clients = self.with_certificate.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= MOST_CERTIFICATES && !clients.contains_key(&certificate.id()) {
            clients.clear();
        }
        let new = || client_of(self.reach, &self.trust, Some(certificate));
        clients.entry(certificate.id()).or_insert_with(new).clone()
    }

    /// Sends a request to where it may go, and returns the response when its head is there.
    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Incoming>, ProviderError> {
        let permitted = Url::parse(&request.uri().to_string()).is_ok_and(|url| self.permits(&url));
        if !permitted {
            return Err(ProviderError::NotAllowed);
        }
        let sender = self.sender(request.extensions().get());
        sender.request(request.map(Full::new)).await.map_err(|error| classify(&error))
    }

    /// Checks a host that is an address. hyper does not resolve such a host, so the resolver would never see it.
    fn permits(&self, url: &Url) -> bool {
        let address: Option<IpAddr> = match url.host() {
            Some(Host::Ipv4(v4)) => Some(v4.into()),
            Some(Host::Ipv6(v6)) => Some(v6.into()),
            Some(Host::Domain(_)) => None,
            None => return false,
        };
        let loopback = address.map_or(url.host_str() == Some("localhost"), |address| address.is_loopback());
        let scheme_fits = match url.scheme() {
            "https" => true,
            "http" => self.reach == Reach::PublicAndLoopback && loopback,
            _ => false,
        };
        scheme_fits && address.is_none_or(|address| self.reach.allows(address))
    }
}

impl Provider for ProviderClient {
    fn send(
        &self,
        request: Request<Bytes>,
        limit: Duration,
    ) -> BoxFuture<'_, Result<Response<Bytes>, ProviderError>> {
        Box::pin(async move {
            let exchange = async {
                let (head, body) = self.exchange(request).await?.into_parts();
                let body = Limited::new(body, MAX_RESPONSE).collect().await.map_err(|error| {
                    if error.is::<LengthLimitError>() { ProviderError::TooLarge } else { classify(&*error) }
                })?;
                Ok(Response::from_parts(head, body.to_bytes()))
            };
            tokio::time::timeout(limit, exchange).await.unwrap_or(Err(ProviderError::Timeout))
        })
    }

    fn send_for_status(
        &self,
        request: Request<Bytes>,
        limit: Duration,
    ) -> BoxFuture<'_, Result<StatusCode, ProviderError>> {
        Box::pin(async move {
            // Without its body the response closes the connection: nobody reads what still comes.
            let exchange = async { Ok(self.exchange(request).await?.status()) };
            tokio::time::timeout(limit, exchange).await.unwrap_or(Err(ProviderError::Timeout))
        })
    }
}

/// Classifies the chain of errors. An `io::Error` holds the error that it was made of, but does not return it as its
/// source.
fn classify(error: &(dyn std::error::Error + 'static)) -> ProviderError {
    let mut kind = ConnectionFailure::Broken;
    let mut messages: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let io = error.downcast_ref::<io::Error>();
        let inner = io.and_then(io::Error::get_ref).map(|inner| inner as &(dyn std::error::Error + 'static));
        if error.is::<NotPublic>() {
            return ProviderError::NotAllowed;
        }
        match io.map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => kind = ConnectionFailure::Refused,
            Some(io::ErrorKind::TimedOut) => return ProviderError::Timeout,
            _ if error.is::<UnknownHost>() => kind = ConnectionFailure::UnknownHost,
            _ if error.is::<rustls::Error>() => kind = ConnectionFailure::Tls,
            _ => {}
        }
        let text = error.to_string();
        if !messages.contains(&text) {
            messages.push(text);
        }
        next = inner.or_else(|| error.source());
    }
    ProviderError::Connection(Broken { kind, detail: messages.join(": ") })
}

#[cfg(test)]
mod certificate_tests;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    async fn refusal(loopback: Loopback, uri: &str) -> ProviderError {
        let request = || Request::get(uri).body(Bytes::new()).unwrap();
        let (client, limit) = (ProviderClient::new(loopback), Duration::from_secs(2));
        let refused = client.send(request(), limit).await.unwrap_err();
        assert_eq!(client.send_for_status(request(), limit).await, Err(refused.clone()));
        refused
    }

    /// A server that has no end. It tells how much it got rid of.
    async fn endless() -> (String, tokio::task::JoinHandle<usize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await.unwrap();
            stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 99999999999\r\n\r\n").await.unwrap();
            let (some, mut sent) = (vec![b'a'; 65536], 0);
            while stream.write_all(&some).await.is_ok() {
                sent += some.len();
            }
            sent
        });
        (uri, serving)
    }

    #[tokio::test]
    async fn of_an_answer_whose_status_is_asked_for_nothing_else_is_read() {
        let client = ProviderClient::new(Loopback::Allowed);
        let (uri, serving) = endless().await;
        let request = Request::post(uri).body(Bytes::new()).unwrap();
        let status = client.send_for_status(request, Duration::from_secs(20)).await;
        assert_eq!(status, Ok(StatusCode::ACCEPTED));
        // The connection is closed, though the client lives: what was sent stood in the system's buffers.
        let sent = tokio::time::timeout(Duration::from_secs(20), serving).await.unwrap().unwrap();
        assert!(sent < 64 * 1024 * 1024, "{sent}");
        // Whoever wants the whole reads as much as there may be.
        let (uri, _serving) = endless().await;
        let request = Request::post(uri).body(Bytes::new()).unwrap();
        let refused = client.send(request, Duration::from_secs(20)).await.unwrap_err();
        assert_eq!(refused, ProviderError::TooLarge);
    }

    #[tokio::test]
    async fn private_addresses_are_not_called() {
        for uri in [
            "https://169.254.169.254/latest/meta-data",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://localhost/",
            "https://[::ffff:10.0.0.1]/",
            "https://2130706433/",
            "https://0x7f.1/",
            "http://example.com/",
            "http://127.0.0.1/",
        ] {
            assert_eq!(refusal(Loopback::Refused, uri).await, ProviderError::NotAllowed, "{uri}");
        }
    }

    #[tokio::test]
    async fn the_local_run_calls_this_machine_without_tls_and_no_other() {
        assert_eq!(refusal(Loopback::Allowed, "http://example.com/").await, ProviderError::NotAllowed);
        assert_eq!(refusal(Loopback::Allowed, "http://10.0.0.1/").await, ProviderError::NotAllowed);
        // Port 1 is closed: the address is allowed, and the connection then fails.
        let error = refusal(Loopback::Allowed, "http://127.0.0.1:1/").await;
        let ProviderError::Connection(Broken { kind, detail }) = error else { panic!("{error}") };
        assert_eq!(kind, ConnectionFailure::Refused, "{detail}");
    }
}
