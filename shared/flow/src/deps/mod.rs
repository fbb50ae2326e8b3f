//! The dependencies of every handler: the seams, and the services built on them. A process makes them once.

mod definitions;
mod limits;
mod ready;
mod root;

use std::convert::Infallible;
use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;

use bytes::Bytes;
use http::header::HOST;
use http::{Method, Request, Response};
use percent_encoding::percent_decode_str;
use tokio::sync::Semaphore;
use tower::util::BoxCloneSyncService;

use crate::root_secret::RootSecret;
use crate::seal::{Sealer, WrappingKey};
use crate::store::{Store, Tables};
pub use definitions::{
    Definitions, integration_not_found, integration_place, read_integration, workspace_place,
};
pub use limits::{Limits, uncounted};
use protocol::clock::{Clock, Timestamp};
use protocol::definition::Workspace;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::WorkspaceKey;
use protocol::kept_keys::KeptKeys;
use protocol::language;
use protocol::path::fits;
use protocol::provider::calls::Calls;
use protocol::provider::client::Provider;
use protocol::random::Random;
use protocol::record::{About, Record};
use protocol::redirect_uri::{Loopback, OWN_PATHS, OwnRoutes, RedirectUri, WebOrigin};
pub use root::RootKeys;

/// A handler as the Lambda runtime, the local run and the tests mount it.
pub type HttpService = BoxCloneSyncService<Request<Bytes>, Response<Bytes>, Infallible>;

/// The operator's settings.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The service's public address without a trailing slash. The default is `https://` and the request's host.
    pub public_url: Option<String>,
    /// The rule for providers and redirect targets on this machine. Only the local run allows them.
    pub loopback: Loopback,
    /// The key of the root workspace. It manages the other workspaces, and may share its integrations with them.
    pub root_key: Option<WorkspaceKey>,
    /// The most requests of a minute of each workspace that has no limit of its own. The default is no limit.
    pub requests_per_minute: Option<NonZeroU32>,
    /// True if events are sent to the workspaces' webhook endpoints.
    pub sends_webhooks: bool,
}

/// The seams to the outside world.
pub struct Seams {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness.
    pub random: Arc<dyn Random>,
    /// The client for calls to providers.
    pub provider: Arc<dyn Provider>,
    /// The keys that sign where they are kept.
    pub keys: Arc<dyn KeptKeys>,
    /// The key that wraps the data keys.
    pub wrapping: Arc<dyn WrappingKey>,
    /// The secret that signs the root workspace's management tokens. Only the API needs it.
    pub root_secret: Option<Arc<dyn RootSecret>>,
    /// The configuration of the database client.
    pub dynamo: aws_sdk_dynamodb::Config,
    /// The names of the tables.
    pub tables: Tables,
}

/// The most webhooks that are sent at once: each takes memory.
pub const WEBHOOKS_AT_ONCE: usize = 64;

/// The dependencies of every handler.
pub struct Deps {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness.
    pub random: Arc<dyn Random>,
    /// The client for calls to providers.
    pub provider: Arc<dyn Provider>,
    /// The keys that sign where they are kept.
    pub keys: Arc<dyn KeptKeys>,
    /// The tables.
    pub store: Arc<Store>,
    /// The sealer of secrets at rest.
    pub sealer: Arc<Sealer>,
    /// The keys of the root workspace.
    pub root_keys: Arc<RootKeys>,
    /// The definitions of workspaces and integrations.
    pub definitions: Arc<Definitions>,
    /// The limits of the workspaces' requests.
    pub limits: Arc<Limits>,
    /// The turns of the webhooks that are sent at once.
    pub webhook_turns: Arc<Semaphore>,
    /// The operator's settings.
    pub settings: Settings,
    /// The service's own routes, at its public address and wherever requests came to.
    pub own_routes: Arc<OwnRoutes>,
}

impl Deps {
    /// Builds the services on the seams.
    #[must_use]
    pub fn new(seams: Seams, settings: Settings) -> Arc<Self> {
        let Seams { clock, random, provider, keys, wrapping, root_secret, dynamo, tables } = seams;
        let store = Arc::new(Store::new(&dynamo, tables, Arc::clone(&clock), Arc::clone(&random)));
        let sealer = Arc::new(Sealer::new(wrapping, Arc::clone(&clock), Arc::clone(&random)));
        let definitions =
            Definitions::new(Arc::clone(&store), Arc::clone(&sealer), Arc::clone(&clock), settings.loopback);
        let root_keys = Arc::new(RootKeys::new(root_secret, Arc::clone(&clock)));
        let limits = Limits::new(Arc::clone(&store), Arc::clone(&clock), settings.requests_per_minute);
        let own_routes = Arc::new(OwnRoutes::default());
        if let Some(url) = &settings.public_url {
            own_routes.begin_at(url);
        }
        Arc::new(Self {
            clock,
            random,
            provider,
            keys,
            store,
            sealer,
            root_keys,
            definitions: Arc::new(definitions),
            limits: Arc::new(limits),
            webhook_turns: Arc::new(Semaphore::new(WEBHOOKS_AT_ONCE)),
            settings,
            own_routes,
        })
    }

    /// Returns the same dependencies with another client for calls to providers.
    #[must_use]
    pub fn calling(&self, provider: Arc<dyn Provider>) -> Arc<Self> {
        Arc::new(Self {
            provider,
            definitions: Arc::clone(&self.definitions),
            limits: Arc::clone(&self.limits),
            webhook_turns: Arc::clone(&self.webhook_turns),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            keys: Arc::clone(&self.keys),
            store: Arc::clone(&self.store),
            sealer: Arc::clone(&self.sealer),
            root_keys: Arc::clone(&self.root_keys),
            settings: self.settings.clone(),
            own_routes: Arc::clone(&self.own_routes),
        })
    }

    /// Returns what a call to a provider needs. All such calls end by `until`.
    #[must_use]
    pub fn calls(&self, until: Timestamp) -> Calls<'_> {
        Calls {
            clock: &*self.clock,
            random: &*self.random,
            keys: &*self.keys,
            provider: &*self.provider,
            loopback: self.settings.loopback,
            own: &self.own_routes,
            until,
        }
    }

    /// Reads an address that a result may go to: one that the workspace lists, and that is none of our own.
    pub fn allowed_redirect_uri(&self, uri: &str, workspace: &Workspace) -> Result<RedirectUri> {
        let uri = RedirectUri::parse(uri, self.settings.loopback)?;
        let refused = |message| Error::new(ErrorKey::RedirectUriNotAllowed, message).field("redirectUri");
        if !workspace.allows_redirect_to(&uri) {
            return Err(refused("The workspace does not allow this redirectUri."));
        }
        if self.own_routes.have(uri.as_str()) {
            return Err(refused("The redirectUri leads to a route of Linkspan's own."));
        }
        Ok(uri)
    }

    /// Mounts a handler.
    pub fn service<F, Fut>(self: &Arc<Self>, handler: F) -> HttpService
    where
        F: Fn(Arc<Self>, Request<Bytes>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Response<Bytes>> + Send + 'static,
    {
        let deps = Arc::clone(self);
        BoxCloneSyncService::new(tower::service_fn(move |mut request: Request<Bytes>| {
            let (handler, deps) = (handler.clone(), Arc::clone(&deps));
            deps.note_host(&request);
            let invocation = request.extensions_mut().remove().unwrap_or_default();
            let record = Record::begin(Arc::clone(&deps.clock), &*deps.random, invocation);
            record.about(About::Route, &route(&request));
            // The future of a call made inside this block is stored once. A future captured from outside would be
            // stored twice.
            async move {
                let accepted = language::accepted(request.headers());
                let response = language::during(accepted, record.during(handler(deps, request))).await;
                record.answered(response.status());
                Ok(response)
            }
        }))
    }

    /// Notes the host that a request came to, as one of the service's own.
    fn note_host(&self, request: &Request<Bytes>) {
        if let Some(host) = request.headers().get(HOST).and_then(|host| host.to_str().ok()) {
            self.own_routes.begin_at(&format!("https://{host}"));
        }
    }

    /// Returns the service's own address for this request. The request's host can be trusted: API Gateway passes on
    /// only the hosts that it serves.
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

/// The method and the path as the table of routes has them. The path itself may hold what a caller typed.
fn route(request: &Request<Bytes>) -> String {
    let path = request.uri().path().trim_matches('/').split('/');
    let path: Vec<_> = path.map(|segment| percent_decode_str(segment).decode_utf8_lossy()).collect();
    let pattern = OWN_PATHS.iter().find(|pattern| fits(pattern, &path)).unwrap_or(&"no route");
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    let method = known.iter().find(|known| *known == request.method()).map_or("OTHER", Method::as_str);
    format!("{method} {pattern}")
}

fn malformed_host() -> Error {
    Error::new(ErrorKey::RequestMalformed, "The request names no host.").field("Host")
}

/// The service's own address.
#[derive(Debug, Clone)]
pub struct OwnAddress {
    /// The address, without a trailing slash.
    pub url: String,
    /// Its origin.
    pub origin: WebOrigin,
}
