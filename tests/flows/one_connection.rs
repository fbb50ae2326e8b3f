//! Two flows that finish at the same instant leave one connection, and never none.

use http::Method;
use serde_json::{Value, json};
use tests::definitions::{self, entered, with_options};
use tests::tokens::{self, WORKSPACE};
use tests::{Fault, Start, World};

const ROUNDS: usize = 100;

async fn world() -> World {
    World::with(&with_options(definitions::integration(), &[&definitions::api_key()])).await
}

fn customer(round: usize) -> String {
    format!("user-{round}")
}

fn at_once(round: usize) -> Start {
    let start = json!({ "authOptionKey": "api-key", "connectionParameters": entered() });
    Start::new().by(&customer(round)).with(&start)
}

async fn listed(world: &World, round: usize) -> Vec<String> {
    let token = tokens::customer(WORKSPACE, &customer(round));
    let list = world.api(Method::GET, "/connections", &token, None).await.json();
    let items: &Vec<Value> = list["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// Each customer has one slot, and in it the one connection that is live.
async fn assert_one_each(world: &World, archived: usize) {
    let dump = world.dump().await;
    let mut live: Vec<String> =
        dump.live_connections().iter().map(|item| item["pk"].as_s().unwrap().clone()).collect();
    live.sort();
    assert_eq!(live.len(), ROUNDS);
    assert_eq!(dump.slot_ids(), live);
    assert_eq!(dump.archived_connections().len(), archived);
}

#[tokio::test(start_paused = true)]
async fn two_callbacks_at_the_same_instant_a_hundred_times() {
    let world = world().await;
    for round in 0..ROUNDS {
        let browser = world.browser();
        let start = Start::new().by(&customer(round));
        let first = world.begin(&browser, &start).await.consent();
        let second = world.begin(&browser, &start).await.consent();
        // The emulator makes no conflicts; DynamoDB makes this one of every two.
        world.wire.fail("TransactWriteItems", round % 3, Fault::Conflict);
        let finish = async |callback: &str| {
            let answered = browser.get(callback).await;
            browser.get(answered.location()).await.connection_id()
        };
        let (a, b) = tokio::join!(finish(&first), finish(&second));
        assert_ne!(a, b, "round {round}");
        let live = listed(&world, round).await;
        assert!(live == [a.clone()] || live == [b.clone()], "round {round}: {live:?} of {a} and {b}");
    }
    assert!(world.wire.recover());
    assert_one_each(&world, ROUNDS).await;
}

#[tokio::test(start_paused = true)]
async fn a_replacement_is_never_seen_half_done() {
    let world = world().await;
    for round in 0..ROUNDS {
        let browser = world.browser();
        browser.send(at_once(round).form()).await.assert_connected();
        let callback = world.begin(&browser, &Start::new().by(&customer(round))).await.consent();
        let (_, result, seen) =
            tokio::join!(browser.get(&callback), browser.send(at_once(round).form()), async {
                let mut seen = Vec::new();
                for _ in 0..4 {
                    seen.push(listed(&world, round).await.len());
                }
                seen
            });
        result.assert_connected();
        assert_eq!(seen, [1; 4], "round {round}");
        assert_eq!(listed(&world, round).await.len(), 1, "round {round}");
    }
    assert_one_each(&world, 2 * ROUNDS).await;
}
