//! The ground that a run stands on: the tables, the provider, the clock, and the sandboxes that come and go.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use bytes::Bytes;
use flow::deps::{Deps, HttpService, Seams, Settings};
use flow::lifecycle::refresh;
use flow::seal::StaticKey;
use flow::web::routes::Function;
use http::{Method, Request, Response};
use linkspan_local::database::Database;
use linkspan_local::service::Functions;
use protocol::clock::Clock;
use protocol::deadline::{ANSWER, API_FUNCTION, BROWSER_FUNCTION, GATEWAY};
use protocol::id::WorkspaceKey;
use protocol::kept_keys::NoKeptKeys;
use protocol::random::Random;
use protocol::record::Invocation;
use protocol::redirect_uri::Loopback;
use protocol::secret::Secret;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tower::ServiceExt as _;
use zeroize::Zeroizing;

use super::authority::Authority;
use super::book::Book;
use super::door::Door;
use super::draws::Draws;
use super::erasures::Erasures;
use super::follower::{Follower, Known};
use super::invariants;
use super::life::{Doom, Life};
use super::observer::Observer;
use super::trace::Trace;
use super::weather::{GatedKey, SandboxGate, Weather};
use crate::browser::api_request;
use crate::clock::TestClock;
use crate::definitions;
use crate::dump::Dump;
use crate::permissions::{GuardedKey, Ledger, by_hand};
use crate::tokens::{self, ROOT, ROOT_SECRET};
use crate::wire::Wire;
use crate::world::{WRAPPING_KEY, config};
use crate::{Answer, Browser};

/// The time that the function `refresh` has.
const SWEEP_FUNCTION: Duration = Duration::from_mins(5);

/// The time of it that a run of the schedule plans with.
const SWEEP: Duration = Duration::from_secs(270);

const REVOCATION_URI: &str = "https://provider.example/oauth/revoke";

/// What a run stands on.
pub(super) struct Ground {
    pub(super) seed: u64,
    pub(super) trace: Arc<Trace>,
    pub(super) weather: Weather,
    pub(super) authority: Authority,
    pub(super) book: Book,
    pub(super) erasures: Erasures,
    /// The integration says how credentials are revoked.
    pub(super) revokes: Option<Revokes>,
    pub(super) follower: Follower,
    pub(super) observer: Observer,
    /// Who was the last to come to the provider.
    at_provider: watch::Sender<String>,
    draws: Draws,
    clock: Arc<TestClock>,
    database: Database,
    key: Arc<StaticKey>,
    ledger: Arc<Ledger>,
    idle: Mutex<Vec<(Function, Arc<Sandbox>)>>,
    made: AtomicU64,
    own: Weak<Self>,
}

/// What a revocation ends, by the definition.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Revokes {
    /// It may end all that the customer has there.
    Grants,
    /// The grant of the one token.
    Tokens,
}

/// One sandbox of a function. It does one request at a time.
struct Sandbox {
    life: Arc<Life>,
    deps: Arc<Deps>,
    functions: Functions,
}

impl Ground {
    /// Empty tables, and nobody there.
    pub(super) fn new(seed: u64, database: Database) -> Arc<Self> {
        let draws = Draws::of(seed, "ground");
        let trace = Arc::new(Trace::begin());
        let access_life =
            draws.one_of(&[Duration::from_mins(4), Duration::from_mins(10), Duration::from_mins(30)]);
        let random: Arc<dyn Random> = Arc::new(Draws::of(seed, "data keys"));
        Arc::new_cyclic(|own| Self {
            seed,
            weather: Weather::drawn(&draws),
            authority: Authority::new(Arc::clone(&trace), access_life),
            book: Book::default(),
            at_provider: watch::Sender::new(String::new()),
            observer: Observer::new(&database),
            erasures: Erasures::none(),
            revokes: draws.one_of(&[None, Some(Revokes::Grants), Some(Revokes::Tokens)]),
            follower: Follower::new(&trace, &database),
            trace,
            draws,
            clock: Arc::new(TestClock::start()),
            database,
            key: Arc::new(StaticKey::new(Zeroizing::new(WRAPPING_KEY), random)),
            ledger: Arc::default(),
            idle: Mutex::default(),
            made: AtomicU64::new(0),
            own: own.clone(),
        })
    }

    fn shared(&self) -> Arc<Self> {
        self.own.upgrade().unwrap()
    }

    /// A new sandbox, which has nothing in memory.
    fn sandbox(&self) -> Arc<Sandbox> {
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        let life = Arc::new(Life::new(number));
        let draws = |part: &str| Draws::of(self.seed, &format!("{part} {number}"));
        let (ground, lives) = (self.shared(), Arc::clone(&life));
        let gate = Arc::new(SandboxGate { ground: self.shared(), life: lives, draws: draws("gate") });
        let deps = Deps::new(
            Seams {
                clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
                random: Arc::new(draws("sandbox")),
                provider: Arc::new(Door { ground, life: Arc::clone(&life), draws: draws("door") }),
                keys: Arc::new(NoKeptKeys),
                wrapping: Arc::new(GuardedKey {
                    key: Arc::new(GatedKey { gate: Arc::clone(&gate), key: Arc::clone(&self.key) }),
                    ledger: Arc::clone(&self.ledger),
                }),
                root_secret: Some(Arc::new(Secret::from(ROOT_SECRET))),
                dynamo: config(&self.database, Wire::new().under_roles(&self.ledger).behind(gate)),
                tables: self.database.tables.clone(),
            },
            Settings {
                public_url: None,
                loopback: Loopback::Refused,
                root_key: Some(WorkspaceKey::new(ROOT)),
                requests_per_minute: None,
                sends_webhooks: false,
            },
        );
        self.trace.count("sandboxes");
        Arc::new(Sandbox { life, functions: Functions::new(&deps), deps })
    }

    fn taken(&self, function: Function) -> Arc<Sandbox> {
        let mut idle = self.idle.lock().unwrap();
        let found = idle.iter().position(|(of, sandbox)| *of == function && !sandbox.life.is_dead());
        found.map_or_else(|| self.sandbox(), |at| idle.remove(at).1)
    }

    fn doom(&self) -> Doom {
        if !self.weather.strikes(&self.draws, self.weather.kills) {
            Doom::None
        } else if self.draws.chance(400) {
            Doom::Poll(self.draws.below(30))
        } else {
            Doom::Seam(self.draws.below(25))
        }
    }

    /// Does work in a sandbox, for so long at most. There is nothing if the sandbox dies.
    async fn done<T, F>(self: Arc<Self>, sandbox: Arc<Sandbox>, limit: Duration, work: F) -> Option<T>
    where
        F: Future<Output = T>,
    {
        let (doom, began) = (self.doom(), Instant::now());
        let who = format!("sandbox {}", sandbox.life.number);
        match timeout(limit, sandbox.life.work(doom, work)).await {
            Ok(Some(done)) => return Some(done),
            Ok(None) => {
                self.trace.count("kills");
                self.trace.note(who, format_args!("is killed: {doom:?}"));
            }
            Err(_) => {
                sandbox.life.die();
                self.trace.count("functions out of time, in trouble with the database or KMS");
                self.trace.note(who, "has no more time");
                self.trace.check(sandbox.life.was_troubled_since(began), || {
                    format!(
                        "a function had no more time, without any trouble: sandbox {}",
                        sandbox.life.number
                    )
                });
            }
        }
        None
    }

    /// A request, as API Gateway hands it to a function.
    async fn invoked(self: Arc<Self>, function: Function, request: Request<Bytes>) -> Response<Bytes> {
        let began = Instant::now();
        let sandbox = self.taken(function);
        let (limit, service) = match function {
            Function::Initiate => (BROWSER_FUNCTION, &sandbox.functions.initiate),
            Function::Callback => (BROWSER_FUNCTION, &sandbox.functions.callback),
            Function::Finish => (BROWSER_FUNCTION, &sandbox.functions.finish),
            Function::Api => (API_FUNCTION, &sandbox.functions.api),
        };
        self.trace.count("requests");
        let answering = service.clone().oneshot(request);
        let ground = Arc::clone(&self);
        let work = tokio::spawn(async move {
            let Ok(answer) = Arc::clone(&ground).done(Arc::clone(&sandbox), limit, answering).await?;
            let took = began.elapsed();
            if sandbox.life.was_troubled_since(began) {
                let took = u64::try_from(took.as_millis()).unwrap();
                ground.trace.longest("longest answer in trouble with the database or KMS, in ms", took);
            } else {
                ground.trace.check(took <= ANSWER + Duration::from_secs(1), || {
                    format!("an answer after {took:?}, without trouble: sandbox {}", sandbox.life.number)
                });
            }
            ground.idle.lock().unwrap().push((function, sandbox));
            Some(answer)
        });
        match timeout(GATEWAY, work).await {
            Ok(answered) => answered.unwrap().unwrap_or_else(|| gateways_own(502)),
            Err(_) => gateways_own(503),
        }
    }

    /// A run of the schedule.
    pub(super) async fn sweep(&self) {
        let sandbox = self.sandbox();
        let (deps, end) = (Arc::clone(&sandbox.deps), self.clock.now() + SWEEP);
        let work = async move { refresh::run(&deps, Invocation::default(), end).await };
        let swept = self.shared().done(Arc::clone(&sandbox), SWEEP_FUNCTION, work).await;
        self.trace.count("sweeps");
        self.trace.note("sweep", format_args!("{:?}", swept.map(|swept| swept.map_err(|error| error.key()))));
        // It is gone, with all that it left under way.
        sandbox.life.may_pass(None);
    }

    /// Begins the schedule here: its first run would look at a week.
    pub(super) async fn begin_schedule(&self) {
        by_hand(self.sandbox().deps.store.write_checkpoint(self.clock.now(), None)).await.unwrap();
    }

    /// The functions, as API Gateway serves them.
    pub(super) fn functions(&self) -> Functions {
        let served = |function| {
            let ground = self.shared();
            HttpService::new(tower::service_fn(move |request| {
                let invoked = Arc::clone(&ground).invoked(function, request);
                async move { Ok(invoked.await) }
            }))
        };
        Functions {
            initiate: served(Function::Initiate),
            callback: served(Function::Callback),
            finish: served(Function::Finish),
            api: served(Function::Api),
        }
    }

    /// Sends a REST request.
    pub(super) async fn api(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> Answer {
        Browser::new(&self.functions()).send(api_request(&method, path, token, body)).await
    }

    /// Puts a definition, while nothing goes wrong.
    pub(super) async fn put(&self, path: &str, workspace: &str, body: &Value) {
        let answer = self.api(Method::PUT, path, &tokens::admin(workspace), Some(body)).await;
        assert!(answer.status.is_success(), "{}", answer.body);
    }

    /// The integration that customers connect to.
    pub(super) fn integration(&self) -> Value {
        let revocation = match self.revokes {
            None => return definitions::integration(),
            Some(Revokes::Grants) => json!({ "revocationUri": REVOCATION_URI }),
            Some(Revokes::Tokens) => json!({ "revocationUri": REVOCATION_URI, "revocationPerToken": true }),
        };
        definitions::integration_with(&revocation)
    }

    /// All that the tables hold, as an observer reads them whom no fault hits. Nothing if they are not in order.
    pub(super) fn dump(&self) -> Option<Dump> {
        let dump = self.observer.dump();
        self.trace.check(dump.is_some(), || "a connection is not in the schedule".to_owned());
        dump
    }

    /// What the observer has seen of the tables is all that there is.
    pub(super) fn compare(&self) {
        self.observer.compare(&self.trace);
    }

    /// What must hold at any moment: of the tables, and of what the functions ask for.
    pub(super) fn look(&self) {
        self.trace.check(self.ledger.take_denied().is_empty(), || {
            "a role does not allow what its function does".to_owned()
        });
        if let Some(dump) = self.dump() {
            invariants::check(&self.trace, &dump, &self.erasures);
        }
        self.nothing_is_left();
    }

    /// A customer comes to the provider.
    pub(super) fn comes_to_provider(&self, customer: &str) {
        self.at_provider.send_replace(customer.to_owned());
    }

    /// Waits for the next customer who comes to the provider, until this moment.
    pub(super) async fn next_at_provider(&self, until: Instant) -> Option<String> {
        let mut at_provider = self.at_provider.subscribe();
        timeout_at(until, at_provider.changed()).await.ok()?.ok()?;
        Some(at_provider.borrow().clone())
    }

    /// Reads what the stream has of the last write.
    pub(super) fn follow(&self) {
        self.follower.follows(&self.erasures);
    }

    /// A grant is revoked. No connection lives by it: not the one that was seen to have it, unless it has another one since.
    pub(super) fn is_given_up(&self, family: usize) {
        let Some((id, position)) = self.book.owner(family) else { return };
        let has_another = self.follower.heard_since(position, &id, &["connection.reconnected"]);
        let lives = matches!(self.follower.known(&id), Some(Known::Live { is_disconnected: false, .. }));
        self.trace.check(has_another || !lives, || {
            format!("the grant {family} is revoked, by which connection {id} lives")
        });
    }

    /// Of customers who were erased nothing is there that was there before, or that was begun before.
    fn nothing_is_left(&self) {
        self.follower.connections(|connections| {
            for connection in connections.filter(|connection| !connection.is_erased()) {
                let (id, customer) = (connection.key(), connection.customer());
                let erased = self.erasures.nothing_made_before(customer);
                self.trace.check(erased.is_none_or(|at| connection.created_at() >= at), || {
                    format!("{customer} was erased, and connection {id} of before is there")
                });
                self.trace.check(self.erasures.must_be_gone(id).is_none(), || {
                    format!("{customer} was erased, and connection {id} of a flow that began before is there")
                });
            }
        });
    }
}

/// What API Gateway says when a function has no answer.
fn gateways_own(status: u16) -> Response<Bytes> {
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Bytes::from_static(br#"{"message":"Service Unavailable"}"#)).unwrap()
}
