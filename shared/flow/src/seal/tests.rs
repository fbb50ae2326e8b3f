use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use protocol::clock::Timestamp;
use protocol::definition::Borrowed;
use protocol::id::IntegrationId;
use protocol::random::SystemRandom;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

fn sealer(key: u8) -> Sealer {
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let wrapping = StaticKey::new(Zeroizing::new([key; 32]), Arc::clone(&random));
    Sealer::new(Arc::new(wrapping), Arc::new(Still), random)
}

static ACME: LazyLock<WorkspaceKey> = LazyLock::new(|| WorkspaceKey::new("acme"));
static ADA: LazyLock<CustomerId> = LazyLock::new(|| CustomerId::new("ada"));

static OWN: LazyLock<RegistrationId> = LazyLock::new(|| registration("crm", "oauth", None));

fn registration(integration: &str, option: &str, lent: Option<(&str, &str)>) -> RegistrationId {
    let borrowed = lent.map(|(integration, option)| Borrowed {
        integration: IntegrationId::new(integration),
        option: option.to_owned(),
    });
    RegistrationId::recorded(&IntegrationId::new(integration), option, borrowed.as_ref())
}

fn place() -> Place<'static> {
    Place {
        table: "connections",
        workspace: &ACME,
        customer: Some(&ADA),
        id: "c1",
        field: "secrets",
        registration: Some(&OWN),
    }
}

#[tokio::test]
async fn what_was_sealed_opens_at_its_place() {
    let sealer = sealer(1);
    let sealed = sealer.seal(place(), b"access!+token").await.unwrap();
    assert!(!sealed.windows(6).any(|window| window == b"access"));
    assert_eq!(&*sealer.open(place(), &sealed).await.unwrap(), b"access!+token");
}

#[tokio::test]
async fn a_value_that_was_moved_does_not_open() {
    let sealer = sealer(1);
    let sealed = sealer.seal(place(), b"access!+token").await.unwrap();
    for elsewhere in [
        Place { table: "integrations", ..place() },
        Place { workspace: &WorkspaceKey::new("evil"), ..place() },
        Place { customer: Some(&CustomerId::new("eve")), ..place() },
        Place { id: "c2", ..place() },
        Place { field: "other", ..place() },
        // The same letters, divided differently.
        Place { workspace: &WorkspaceKey::new("acmea"), customer: Some(&CustomerId::new("da")), ..place() },
    ] {
        assert!(sealer.open(elsewhere, &sealed).await.is_err(), "{elsewhere:?}");
    }
}

#[tokio::test]
async fn what_belongs_to_one_registration_opens_for_no_other() {
    let sealer = sealer(1);
    let all = [
        registration("crm", "oauth", None),
        registration("crm", "other", None),
        registration("mail", "oauth", None),
        registration("crm", "oauth", Some(("crm", "oauth"))),
        registration("crm", "oauth", Some(("lent", "oauth"))),
        registration("crm", "oauth", Some(("lent", "other"))),
        // The same letters, divided differently.
        registration("crmo", "auth", None),
    ];
    for of in &all {
        let place_of = |registration| Place { registration, ..place() };
        let sealed = sealer.seal(place_of(Some(of)), b"token").await.unwrap();
        assert!(sealer.open(place_of(None), &sealed).await.is_err(), "{of:?}");
        for used in &all {
            let opened = sealer.open(place_of(Some(used)), &sealed).await;
            assert_eq!(opened.is_ok(), of == used, "{of:?} for {used:?}");
        }
    }
}

/// `access!+token` at [`place`], as the code sealed it that knew no registrations.
const VERSION_1: &str = "010f7374617469632d3732636436653834003c9c4f544b89b725fe91ffeca654e8235ed44d9063c6a16592d33a2d1de022d159\
                         dba91cea07b2df3c4fc607419797e08c9a61550adf328007e59cf2a3cc353d5cf4e2c7ee46e31164de983e9eeb6eac892fde\
                         df8c678ec569a355dd2657644c684a78f30461";

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[tokio::test]
async fn what_was_sealed_before_opens_at_its_place_and_what_is_sealed_now_is_bound_to_its_registration() {
    let sealer = sealer(1);
    let older = unhex(VERSION_1);
    assert_eq!(&*sealer.open(place(), &older).await.unwrap(), b"access!+token");
    assert!(sealer.open(Place { id: "c2", ..place() }, &older).await.is_err());
    let newer = sealer.seal(place(), b"access!+token").await.unwrap();
    assert_eq!((older[0], newer[0]), (1, 2));
    // Neither opens as the other: what is bound to a registration cannot be loosened.
    for (mut value, version) in [(older, 2), (newer, 1)] {
        value[0] = version;
        assert!(sealer.open(place(), &value).await.is_err());
    }
}

#[tokio::test]
async fn no_bit_of_a_sealed_value_can_be_changed() {
    let sealer = sealer(1);
    let sealed = sealer.seal(place(), b"token").await.unwrap();
    // This also holds while the data key is in memory.
    sealer.open(place(), &sealed).await.unwrap();
    for index in 0..sealed.len() {
        let mut tampered = sealed.clone();
        tampered[index] ^= 1;
        assert!(sealer.open(place(), &tampered).await.is_err(), "byte {index}");
        assert!(sealer.open(place(), &sealed[..index]).await.is_err(), "cut at {index}");
    }
}

#[tokio::test]
async fn another_wrapping_key_opens_nothing() {
    let sealed = sealer(1).seal(place(), b"token").await.unwrap();
    assert!(sealer(2).open(place(), &sealed).await.is_err());
}

#[tokio::test]
async fn the_same_text_is_sealed_differently_each_time() {
    let sealer = sealer(1);
    assert_ne!(sealer.seal(place(), b"token").await.unwrap(), sealer.seal(place(), b"token").await.unwrap());
}

#[tokio::test]
async fn a_prepared_key_seals_within_its_table_and_workspace() {
    let sealer = sealer(1);
    let prepared = sealer.prepare(place().encryption_context()).await.unwrap();
    let neighbour = Place { id: "c2", ..place() };
    let sealed = prepared.seal(neighbour, b"token").unwrap();
    assert_eq!(&*sealer.open(neighbour, &sealed).await.unwrap(), b"token");
    for elsewhere in [
        Place { table: "integrations", ..place() },
        Place { workspace: &WorkspaceKey::new("evil"), ..place() },
    ] {
        assert!(prepared.seal(elsewhere, b"token").is_err(), "{elsewhere:?}");
    }
}

/// A wrapping key that counts its uses, with a clock that can be moved on.
#[derive(Clone)]
struct Counted(Arc<(StaticKey, AtomicUsize, AtomicUsize, AtomicI64)>);

impl Counted {
    fn new() -> (Self, Sealer) {
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let key = StaticKey::new(Zeroizing::new([1; 32]), Arc::clone(&random));
        let counted = Self(Arc::new((key, AtomicUsize::new(0), AtomicUsize::new(0), AtomicI64::new(0))));
        let sealer = Sealer::new(Arc::new(counted.clone()), Arc::new(counted.clone()), random);
        (counted, sealer)
    }

    /// Returns the number of data keys made, and of data keys unwrapped.
    fn counts(&self) -> (usize, usize) {
        (self.0.1.load(Ordering::SeqCst), self.0.2.load(Ordering::SeqCst))
    }

    fn advance(&self, by: Duration) {
        self.0.3.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for Counted {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.3.load(Ordering::SeqCst))
    }
}

impl WrappingKey for Counted {
    fn generate(&self, context: &EncryptionContext) -> KeyFuture<'_, DataKey> {
        self.0.1.fetch_add(1, Ordering::SeqCst);
        self.0.0.generate(context)
    }

    fn unwrap(
        &self,
        key_id: &str,
        wrapped: &[u8],
        context: &EncryptionContext,
    ) -> KeyFuture<'_, Zeroizing<[u8; 32]>> {
        self.0.2.fetch_add(1, Ordering::SeqCst);
        self.0.0.unwrap(key_id, wrapped, context)
    }
}

#[tokio::test]
async fn a_data_key_seals_a_hundred_thousand_times_and_no_more() {
    let (counted, sealer) = Counted::new();
    for _ in 0..100_000 {
        sealer.prepare(place().encryption_context()).await.unwrap();
    }
    assert_eq!(counted.counts(), (1, 0));
    sealer.seal(place(), b"token").await.unwrap();
    assert_eq!(counted.counts(), (2, 0));
}

#[tokio::test]
async fn a_data_key_is_kept_for_a_quarter_of_an_hour() {
    let (counted, sealer) = Counted::new();
    let sealed = sealer.seal(place(), b"token").await.unwrap();
    sealer.open(place(), &sealed).await.unwrap();
    counted.advance(Duration::from_mins(15) - Duration::from_millis(1));
    sealer.seal(place(), b"token").await.unwrap();
    sealer.open(place(), &sealed).await.unwrap();
    assert_eq!(counted.counts(), (1, 1));
    counted.advance(Duration::from_millis(1));
    sealer.seal(place(), b"token").await.unwrap();
    sealer.open(place(), &sealed).await.unwrap();
    assert_eq!(counted.counts(), (2, 2));
}

#[tokio::test]
async fn each_workspace_and_each_table_has_data_keys_of_its_own_and_only_so_many_are_kept() {
    let (counted, sealer) = Counted::new();
    sealer.seal(place(), b"token").await.unwrap();
    sealer.seal(Place { table: "integrations", ..place() }, b"token").await.unwrap();
    for count in 0..254 {
        sealer
            .seal(Place { workspace: &WorkspaceKey::new(count.to_string()), ..place() }, b"token")
            .await
            .unwrap();
    }
    sealer.seal(place(), b"token").await.unwrap();
    assert_eq!(counted.counts(), (256, 0));
    sealer.seal(Place { workspace: &WorkspaceKey::new("one too many"), ..place() }, b"token").await.unwrap();
    sealer.seal(place(), b"token").await.unwrap();
    assert_eq!(counted.counts(), (258, 0));
}
