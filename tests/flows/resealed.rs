//! Everything that is sealed moves to the present wrapping key, and the older one is needed no more.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{self, API_KEY, INTEGRATION, entered};
use tests::dump::{Dump, text};
use tests::provider::ACCESS_TOKEN;
use tests::sealed::{Keys, as_version_1, sealed_under};
use tests::tokens::{ROOT, WORKSPACE, admin};
use tests::world::WRAPPING_KEY;
use tests::{Answer, Fault, Start, World};

use crate::refresh::connected;
use crate::webhooks::{answers, event, got, is_signed, made};

const NEW_KEY: [u8; 32] = *b"the key that takes the other's p";

const PATH: &str = "/workspaces/acme/reseal";

async fn ask(world: &World, query: &str) -> Answer {
    world.api(Method::POST, &format!("{PATH}{query}"), &admin(ROOT), None).await
}

/// The world after the deployment with the new key. The old one still opens.
fn with_both(world: &World) -> World {
    world.deployed_with(Arc::new(Keys::new(NEW_KEY, &[WRAPPING_KEY])))
}

fn with_the_new(world: &World) -> World {
    world.deployed_with(Arc::new(Keys::new(NEW_KEY, &[])))
}

/// How many values are under which key.
async fn under(world: &World) -> Vec<(String, usize)> {
    let dump = world.dump().await;
    let items = dump.connections.iter().chain(&dump.integrations);
    let mut keys: Vec<String> =
        items.filter(|item| item.contains_key("sealed")).map(|item| sealed_under(item).0).collect();
    keys.sort();
    keys.chunk_by(|one, other| one == other).map(|same| (same[0].clone(), same.len())).collect()
}

async fn call(world: &World, method: Method, path: &str) {
    let answer = world.api(method, path, &admin(WORKSPACE), None).await;
    assert!(answer.status.is_success(), "{}", answer.body);
}

/// An API key, a connection with tokens, one that was replaced, one that is disconnected, and one of an earlier version.
async fn some_of_each(world: &World) -> [String; 4] {
    world.define("mail", &definitions::api_key()).await;
    world.define("other", &definitions::integration()).await;
    let replaced = connected(world).await;
    let live = connected(world).await;
    let key = json!({ "integrationKey": "mail", "connectionParameters": entered() });
    let key = world.browser().send(Start::new().with(&key).form()).await.connection_id();
    let start = Start::new().by("user-2").with(&json!({ "integrationKey": "other" }));
    let disconnected = world.connect(&world.browser(), &start).await.connection_id();
    call(world, Method::POST, &format!("/connections/{disconnected}/disconnect")).await;
    let older = world
        .dump()
        .await
        .live_connections()
        .into_iter()
        .find(|item| text(item, "pk") == live)
        .unwrap()
        .clone();
    world.write("connections", &as_version_1(&older).await).await;
    [replaced, live, key, disconnected]
}

/// Everything but what is sealed.
async fn the_rest(world: &World) -> Dump {
    let mut dump = world.dump().await;
    for item in dump.connections.iter_mut().chain(&mut dump.integrations) {
        item.remove("sealed");
        item.remove("event");
    }
    dump
}

#[tokio::test(start_paused = true)]
async fn everything_moves_to_the_present_key_and_nothing_else_changes() {
    let world = World::new().await;
    let [replaced, live, key, _] = some_of_each(&world).await;
    let _ = world.take_events();
    let before = the_rest(&world).await;
    let [(old, count)] = under(&world).await.try_into().unwrap();
    // The workspace, three integrations of which two have secrets, and four connections.
    assert_eq!(count, 7);

    let world = with_both(&world);
    assert_eq!(world.reseal().await, (7, 1));
    let [(new, moved)] = under(&world).await.try_into().unwrap();
    assert!(new != old && moved == 7, "{new} {moved}");
    assert_eq!(the_rest(&world).await, before);
    assert_eq!(world.take_events(), Vec::<Value>::new());
    assert_eq!(world.reseal().await, (0, 8));

    // The older key is needed no more.
    let world = with_the_new(&world);
    assert_eq!(world.secrets(&live).await["credentials"]["access_token"], ACCESS_TOKEN);
    assert_eq!(world.secrets(&key).await["credentials"]["apiKey"], API_KEY);
    assert_eq!(world.secrets(&replaced).await["credentials"]["access_token"], ACCESS_TOKEN);
    connected(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_webhooks_secret_moves_to_the_present_key_and_goes_on_signing() {
    let world = World::new().await;
    let endpoint = made(&world, &json!({})).await;
    let world = with_both(&world);
    // The endpoint's, the workspace's and the integration's.
    assert_eq!(world.reseal().await, (3, 0));
    assert_eq!(world.reseal().await, (0, 3));
    let world = with_the_new(&world);
    answers(&world, &[200]);
    world.webhook(&event(&world).await, 1).await;
    assert!(is_signed(&got(&world)[0], &endpoint["secret"]));
}

#[tokio::test(start_paused = true)]
async fn what_is_another_workspaces_stays() {
    let world = World::new().await;
    world.define_workspace("globex", &definitions::workspace("globex")).await;
    connected(&world).await;
    let world = with_both(&world);
    assert_eq!(world.reseal().await, (3, 0));
    let mut left: Vec<usize> = under(&world).await.into_iter().map(|(_, count)| count).collect();
    left.sort_unstable();
    assert_eq!(left, [1, 3]);
    let unknown = world.api(Method::POST, "/workspaces/nobody/reseal", &admin(ROOT), None).await;
    assert_eq!(unknown.refusal(), refusal(404, "not_found", "key"));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_open_is_named_and_holds_up_nothing() {
    let world = World::new().await;
    let first = connected(&world).await;
    let forgotten = world.deployed_with(Arc::new(Keys::new([9; 32], &[WRAPPING_KEY])));
    let start = Start::new().by("user-2");
    let lost = forgotten.connect(&forgotten.browser(), &start).await.connection_id();
    let start = Start::new().by("user-3");
    world.connect(&world.browser(), &start).await.assert_connected();
    let before = world.dump().await;

    let world = with_both(&world);
    let answer = ask(&world, "").await.json();
    assert_eq!((&answer["resealed"], &answer["unchanged"]), (&json!(4), &json!(0)), "{answer}");
    let [failed] = answer["failed"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    assert_eq!((&failed["connectionId"], &failed["error"]["key"]), (&json!(lost), &json!("internal")));
    let lost_of = |dump: &Dump| {
        dump.live_connections().into_iter().find(|item| text(item, "pk") == lost).unwrap().clone()
    };
    assert_eq!(lost_of(&world.dump().await), lost_of(&before));

    // Nothing of a workspace opens: it is told of the workspace and of each integration.
    let stranger = world.deployed_with(Arc::new(Keys::new([8; 32], &[])));
    let failed = ask(&stranger, "").await.json()["failed"].as_array().unwrap().clone();
    let named: Vec<_> = failed.iter().map(|it| (it.get("connectionId"), it.get("integrationKey"))).collect();
    assert_eq!(named[..2], [(None, None), (None, Some(&json!(INTEGRATION)))]);
    assert_eq!(named.len(), 5);
    assert_eq!(world.secrets(&first).await["credentials"]["access_token"], ACCESS_TOKEN);
}

#[tokio::test(start_paused = true)]
async fn a_long_list_is_sealed_anew_part_by_part() {
    let world = World::with(&definitions::api_key()).await;
    for number in 0..60 {
        let start =
            Start::new().by(&format!("user-{number}")).with(&json!({ "connectionParameters": entered() }));
        world.browser().send(start.form()).await.assert_connected();
    }
    let world = with_both(&world);
    let first = ask(&world, "?cursor=0").await.json();
    assert_eq!((&first["resealed"], &first["unchanged"]), (&json!(51), &json!(1)), "{first}");
    let query = format!("?cursor={}", first["cursor"].as_str().unwrap());
    let rest = ask(&world, &query).await.json();
    // The definitions are not looked at again. Behind the live ones come those that are archived.
    assert_eq!((&rest["resealed"], &rest["unchanged"]), (&json!(10), &json!(0)), "{rest}");
    let query = format!("?cursor={}", rest["cursor"].as_str().unwrap());
    assert_eq!(ask(&world, &query).await.json(), json!({ "resealed": 0, "unchanged": 0, "failed": [] }));
    assert_eq!(under(&world).await.len(), 1);
    assert_eq!(ask(&world, "?cursor=elsewhere").await.refusal(), refusal(400, "request_malformed", "cursor"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_a_throttle_and_a_database_that_is_away_lose_nothing() {
    let world = World::new().await;
    let id = connected(&world).await;
    let world = with_both(&world);
    world.wire.fail("UpdateItem", 1, Fault::LostAnswer);
    assert_eq!(world.reseal().await, (3, 0));

    let world = world.deployed_with(Arc::new(Keys::new(WRAPPING_KEY, &[NEW_KEY])));
    world.wire.fail("PutItem", tests::wire::FOR_GOOD, Fault::Outage);
    assert_eq!(ask(&world, "").await.refusal(), refusal(503, "storage_unavailable", ""));
    let _ = world.wire.recover();
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], ACCESS_TOKEN);
}

/// What is written meanwhile is under the present key by that, and is not overwritten by what was read before.
#[tokio::test(start_paused = true)]
async fn nothing_that_is_written_meanwhile_is_lost() {
    let world = World::new().await;
    world.wire.keep_writes();
    let id = connected(&world).await;
    let world = with_both(&world);
    let credentials = json!({ "credentials": { "access_token": "given-1", "refresh_token": "given-2" } });
    let patched = {
        let (path, world) = (format!("/connections/{id}"), world.restarted());
        async move {
            let answer = world.api(Method::PATCH, &path, &admin(WORKSPACE), Some(&credentials)).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
    };
    world.wire.meanwhile("UpdateItem", patched);
    let answer = ask(&world, "").await.json();
    assert_eq!(answer["failed"], json!([]));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "given-1");
    assert_eq!(under(&world).await.len(), 1);
    world.assert_late_writes_change_nothing().await;
}
