//! What every handler works with: the seams, and what is built on them. Made once, outside the handlers.

mod definitions;
pub mod trail;

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::header::HOST;
use http::{Request, Response};
use tower::util::BoxCloneSyncService;
use tracing::Instrument as _;

use crate::seal::{Sealer, WrappingKey};
use crate::store::{Store, Tables};
pub use definitions::{
    Definitions, integration_not_found, integration_place, read_integration, workspace_place,
};
use protocol::clock::{Clock, Timestamp};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::WorkspaceKey;
use protocol::provider::calls::Calls;
use protocol::provider::client::Provider;
use protocol::random::Random;
use protocol::redirect_uri::{Loopback, WebOrigin};
use protocol::secret::Secret;

/// A handler as the Lambda runtime, the local run and the tests mount it.
pub type HttpService = BoxCloneSyncService<Request<Bytes>, Response<Bytes>, Infallible>;

/// What an operator chooses.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The service's public address without a trailing slash; by default `https://` and the request's host.
    pub public_url: Option<String>,
    /// Whether providers and redirect targets on this machine are allowed: in the local run only.
    pub loopback: Loopback,
    /// The key of the root workspace: it manages the others, and may share its integrations with them.
    pub root_key: Option<WorkspaceKey>,
    /// The secret that signs the root workspace's management tokens; only the API needs it.
    pub root_secret: Option<Secret>,
}

/// The outside world, as seams.
pub struct Seams {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Calls to providers.
    pub provider: Arc<dyn Provider>,
    /// What guards the data keys.
    pub wrapping: Arc<dyn WrappingKey>,
    /// How the database is reached.
    pub dynamo: aws_sdk_dynamodb::Config,
    /// The tables in it.
    pub tables: Tables,
}

/// What every handler works with.
pub struct Deps {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Calls to providers.
    pub provider: Arc<dyn Provider>,
    /// The tables.
    pub store: Arc<Store>,
    /// Secrets at rest.
    pub sealer: Arc<Sealer>,
    /// Workspaces and integrations.
    pub definitions: Definitions,
    /// What the operator chose.
    pub settings: Settings,
}

impl Deps {
    /// Builds what stands on the seams.
    #[must_use]
    pub fn new(seams: Seams, settings: Settings) -> Arc<Self> {
        let Seams { clock, random, provider, wrapping, dynamo, tables } = seams;
        let store = Arc::new(Store::new(dynamo, tables, Arc::clone(&clock), Arc::clone(&random)));
        let sealer = Arc::new(Sealer::new(wrapping, Arc::clone(&clock), Arc::clone(&random)));
        let definitions =
            Definitions::new(Arc::clone(&store), Arc::clone(&sealer), Arc::clone(&clock), settings.loopback);
        Arc::new(Self { clock, random, provider, store, sealer, definitions, settings })
    }

    /// What calls to providers take from outside, until the last of them ends.
    #[must_use]
    pub fn calls(&self, until: Timestamp) -> Calls<'_> {
        Calls {
            clock: &*self.clock,
            random: &*self.random,
            provider: &*self.provider,
            loopback: self.settings.loopback,
            until,
        }
    }

    /// Mounts a handler.
    pub fn service<F, Fut>(self: &Arc<Self>, handler: F) -> HttpService
    where
        F: Fn(Arc<Self>, Request<Bytes>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Response<Bytes>> + Send + 'static,
    {
        let deps = Arc::clone(self);
        BoxCloneSyncService::new(tower::service_fn(move |request| {
            let (handler, deps) = (handler.clone(), Arc::clone(&deps));
            // Called in here, the handler's future is held once: a future that is captured takes its room twice.
            async move { Ok(handler(deps, request).instrument(trail::span()).await) }
        }))
    }

    /// The service's own address, as this request reached it. API Gateway passes on only hosts that it serves.
    pub fn own_address(&self, request: &Request<Bytes>) -> Result<OwnAddress> {
        let url = if let Some(url) = &self.settings.public_url {
            url.trim_end_matches('/').to_owned()
        } else {
            let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
            let host = host.ok_or_else(malformed_host)?;
            format!("https://{host}")
        };
        let origin = WebOrigin::of_url(&url).map_err(|_| malformed_host())?;
        Ok(OwnAddress { url, origin })
    }
}

fn malformed_host() -> Error {
    Error::new(ErrorKey::RequestMalformed, "The request names no host.").field("Host")
}

/// Where the service is.
#[derive(Debug, Clone)]
pub struct OwnAddress {
    /// The address, without a trailing slash.
    pub url: String,
    /// Its origin.
    pub origin: WebOrigin,
}
