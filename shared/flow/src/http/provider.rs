//! Calls to providers, as a seam: https only, no redirects, bounded in time and size, public addresses only.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use url::{Host, Url};

use super::HyperClient;
use super::address::{Reach, Unreachable};
use crate::BoxFuture;
use crate::error::{Error, ErrorKey};
use crate::redirect_uri::Loopback;

/// The most that a provider's response may weigh, in bytes.
pub const MAX_RESPONSE: usize = 4 * 1024 * 1024;

/// Why a provider gave no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The address may not be called: not https, or not on the public internet.
    #[error("the address may not be called")]
    Forbidden,
    /// No response in the time that was left.
    #[error("no response in time")]
    Timeout,
    /// The response is larger than [`MAX_RESPONSE`].
    #[error("the response is too large")]
    TooLarge,
    /// The connection failed. `sent` says whether the request may have reached the provider.
    #[error("the connection failed")]
    Connection {
        /// Whether the request may have reached the provider.
        sent: bool,
    },
}

impl ProviderError {
    /// What the caller is told of it; `setting` is the definition's setting that holds the address.
    #[must_use]
    pub fn told(&self, setting: &'static str) -> Error {
        match self {
            Self::Forbidden => Error::new(
                ErrorKey::ConfigurationInvalid,
                "The service's address may not be called: it must be https and on the public internet.",
            )
            .field(setting),
            Self::TooLarge => answer_not_understood(),
            Self::Timeout | Self::Connection { .. } => unreachable(),
        }
    }
}

/// The provider gave no answer, or one that tells of a fault of its own.
#[must_use]
pub fn unreachable() -> Error {
    Error::new(ErrorKey::ProviderUnreachable, "The service could not be reached. Please try again later.")
}

/// Whether a status tells of a fault of the provider's own, or that it was asked too often: the same request may be
/// answered later.
#[must_use]
pub fn is_fault(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        )
}

/// The provider's answer is not what it should be.
#[must_use]
pub fn answer_not_understood() -> Error {
    Error::new(
        ErrorKey::TokenResponseInvalid,
        "The service's answer to the token request could not be understood.",
    )
}

/// What sends a request to a provider.
pub trait Provider: Send + Sync {
    /// Sends `request` and reads the whole response, within `limit`. Redirects are returned, not followed.
    fn send(
        &self,
        request: Request<Bytes>,
        limit: Duration,
    ) -> BoxFuture<'_, Result<Response<Bytes>, ProviderError>>;
}

/// The production side of the seam.
pub struct ProviderClient {
    client: OnceLock<HyperClient>,
    reach: Reach,
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
        Self { client: OnceLock::new(), reach }
    }

    /// hyper does not resolve a host that is an address, so the resolver would never see it.
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
            let permitted = Url::parse(&request.uri().to_string()).is_ok_and(|url| self.permits(&url));
            if !permitted {
                return Err(ProviderError::Forbidden);
            }
            let exchange = async {
                let client = self.client.get_or_init(|| super::client(self.reach));
                let response =
                    client.request(request.map(Full::new)).await.map_err(|error| classify(&error))?;
                let (head, body) = response.into_parts();
                let body = Limited::new(body, MAX_RESPONSE).collect().await.map_err(|error| {
                    if error.is::<LengthLimitError>() {
                        ProviderError::TooLarge
                    } else {
                        ProviderError::Connection { sent: true }
                    }
                })?;
                Ok(Response::from_parts(head, body.to_bytes()))
            };
            tokio::time::timeout(limit, exchange).await.unwrap_or(Err(ProviderError::Timeout))
        })
    }
}

fn classify(error: &hyper_util::client::legacy::Error) -> ProviderError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<Unreachable>() {
            return ProviderError::Forbidden;
        }
        cause = error.source();
    }
    ProviderError::Connection { sent: !error.is_connect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refusal(loopback: Loopback, uri: &str) -> ProviderError {
        let request = Request::get(uri).body(Bytes::new()).unwrap();
        ProviderClient::new(loopback).send(request, Duration::from_secs(2)).await.unwrap_err()
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
            assert_eq!(refusal(Loopback::Refused, uri).await, ProviderError::Forbidden, "{uri}");
        }
    }

    #[tokio::test]
    async fn the_local_run_calls_this_machine_without_tls_and_no_other() {
        assert_eq!(refusal(Loopback::Allowed, "http://example.com/").await, ProviderError::Forbidden);
        assert_eq!(refusal(Loopback::Allowed, "http://10.0.0.1/").await, ProviderError::Forbidden);
        // Port 1 is closed: the address is let through, and the connection then fails.
        let error = refusal(Loopback::Allowed, "http://127.0.0.1:1/").await;
        assert_eq!(error, ProviderError::Connection { sent: false });
    }
}
