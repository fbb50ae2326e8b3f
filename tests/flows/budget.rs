//! What a connection may cost, in what AWS counts: these figures are the bill, however fast anything is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flow::seal::{DataKey, EncryptionContext, KeyFuture, StaticKey, WrappingKey};
use http::Method;
use serde_json::{Value, json};
use tests::form::Form;
use tests::provider::{self, Reply};
use tests::random::CountedRandom;
use tests::wire::Consumed;
use tests::world::WRAPPING_KEY;
use tests::{Start, World, definitions, tokens};
use zeroize::Zeroizing;

/// What a first OAuth 2 connection asks of `DynamoDB` when its functions are warm and at most 1 KB is stored. The
/// budget: 5 requests, 11 write units, 3 read units.
const WARM: Consumed = Consumed { requests: 5, write_units: 11.0, read_units: 1.0 };

/// The same when no function has the definitions in memory: new ones, or those that read them half a minute ago.
const COLD: Consumed = Consumed { requests: 7, write_units: 11.0, read_units: 4.0 };

/// A warm one that replaces another. Its first transaction fails, because only that tells whom it replaces, and what
/// fails is charged too. Two units are for the entry of the schedule by which the other one is forgotten.
const REPLACEMENT: Consumed = Consumed { requests: 6, write_units: 23.0, read_units: 1.0 };

#[tokio::test(start_paused = true)]
async fn a_connection_stays_within_its_budget() {
    let functions = Functions::of(&world().await);
    assert_eq!(functions.connect("first").await.database, COLD);

    let warm = functions.connect("second").await;
    assert_eq!(warm.database, WARM);
    assert_eq!(warm.provider_calls, 1);
}

#[tokio::test(start_paused = true)]
async fn definitions_are_read_again_after_half_a_minute() {
    let functions = Functions::of(&world().await);
    functions.connect("first").await;
    functions.initiate.clock.advance(Duration::from_secs(29));
    assert_eq!(functions.connect("second").await.database, WARM);
    functions.initiate.clock.advance(Duration::from_secs(31));
    assert_eq!(functions.connect("third").await.database, COLD);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_stays_within_its_budget() {
    let functions = Functions::of(&world().await);
    functions.connect("same").await;
    let replacement = functions.connect("same").await;
    assert_eq!(replacement.database, REPLACEMENT);
    assert_eq!(replacement.provider_calls, 1);
}

/// Two more units for each further KB: with a key in KMS, whose wrapped data keys and names are longer, and tokens as
/// providers make them.
#[tokio::test(start_paused = true)]
async fn longer_tokens_cost_two_units_for_each_kb() {
    let world = World::sealed_by(Arc::new(CountedKey::default())).await.defined(&integration()).await;
    let functions = Functions::of(&world);
    functions.connect("first").await;
    let mut units = Vec::new();
    for (number, length) in [40, 100, 1_000, 2_000, 3_000].into_iter().enumerate() {
        let mut tokens = provider::tokens();
        tokens["access_token"] = "x".repeat(length).into();
        world.provider.next("/oauth/token", Reply::json(200, &tokens));
        let customer = format!("0b7f7c6e-52a5-4c8e-9d0e-6f7a1c2b3d{number:02}");
        let cost = functions.connect(&customer).await.database;
        assert_eq!(Consumed { write_units: 11.0, ..cost }, WARM);
        units.push((length, cost.write_units));
    }
    assert_eq!(units, [(40, 11.0), (100, 13.0), (1_000, 13.0), (2_000, 15.0), (3_000, 17.0)]);
}

/// A renewal with a key in KMS: one unit for the lease, one for the next entry of the schedule, and one for each KB of the
/// record. The budget: 4 units for a record of up to 2 KB.
#[tokio::test(start_paused = true)]
async fn a_renewal_costs_two_units_and_one_for_each_kb() {
    let mut units = Vec::new();
    for length in [20, 100, 500, 900, 1_500, 2_500] {
        let world = World::sealed_by(Arc::new(CountedKey::default())).await.defined(&integration()).await;
        let mut tokens = provider::tokens();
        tokens["access_token"] = "x".repeat(length).into();
        world.provider.always("/oauth/token", Reply::json(200, &tokens));
        let start = Start::new().by("0b7f7c6e-52a5-4c8e-9d0e-6f7a1c2b3d4e");
        let id = world.connect(&world.browser(), &start).await.connection_id();
        let mut cost = Vec::new();
        for _ in 0..2 {
            world.clock.advance(Duration::from_mins(46));
            world.schedule_ran(Duration::from_hours(1)).await;
            let _ = (world.wire.take_consumed(), world.wire.take_requests());
            assert_eq!(world.run_schedule().await.renewed, 1, "{id}");
            // The run's own mark of what is done is one more.
            cost.push(world.wire.take_consumed().write_units - 1.0);
        }
        units.push((length, cost[0], cost[1]));
    }
    let expected = [
        (20, 3.0, 3.0),
        (100, 4.0, 4.0),
        (500, 4.0, 4.0),
        (900, 4.0, 4.0),
        (1_500, 5.0, 5.0),
        (2_500, 6.0, 6.0),
    ];
    assert_eq!(units, expected);
}

#[tokio::test(start_paused = true)]
async fn a_connection_costs_the_same_however_many_there_are() {
    let functions = Functions::of(&world().await);
    functions.connect("customer-0").await;
    let first = functions.connect("customer-1").await;
    for number in 2..40 {
        assert_eq!(functions.connect(&format!("customer-{number}")).await, first);
    }
}

/// A start waits for its customer in a record: written when the page is shown, read when it is answered. One of the two
/// units is the index's.
#[tokio::test(start_paused = true)]
async fn a_form_costs_one_write_when_it_is_shown_and_one_read_each_time_it_is_sent() {
    let world = World::with(&definitions::api_key()).await;
    let browser = world.browser().for_a_person();
    browser.send(Start::new().form()).await;
    let _ = world.wire.take_consumed();
    let mut form = Form::read(&browser.send(Start::new().form()).await);
    assert_eq!(world.wire.take_consumed(), Consumed { requests: 1, write_units: 2.0, read_units: 0.0 });
    for _ in 0..3 {
        form = Form::read(&browser.send(form.submit()).await);
        assert_eq!(world.wire.take_consumed(), Consumed { requests: 1, write_units: 0.0, read_units: 1.0 });
    }
    let link = Start::new().from(&[("sec-fetch-site", "none")]).link("/connect");
    browser.send(link).await;
    assert_eq!(world.wire.take_consumed(), Consumed { requests: 1, write_units: 2.0, read_units: 0.0 });
}

/// How a start ended that has no flow: one put, with one unit for the index. A connection without a provider's page takes five
/// units beside it.
#[tokio::test(start_paused = true)]
async fn a_start_without_a_flow_costs_two_units_for_its_attempt() {
    let world = World::with(&definitions::api_key()).await;
    let refused = Start::new().with(&json!({ "integrationKey": "none" }));
    world.browser().send(refused.form()).await;
    let _ = world.wire.take_consumed();
    world.browser().send(refused.form()).await;
    let cost = world.wire.take_consumed();
    assert_eq!(Consumed { write_units: 2.0, ..cost }, cost);
    let entered = Start::new().with(&json!({ "connectionParameters": definitions::entered() }));
    world.browser().send(entered.form()).await.assert_connected();
    let cost = world.wire.take_consumed();
    assert_eq!(Consumed { write_units: 7.0, ..cost }, cost);
}

/// A flow that waits for the application leaves a trace of its attempt: one put more, with one unit for the index. The claim
/// takes one unit, and what waits two, since the item then has more than 1 KB.
#[tokio::test(start_paused = true)]
async fn a_flow_that_waits_costs_two_units_more() {
    let world = world().await;
    let mut confirming = definitions::workspace(tokens::WORKSPACE);
    confirming["confirmUser"] = true.into();
    world.define_workspace(tokens::WORKSPACE, &confirming).await;
    let browser = world.browser();
    let callback = world.begin(&browser, &Start::new()).await.consent();
    let _ = world.wire.take_consumed();
    browser.get(&callback).await;
    assert_eq!(world.wire.take_consumed(), Consumed { requests: 3, write_units: 5.0, read_units: 0.0 });
}

/// Many attempts cost no more to look through than their own size: one page of one customer's.
#[tokio::test(start_paused = true)]
async fn a_page_of_attempts_takes_one_query_and_one_read_of_a_hundred() {
    let world = world().await;
    for number in 0..30 {
        world.begin(&world.browser(), &Start::new().by(&format!("customer-{}", number % 2))).await;
    }
    let _ = world.wire.take_requests();
    let token = tokens::admin(tokens::WORKSPACE);
    for query in ["", "?userId=customer-1", "?status=pending"] {
        world.api(Method::GET, &format!("/connection-attempt-logs{query}"), &token, None).await;
        let operations: Vec<String> =
            world.wire.take_requests().into_iter().map(|request| request.operation).collect();
        assert_eq!(operations, ["Query", "BatchGetItem"], "{query}");
    }
}

/// The limit of a workspace's requests: the first five of a minute in a warm function are not counted.
#[tokio::test(start_paused = true)]
async fn a_workspace_with_little_traffic_pays_nothing_for_its_limit() {
    let functions = Functions::of(&world().await.limited_to(600));
    assert_eq!(functions.connect("first").await.database, COLD);
    for number in 2..=5 {
        assert_eq!(functions.connect(&format!("customer-{number}")).await.database, WARM);
    }
    let counted = Consumed { requests: WARM.requests + 1, write_units: WARM.write_units + 1.0, ..WARM };
    assert_eq!(functions.connect("sixth").await.database, counted);
    assert_eq!(functions.connect("seventh").await.database, WARM);
}

/// The same with more and more requests, all in one function and one minute: one write unit for each write, of which
/// there are far fewer than requests, even of a workspace that uses up all of its limit.
#[tokio::test(start_paused = true)]
async fn counting_requests_costs_a_fraction_of_a_write_each() {
    let world = world().await;
    let mut costs = Vec::new();
    for requests in [5, 10, 30, 100, 300, 605] {
        world.clock.advance(Duration::from_mins(1));
        let sandbox = world.limited_to(600);
        let _ = (world.wire.take_consumed(), world.wire.take_requests());
        for _ in 0..requests {
            // Of a customer, `/self` would read what they have set.
            let token = tokens::admin(tokens::WORKSPACE);
            assert_eq!(sandbox.api(Method::GET, "/self", &token, None).await.status, 200);
        }
        let asked = world.wire.take_requests();
        let writes = asked.iter().filter(|request| request.operation == "UpdateItem").count();
        assert_eq!(asked.len(), writes + 1, "the workspace is read once");
        costs.push((requests, writes, world.wire.take_consumed().write_units));
    }
    let expected =
        [(5, 0, 0.0), (10, 1, 1.0), (30, 3, 3.0), (100, 6, 6.0), (300, 17, 17.0), (605, 100, 100.0)];
    assert_eq!(costs, expected);
}

/// Each call of KMS is paid for, and waited for.
#[tokio::test(start_paused = true)]
async fn only_a_cold_connection_asks_the_key_service() {
    let key = Arc::new(CountedKey::default());
    let world = World::sealed_by(Arc::clone(&key) as Arc<dyn WrappingKey>).await;
    let functions = Functions::of(&world.defined(&integration()).await);
    key.calls.store(0, Ordering::SeqCst);

    functions.connect("first").await;
    // The workspace's secret and the integration's, opened, and a data key to seal the credentials with.
    assert_eq!(key.calls.swap(0, Ordering::SeqCst), 3);
    for number in 0..3 {
        functions.connect(&format!("warm-{number}")).await;
    }
    functions.connect("first").await;
    assert_eq!(key.calls.load(Ordering::SeqCst), 0);
}

/// The bytes of a data key that KMS wrapped, and of a key's ARN.
const KMS_WRAPPED: usize = 184;
const KMS_ARN: usize = 75;
/// The bytes of a data key that the static key wrapped: nonce, key and tag.
const WRAPPED: usize = 12 + 32 + 16;

/// The wrapping key of the tests, which counts what would be calls of KMS, and is as long.
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
        let made = self.key.generate(context);
        Box::pin(async {
            let mut key = made.await?;
            key.wrapped.resize(KMS_WRAPPED, 0);
            Ok(DataKey { key_id: format!("{:~<KMS_ARN$}", key.key_id), ..key })
        })
    }

    fn unwrap(
        &self,
        key_id: &str,
        wrapped: &[u8],
        context: &EncryptionContext,
    ) -> KeyFuture<'_, Zeroizing<[u8; 32]>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.key.unwrap(key_id.trim_end_matches('~'), &wrapped[..WRAPPED], context)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Cost {
    database: Consumed,
    provider_calls: usize,
}

/// The usual integration without its test call, which is the provider's to charge for.
fn integration() -> Value {
    let mut integration = definitions::integration();
    integration["authOptions"][0].as_object_mut().unwrap().remove("test");
    integration
}

async fn world() -> World {
    World::with(&integration()).await
}

/// The functions of a flow, each with a memory of its own, as on Lambda.
struct Functions {
    initiate: World,
    callback: World,
    finish: World,
}

impl Functions {
    fn of(world: &World) -> Self {
        Self { initiate: world.restarted(), callback: world.restarted(), finish: world.restarted() }
    }

    async fn connect(&self, customer: &str) -> Cost {
        let Self { initiate, callback, finish } = self;
        let _ = initiate.wire.take_consumed();
        let calls = initiate.provider.calls().len();
        let token = tokens::customer(tokens::WORKSPACE, customer);
        let browser = initiate.browser();
        let provider = initiate.begin(&browser, &Start::new().with(&json!({ "token": token }))).await;
        let called_back = browser.of(&callback.functions).get(&provider.consent()).await;
        browser.of(&finish.functions).get(called_back.location()).await.assert_connected();
        Cost {
            database: initiate.wire.take_consumed(),
            provider_calls: initiate.provider.calls().len() - calls,
        }
    }
}
