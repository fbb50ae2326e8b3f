//! What goes wrong at the database and at KMS: how often, and in which ways.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flow::seal::{DataKey, EncryptionContext, KeyFuture, StaticKey, WrappingKey};
use protocol::BoxFuture;
use protocol::error::{Error, ErrorKey, Result};
use serde_json::Value;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::draws::Draws;
use super::ground::Ground;
use super::life::Life;
use crate::gate::{Gate, Passage};
use crate::wire::{AwsRequest, Fault};

/// The writes that are followed by a look at all tables, of a thousand. Each step is too, and a look takes long.
const LOOKS: u64 = 60;

/// The ways in which a request to the database fails, whatever it asks for.
const ANY: [(&str, Fault); 12] = [
    ("fault database: answer lost", Fault::LostAnswer),
    ("fault database: answer lost", Fault::LostAnswer),
    ("fault database: error before the request arrived", Fault::Outage),
    ("fault database: no answer", Fault::Silence),
    ("fault database: late", Fault::Late),
    ("fault database: throttled", Fault::Throttled),
    ("fault database: throttled", Fault::Refused("ThrottlingException")),
    ("fault database: throttled", Fault::Refused("RequestLimitExceeded")),
    ("fault database: server error", Fault::Refused("InternalServerError")),
    ("fault database: server error", Fault::Refused("ServiceUnavailable")),
    ("fault database: conflict", Fault::Refused("TransactionConflictException")),
    ("fault database: conflict", Fault::Refused("ReplicatedWriteConflictException")),
];

/// Further ways in which a transaction fails.
const TRANSACTION: [(&str, Fault); 6] = [
    ("fault database: answer lost", Fault::LostAnswer),
    ("fault database: conflict", Fault::Conflict),
    ("fault database: conflict", Fault::Refused("TransactionInProgressException")),
    ("fault database: throttled", Fault::Canceled("ThrottlingError")),
    ("fault database: throttled", Fault::Canceled("ProvisionedThroughputExceeded")),
    ("fault database: conflict", Fault::Canceled("TransactionConflict")),
];

/// How much goes wrong in a run, and whether it does now.
pub(super) struct Weather {
    /// Requests to the database that fail, of a thousand.
    database: u64,
    /// Requests to it that are slow.
    slow: u64,
    /// Requests to KMS that fail.
    keys: u64,
    /// Calls to the provider that go wrong.
    pub(super) provider: u64,
    /// Requests whose sandbox dies.
    pub(super) kills: u64,
    /// Requests to the database that begin an outage.
    storms: u64,
    storm: Mutex<Option<(Instant, usize)>>,
    is_calm: AtomicBool,
}

impl Weather {
    pub(super) fn drawn(draws: &Draws) -> Self {
        Self {
            database: draws.one_of(&[0, 20, 60, 150]),
            slow: draws.one_of(&[0, 10, 40]),
            keys: draws.one_of(&[0, 20, 100]),
            provider: draws.one_of(&[0, 100, 250, 400]),
            kills: draws.one_of(&[0, 50, 150, 300]),
            storms: draws.one_of(&[0, 5, 15]),
            storm: Mutex::default(),
            is_calm: AtomicBool::new(true),
        }
    }

    /// From now on nothing goes wrong, or again what was drawn.
    pub(super) fn is_calm(&self, is_calm: bool) {
        self.is_calm.store(is_calm, Ordering::SeqCst);
        *self.storm.lock().unwrap() = None;
    }

    /// True if something goes wrong now that does so often.
    pub(super) fn strikes(&self, draws: &Draws, per_mille: u64) -> bool {
        draws.chance(per_mille) && !self.is_calm.load(Ordering::SeqCst)
    }

    fn in_storm(&self, draws: &Draws) -> Option<usize> {
        let mut storm = self.storm.lock().unwrap();
        if let Some((until, how)) = *storm {
            if Instant::now() < until {
                return draws.chance(900).then_some(how);
            }
            *storm = None;
        }
        if self.strikes(draws, self.storms) {
            let lasts = draws.time(Duration::from_secs(1)..Duration::from_mins(1));
            let how = usize::try_from(draws.below(ANY.len() as u64)).unwrap();
            *storm = Some((Instant::now() + lasts, how));
        }
        None
    }

    fn fault(&self, draws: &Draws, operation: &str) -> Option<(&'static str, Fault)> {
        if let Some(how) = self.in_storm(draws) {
            return Some(ANY[how]);
        }
        if !self.strikes(draws, self.database) {
            return None;
        }
        Some(match operation {
            "BatchGetItem" if draws.chance(300) => ("fault database: half an answer", Fault::Half),
            "TransactWriteItems" if draws.chance(500) => draws.one_of(&TRANSACTION),
            _ => draws.one_of(&ANY),
        })
    }

    fn passage(&self, draws: &Draws, asked: &AwsRequest) -> (Passage, Option<&'static str>) {
        let usual = Duration::from_millis(1)..Duration::from_millis(12);
        let mut passage =
            Passage { before: draws.time(usual.clone()), after: draws.time(usual), ..Passage::default() };
        let mut name = None;
        if let Some((named, fault)) = self.fault(draws, &asked.operation) {
            (name, passage.fault) = (Some(named), Some(fault));
        }
        if self.strikes(draws, self.slow) {
            let slow = draws.time(Duration::from_millis(500)..Duration::from_secs(20));
            if draws.chance(500) {
                passage.before = slow;
            } else {
                passage.after = slow;
            }
            name = name.or(Some("fault database: slow"));
        }
        let writes = !asked.reads();
        let late = passage.fault == Some(Fault::Late);
        if writes && (late || (passage.fault.is_none() && self.strikes(draws, self.database))) {
            passage.again = Some(draws.time(Duration::from_millis(20)..Duration::from_mins(2)));
            name = name.or(Some("fault database: delivered twice"));
        }
        (passage, name)
    }
}

/// The gate of one sandbox: to the database, and to KMS.
pub(super) struct SandboxGate {
    pub(super) ground: Arc<Ground>,
    pub(super) life: Arc<Life>,
    pub(super) draws: Draws,
}

impl SandboxGate {
    async fn to_kms(&self) -> Result<()> {
        self.life.passes().await;
        let weather = &self.ground.weather;
        let troubled = weather.strikes(&self.draws, weather.keys);
        let slow = Duration::from_millis(500)..Duration::from_secs(5);
        let usual = Duration::from_millis(3)..Duration::from_millis(30);
        let fails = troubled && self.draws.chance(700);
        if troubled {
            self.life.is_troubled();
            self.ground.trace.count("fault KMS: error or slow");
            self.ground.trace.note(format_args!("sandbox {}", self.life.number), "KMS is in trouble");
        }
        tokio::time::sleep(self.draws.time(if troubled { slow } else { usual })).await;
        self.life.passes().await;
        if fails {
            return Err(Error::new(
                ErrorKey::KeyUnavailable,
                "The key service did not answer. Please try again.",
            ));
        }
        Ok(())
    }
}

/// What a request is about, for the trace.
fn about(asked: &AwsRequest) -> String {
    let mut keys = Vec::new();
    find_keys(&asked.body, &mut keys);
    format!("{} {}", asked.operation, keys.join(" "))
}

fn find_keys(body: &Value, found: &mut Vec<String>) {
    if let Some(table) = body["TableName"].as_str() {
        let item = if body["Key"].is_object() { &body["Key"] } else { &body["Item"] };
        found.push(format!("{table}/{}", item["pk"]["S"].as_str().unwrap_or_default()));
    }
    for write in body["TransactItems"].as_array().into_iter().flatten() {
        write.as_object().into_iter().flatten().for_each(|(_, write)| find_keys(write, found));
    }
}

impl Gate for SandboxGate {
    fn enter<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Passage> {
        Box::pin(async move {
            self.life.passes().await;
            let (passage, name) = self.ground.weather.passage(&self.draws, request);
            let trace = &self.ground.trace;
            trace.count("requests to the database");
            if let Some(name) = name {
                self.life.is_troubled();
                self.ground.book.note_trouble(&self.life, request);
                trace.count(name);
                let what = format!("{}: {name} {:?} {:?}", about(request), passage.fault, passage.again);
                trace.note(format_args!("sandbox {}", self.life.number), what);
            }
            passage
        })
    }

    fn carried_out(&self, request: &AwsRequest, status: u16) {
        if !request.reads() {
            let what = format!("{}: {status}", about(request));
            self.ground.trace.note(format_args!("sandbox {} wrote", self.life.number), what);
            self.ground.book.note_write(&self.life, request, status);
            self.ground.observer.touched(request);
            self.ground.follow();
            if self.draws.chance(LOOKS) {
                self.ground.look();
            }
        }
    }

    fn leave<'a>(&'a self, _: &'a AwsRequest) -> BoxFuture<'a, ()> {
        Box::pin(self.life.passes())
    }
}

/// The wrapping key, behind a gate.
pub(super) struct GatedKey {
    pub(super) gate: Arc<SandboxGate>,
    pub(super) key: Arc<StaticKey>,
}

impl WrappingKey for GatedKey {
    fn generate(&self, context: &EncryptionContext) -> KeyFuture<'_, DataKey> {
        let made = self.key.generate(context);
        Box::pin(async {
            self.gate.to_kms().await?;
            made.await
        })
    }

    fn unwrap(
        &self,
        key_id: &str,
        wrapped: &[u8],
        context: &EncryptionContext,
    ) -> KeyFuture<'_, Zeroizing<[u8; 32]>> {
        let opened = self.key.unwrap(key_id, wrapped, context);
        Box::pin(async {
            self.gate.to_kms().await?;
            opened.await
        })
    }
}
