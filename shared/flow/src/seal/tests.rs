use super::*;
use crate::clock::Timestamp;
use crate::random::SystemRandom;

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

const PLACE: Place<'static> =
    Place { table: "connections", workspace: "acme", customer: "ada", id: "c1", field: "secrets" };

#[tokio::test]
async fn what_was_sealed_opens_at_its_place() {
    let sealer = sealer(1);
    let sealed = sealer.seal(PLACE, b"access!+token").await.unwrap();
    assert!(!sealed.windows(6).any(|window| window == b"access"));
    assert_eq!(&*sealer.open(PLACE, &sealed).await.unwrap(), b"access!+token");
}

#[tokio::test]
async fn a_value_that_was_moved_does_not_open() {
    let sealer = sealer(1);
    let sealed = sealer.seal(PLACE, b"access!+token").await.unwrap();
    for elsewhere in [
        Place { table: "integrations", ..PLACE },
        Place { workspace: "evil", ..PLACE },
        Place { customer: "eve", ..PLACE },
        Place { id: "c2", ..PLACE },
        Place { field: "other", ..PLACE },
        // The same letters, divided in another way.
        Place { workspace: "acmea", customer: "da", ..PLACE },
    ] {
        assert!(sealer.open(elsewhere, &sealed).await.is_err(), "{elsewhere:?}");
    }
}

#[tokio::test]
async fn no_bit_of_a_sealed_value_can_be_changed() {
    let sealer = sealer(1);
    let sealed = sealer.seal(PLACE, b"token").await.unwrap();
    for index in 0..sealed.len() {
        let mut tampered = sealed.clone();
        tampered[index] ^= 1;
        assert!(sealer.open(PLACE, &tampered).await.is_err(), "byte {index}");
        assert!(sealer.open(PLACE, &sealed[..index]).await.is_err(), "cut at {index}");
    }
}

#[tokio::test]
async fn another_wrapping_key_opens_nothing() {
    let sealed = sealer(1).seal(PLACE, b"token").await.unwrap();
    assert!(sealer(2).open(PLACE, &sealed).await.is_err());
}

#[tokio::test]
async fn the_same_text_is_sealed_differently_each_time() {
    let sealer = sealer(1);
    assert_ne!(sealer.seal(PLACE, b"token").await.unwrap(), sealer.seal(PLACE, b"token").await.unwrap());
}

#[tokio::test]
async fn a_prepared_key_seals_within_its_table_and_workspace() {
    let sealer = sealer(1);
    let prepared = sealer.prepare(PLACE).await.unwrap();
    let neighbour = Place { id: "c2", ..PLACE };
    let sealed = prepared.seal(neighbour, b"token").unwrap();
    assert_eq!(&*sealer.open(neighbour, &sealed).await.unwrap(), b"token");
    for elsewhere in [Place { table: "integrations", ..PLACE }, Place { workspace: "evil", ..PLACE }] {
        assert!(prepared.seal(elsewhere, b"token").is_err(), "{elsewhere:?}");
    }
}
