//! A copy of the tables reveals nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::definition::{RegistrationId, integration_id};
use protocol::id::{ConnectionId, CustomerId, WorkspaceKey};
use serde_json::json;
use tests::definitions::{CLIENT_SECRET, integration_with};
use tests::dump::Dump;
use tests::permissions::by_hand;
use tests::provider::{ACCESS_TOKEN, REFRESH_TOKEN};
use tests::world::{CODE, WRAPPING_KEY};
use tests::{Start, World, tokens};

fn start() -> Start {
    Start::new().with(&json!({
        "connectionParameters": { "apiKey": "parameter!+secret/1" },
        "connectorParameters": { "key": "connector!+secret/1" },
        "customState": "custom!+state/1",
    }))
}

fn assert_holds_none_of(dump: &Dump, secrets: &[(&str, &[u8])]) {
    for (name, secret) in secrets {
        assert!(secret.len() >= 8, "{name} is too short to search for");
        assert!(!dump.contains(secret), "the tables hold the {name}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_secret_of_a_flow_is_in_the_tables_while_it_lasts_and_after() {
    let world = World::with(&integration_with(&json!({ "callbackParameters": ["realmId"] }))).await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &start()).await;
    let during = world.dump().await;
    let answered = browser.get(&at_provider.back(&[("code", CODE), ("realmId", "realm!+secret/1")])).await;
    browser.get(answered.location()).await.assert_connected();
    let after = world.dump().await;

    let state = at_provider.state();
    let browser_secret = browser.cookie_values()[0].clone();
    let decoded_state = URL_SAFE_NO_PAD.decode(&state).unwrap();
    let decoded_secret = URL_SAFE_NO_PAD.decode(&browser_secret).unwrap();
    let verifier = world.provider.token_request().parameter("code_verifier").unwrap();
    let token = tokens::customer("acme", "user-1");
    let secrets: [(&str, &[u8]); 16] = [
        ("client secret", CLIENT_SECRET.as_bytes()),
        ("workspace secret", tokens::WORKSPACE_SECRET.as_bytes()),
        ("access token", ACCESS_TOKEN.as_bytes()),
        ("refresh token", REFRESH_TOKEN.as_bytes()),
        ("customer's input", b"parameter!+secret/1"),
        ("connector's parameters", b"connector!+secret/1"),
        ("callback parameter", b"realm!+secret/1"),
        ("custom state", b"custom!+state/1"),
        ("code", CODE.as_bytes()),
        ("code verifier", verifier.as_bytes()),
        ("state", state.as_bytes()),
        ("state's bytes", &decoded_state),
        ("browser secret", browser_secret.as_bytes()),
        ("browser secret's bytes", &decoded_secret),
        ("customer's token", token.as_bytes()),
        ("wrapping key", &WRAPPING_KEY),
    ];
    assert_holds_none_of(&during, &secrets);
    assert_holds_none_of(&after, &secrets);
}

/// The search itself finds what is there.
#[tokio::test(start_paused = true)]
async fn what_is_not_secret_is_found_by_the_same_search() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &start()).await.connection_id();
    let dump = world.dump().await;
    for known in [id.as_bytes(), b"client!+ID", b"Example CRM", b"user-1"] {
        assert!(dump.contains(known), "{}", String::from_utf8_lossy(known));
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_flow_leaves_no_secret_behind_either() {
    let world = World::new().await;
    let refused = tests::Reply::json(401, &json!({ "message": "no" }));
    world.provider.next("/api/me", refused);
    let browser = world.browser();
    let at_provider = world.begin(&browser, &start()).await;
    browser.get(&at_provider.consent()).await;
    let dump = world.dump().await;
    assert!(dump.connections.is_empty());
    assert_holds_none_of(&dump, &[("access token", ACCESS_TOKEN.as_bytes()), ("code", CODE.as_bytes())]);
}

/// Each record is sealed for its own place: swapped between customers, it does not open.
#[tokio::test(start_paused = true)]
async fn sealed_credentials_do_not_open_in_another_place() {
    let world = World::new().await;
    let browser = world.browser();
    let one = world.connect(&browser, &Start::new()).await.connection_id();
    let two = world.connect(&browser, &Start::new().by("user-2")).await.connection_id();
    let sealed = |dump: &Dump, id: &str| {
        let item = dump.connections.iter().find(|item| item["pk"].as_s().unwrap() == id).unwrap();
        item["sealed"].as_b().unwrap().as_ref().to_vec()
    };
    let dump = world.dump().await;
    assert_ne!(sealed(&dump, &one), sealed(&dump, &two));
    let workspace = WorkspaceKey::new("acme");
    let integration = integration_id(&workspace, "crm");
    let opens = async |option: &str, customer: &str, id: &str, sealed: &[u8]| {
        let (customer, id) = (CustomerId::new(customer), ConnectionId::new(id));
        let registration = RegistrationId::recorded(&integration, option, None);
        let place = flow::connection::connection_place(&workspace, &customer, &id, &registration);
        by_hand(world.deps.sealer.open(place, sealed)).await.is_ok()
    };
    assert!(opens("oauth", "user-1", &one, &sealed(&dump, &one)).await);
    assert!(!opens("other", "user-1", &one, &sealed(&dump, &one)).await);
    assert!(!opens("oauth", "user-2", &two, &sealed(&dump, &one)).await);
    assert!(!opens("oauth", "user-2", &one, &sealed(&dump, &one)).await);
    assert!(!opens("oauth", "user-1", &two, &sealed(&dump, &one)).await);
}
