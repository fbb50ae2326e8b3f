//! What a connection may cost, in what AWS counts: these figures are the bill, however fast anything is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flow::seal::{DataKey, EncryptionContext, KeyFuture, StaticKey, WrappingKey};
use serde_json::json;
use tests::random::CountedRandom;
use tests::wire::Consumed;
use tests::world::WRAPPING_KEY;
use tests::{Start, World, definitions, tokens};
use zeroize::Zeroizing;

/// The most that a first OAuth 2 connection may ask of `DynamoDB`, warm.
const FIRST: Consumed = Consumed { requests: 5, write_units: 10.0, read_units: 3.0 };

/// The same for one that replaces another. Its first transaction fails, because only that tells whom it replaces, and
/// what fails is charged too.
const REPLACEMENT: Consumed = Consumed { requests: 5, write_units: 21.0, read_units: 3.0 };

#[tokio::test(start_paused = true)]
async fn a_connection_stays_within_its_budget() {
    let world = world().await;
    let cold = connect(&world, "first").await;
    // The definitions of the workspace and its integration, which are then kept.
    assert_eq!(cold.database.requests, 5, "{cold:?}");

    let warm = connect(&world, "second").await;
    assert!(within(warm.database, FIRST), "{warm:?}");
    assert_eq!(warm.provider_calls, 1);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_stays_within_its_budget() {
    let world = world().await;
    connect(&world, "same").await;
    let replacement = connect(&world, "same").await;
    assert!(within(replacement.database, REPLACEMENT), "{replacement:?}");
    assert_eq!(replacement.provider_calls, 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_costs_the_same_however_many_there_are() {
    let world = world().await;
    connect(&world, "customer-0").await;
    let first = connect(&world, "customer-1").await;
    for number in 2..40 {
        assert_eq!(connect(&world, &format!("customer-{number}")).await, first);
    }
}

/// Each call of KMS is paid for, and waited for.
#[tokio::test(start_paused = true)]
async fn only_a_cold_connection_asks_the_key_service() {
    let key = Arc::new(CountedKey::default());
    let world = World::sealed_by(Arc::clone(&key) as Arc<dyn WrappingKey>).await;
    let world = world.defined(&definitions::integration()).await.restarted();
    key.calls.store(0, Ordering::SeqCst);

    connect(&world, "first").await;
    // The definitions' data key, opened, and one to seal the credentials with.
    assert_eq!(key.calls.swap(0, Ordering::SeqCst), 2);
    for number in 0..3 {
        connect(&world, &format!("warm-{number}")).await;
    }
    connect(&world, "first").await;
    assert_eq!(key.calls.load(Ordering::SeqCst), 0);
}

/// The wrapping key of the tests, which counts what would be calls of KMS.
struct CountedKey {
    key: StaticKey,
    calls: AtomicUsize,
}

impl Default for CountedKey {
    fn default() -> Self {
        let random = Arc::new(CountedRandom::default());
        Self { key: StaticKey::new(Zeroizing::new(WRAPPING_KEY), random), calls: AtomicUsize::default() }
    }
}

impl WrappingKey for CountedKey {
    fn generate(&self, context: &EncryptionContext) -> KeyFuture<'_, DataKey> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.key.generate(context)
    }

    fn unwrap(
        &self,
        key_id: &str,
        wrapped: &[u8],
        context: &EncryptionContext,
    ) -> KeyFuture<'_, Zeroizing<[u8; 32]>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.key.unwrap(key_id, wrapped, context)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Cost {
    database: Consumed,
    provider_calls: usize,
}

/// The usual integration without its test call, which is the provider's to charge for.
async fn world() -> World {
    let mut integration = definitions::integration();
    integration["authOptions"][0].as_object_mut().unwrap().remove("test");
    World::with(&integration).await
}

async fn connect(world: &World, customer: &str) -> Cost {
    let _ = world.wire.take_consumed();
    let calls = world.provider.calls().len();
    let token = tokens::customer(tokens::WORKSPACE, customer);
    let result = world.connect(&world.browser(), &Start::new().with(&json!({ "token": token }))).await;
    result.assert_connected();
    Cost { database: world.wire.take_consumed(), provider_calls: world.provider.calls().len() - calls }
}

fn within(consumed: Consumed, budget: Consumed) -> bool {
    consumed.requests <= budget.requests
        && consumed.write_units <= budget.write_units
        && consumed.read_units <= budget.read_units
}
