//! The one-command local run: the whole service, a provider to connect to, and a page to try it from.

pub mod args;
mod canonical;
pub mod database;
mod demo_page;
mod demo_provider;
pub mod events;
pub mod log;
mod seed;
pub mod service;
#[cfg(test)]
mod tests;
mod webhooks;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::{Router, middleware};
use flow::deps::{Deps, Seams, Settings};
use flow::lifecycle::refresh;
use flow::seal::StaticKey;
use protocol::clock::{Clock, SystemClock};
use protocol::error::reported;
use protocol::id::WorkspaceKey;
use protocol::kept_keys::NoKeptKeys;
use protocol::provider::client::ProviderClient;
use protocol::random::{Random, SystemRandom};
use protocol::record::Invocation;
use protocol::redirect_uri::Loopback;
use protocol::secret::Secret;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use args::Options;
use database::Database;
use demo_provider::oauth1::client::Client as Consumer;
pub use demo_provider::oauth2::client::CLIENT_SECRET;
use demo_provider::oauth2::client::Client;
use events::log::{Log, Reader};
use events::pipe::Pipe;
use seed::Registered;
pub use seed::WORKSPACE_SECRET;
use service::Functions;

/// Anything that keeps the local run from starting.
pub type Problem = Box<dyn std::error::Error + Send + Sync>;

/// The wrapping key of the local run. It is public, so the data in `--data-dir` is only as safe as the directory.
const WRAPPING_KEY: [u8; 32] = *b"local demo wrapping key, no aws!";

/// The time between two scheduled refreshes. It is shorter than on AWS, for those who watch.
const REFRESH_EVERY: Duration = Duration::from_secs(10);

/// The time that one scheduled refresh may take.
const REFRESH_TIME: Duration = Duration::from_mins(1);

/// A started local run.
pub struct Running {
    /// The address that it is served at: `http://127.0.0.1:9000`.
    pub base: String,
    /// The address that its DynamoDB listens at.
    pub dynamodb: String,
    events: Log,
    listener: TcpListener,
    router: Router,
}

/// Starts everything and defines the demo workspace and its integrations.
pub async fn start(options: Options) -> Result<Running, Problem> {
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let database = Database::start(options.dynamodb_port, options.data_dir.as_deref()).await?;
    let events = Log::new();
    let (to_webhooks, of_webhooks) = mpsc::unbounded_channel();
    let pipe = Pipe::of_the_template()?;
    let follow = events::follow(database.connections_stream()?, pipe, events.clone(), to_webhooks);
    tokio::spawn(async {
        if let Err(problem) = follow.await {
            eprintln!("No more events: {problem}");
        }
    });
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let deps = Deps::new(
        Seams {
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
            provider: Arc::new(ProviderClient::new(Loopback::Allowed)),
            keys: Arc::new(NoKeptKeys),
            wrapping: Arc::new(StaticKey::new(Zeroizing::new(WRAPPING_KEY), Arc::clone(&random))),
            root_secret: Some(Arc::new(Secret::from(seed::WORKSPACE_SECRET))),
            dynamo: database.client.config().clone(),
            tables: database.tables,
        },
        Settings {
            public_url: Some(base.clone()),
            loopback: Loopback::Allowed,
            root_key: Some(WorkspaceKey::new(seed::WORKSPACE_KEY)),
            requests_per_minute: None,
            sends_webhooks: true,
        },
    );
    let functions = Functions::new(&deps);
    tokio::spawn(webhooks::send(Arc::clone(&deps), of_webhooks));
    tokio::spawn(scheduled_refresh(Arc::clone(&deps), options.json_log));
    seed::define(&functions, &base, clock.now()).await?;
    // The provider knows its clients' exact callback addresses (RFC 6749 §3.1.2.2): those of this run, and of
    // anything else that serves the same tables.
    let callbacks = |integration| {
        let path = seed::callback_path(integration);
        let bases = std::iter::once(&base).chain(&options.callback_bases);
        bases.map(|base| format!("{base}{path}")).collect::<Vec<_>>()
    };
    let provider = demo_provider::router(demo_provider::Config {
        base: base.clone(),
        clients: vec![
            Client::demo([Registered::OAuth2, Registered::Sites].map(callbacks).concat()),
            Client::shared(callbacks(Registered::Shared)),
            Client::machine(),
        ],
        consumers: vec![Consumer::demo(callbacks(Registered::OAuth1))],
        clock: Arc::clone(&clock),
        random,
    });
    let page = demo_page::router(demo_page::Config {
        base: base.clone(),
        workspace_key: seed::WORKSPACE_KEY,
        workspace_secret: seed::WORKSPACE_SECRET,
        hidden: &seed::HIDDEN,
        hints: &seed::HINTS,
        clock,
        events: events.clone(),
        call: service::call(&functions),
    });
    let to_base = middleware::from_fn_with_state(Arc::from(base.as_str()), canonical::redirect_starts);
    let router = service::router(&functions).merge(provider).merge(page).layer(to_base);
    Ok(Running { base, dynamodb: database.endpoint, events, listener, router })
}

/// Stands in for the schedule of the `refresh` function. Each run has a line in the log, if it is to be that of AWS.
async fn scheduled_refresh(deps: Arc<Deps>, has_lines: bool) {
    let mut schedule = tokio::time::interval(REFRESH_EVERY);
    loop {
        schedule.tick().await;
        let end = deps.clock.now() + REFRESH_TIME;
        if has_lines {
            // Whatever becomes of it stands in its line.
            _ = refresh::run(&deps, Invocation::default(), end).await;
        } else {
            // Each connection that it renews has a line. One for each run would be all that there is to read.
            reported(refresh::sweep(&deps, end).await, "scheduled work failed");
        }
    }
}

impl Running {
    /// The events about connections, from the start of this run.
    #[must_use]
    pub fn events(&self) -> Reader {
        self.events.after(0)
    }

    /// Serves until `stop` resolves.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), Problem> {
        let events = self.events;
        let stop = async move {
            stop.await;
            // A page that waits for the next event would keep its connection.
            events.close();
        };
        Ok(axum::serve(self.listener, self.router).with_graceful_shutdown(stop).await?)
    }
}
