//! Who can write the tables but has no key gets at nothing: what was sealed for one place opens in no other, and not
//! when a part of it is another.

use http::Method;
use serde_json::{Value, json};
use tests::answer::parameter;
use tests::definitions::{self, INTEGRATION};
use tests::dump::Item;
use tests::tokens::{self, CUSTOMER, WORKSPACE};
use tests::{Answer, Start, World};

const OTHER_WORKSPACE: &str = "umbra";
const OTHER_INTEGRATION: &str = "crm2";

/// Who seals something, and what opens it again.
#[derive(Debug, Clone)]
enum Owner {
    Connection { workspace: &'static str, customer: &'static str, id: String },
    Integration { workspace: &'static str, key: &'static str },
    Workspace(&'static str),
}

/// An item with a sealed value.
#[derive(Debug, Clone)]
struct Sealed {
    table: &'static str,
    owner: Owner,
    item: Item,
}

fn start(workspace: &str, customer: &str, integration: &str) -> Start {
    let token = tokens::customer(workspace, customer);
    Start::new().with(&json!({ "token": token, "integrationKey": integration }))
}

async fn define_integration(world: &World, workspace: &str, key: &str) {
    let path = format!("/integrations/{key}");
    let definition = definitions::integration();
    let answer = world.api(Method::PUT, &path, &tokens::admin(workspace), Some(&definition)).await;
    assert!(answer.status.is_success(), "{}", answer.body);
}

/// Two workspaces; in the first one two integrations and two customers.
async fn populated() -> (World, Vec<Sealed>) {
    let world = World::new().await;
    world.define_workspace(OTHER_WORKSPACE, &definitions::workspace(OTHER_WORKSPACE)).await;
    define_integration(&world, WORKSPACE, OTHER_INTEGRATION).await;
    define_integration(&world, OTHER_WORKSPACE, INTEGRATION).await;
    let mut owners = vec![
        Owner::Workspace(WORKSPACE),
        Owner::Workspace(OTHER_WORKSPACE),
        Owner::Integration { workspace: WORKSPACE, key: INTEGRATION },
        Owner::Integration { workspace: WORKSPACE, key: OTHER_INTEGRATION },
        Owner::Integration { workspace: OTHER_WORKSPACE, key: INTEGRATION },
    ];
    for (workspace, customer, integration) in [
        (WORKSPACE, CUSTOMER, INTEGRATION),
        (WORKSPACE, CUSTOMER, OTHER_INTEGRATION),
        (WORKSPACE, "user-2", INTEGRATION),
        (OTHER_WORKSPACE, CUSTOMER, INTEGRATION),
    ] {
        let connected = world.connect(&world.browser(), &start(workspace, customer, integration)).await;
        owners.push(Owner::Connection { workspace, customer, id: connected.connection_id() });
    }
    let dump = world.dump().await;
    let sealed = owners.into_iter().map(|owner| {
        let (table, items, pk, sk) = match &owner {
            Owner::Workspace(key) => {
                ("integrations", &dump.integrations, (*key).to_owned(), Some("workspace".to_owned()))
            }
            Owner::Integration { workspace, key } => {
                let id = tests::definitions::integration_id(workspace, key);
                let sk = Some(format!("integration#{id}"));
                ("integrations", &dump.integrations, (*workspace).to_owned(), sk)
            }
            Owner::Connection { id, .. } => ("connections", &dump.connections, id.clone(), None),
        };
        let is_it = |item: &&Item| {
            item["pk"].as_s() == Ok(&pk) && sk.as_ref().is_none_or(|sk| item["sk"].as_s() == Ok(sk))
        };
        let item = items.iter().find(is_it).unwrap().clone();
        Sealed { table, owner, item }
    });
    (world, sealed.collect())
}

/// Everything that would open the value, on functions that have nothing in memory. Each is an error's body.
async fn uses(world: &World, owner: &Owner) -> Vec<Value> {
    let world = world.restarted();
    match owner {
        Owner::Connection { workspace, customer, id } => {
            let path = format!("/connections/{id}?includeSecrets=true");
            let shown = world.api(Method::GET, &path, &tokens::admin(workspace), None).await;
            let path = format!("/connections/{id}/proxy/me");
            let token = tokens::customer(workspace, customer);
            let proxied = world.api(Method::GET, &path, &token, None).await;
            vec![refused(&shown), refused(&proxied)]
        }
        Owner::Integration { workspace, key } => {
            let browser = world.browser();
            let callback = world.begin(&browser, &start(workspace, CUSTOMER, key)).await.consent();
            let answered = browser.get(&callback).await;
            let result = browser.get(answered.location()).await.away();
            let told = parameter(&result, "errorData").unwrap_or_else(|| panic!("{result}"));
            let definition = definitions::integration_with(&json!({ "clientSecret": null }));
            let path = format!("/integrations/{key}");
            let put = world.api(Method::PUT, &path, &tokens::admin(workspace), Some(&definition)).await;
            vec![serde_json::from_str(&told).unwrap(), refused(&put)]
        }
        Owner::Workspace(key) => {
            let begun = world.browser().send(start(key, CUSTOMER, INTEGRATION).form()).await;
            let asked = world.api(Method::GET, "/self", &tokens::customer(key, CUSTOMER), None).await;
            let path = format!("/workspaces/{key}");
            let definition = json!({ "name": "Acme", "redirectUris": [definitions::REDIRECT_URI] });
            let put = world.api(Method::PUT, &path, &tokens::admin(tokens::ROOT), Some(&definition)).await;
            vec![refused(&begun), refused(&asked), refused(&put)]
        }
    }
}

fn refused(answer: &Answer) -> Value {
    assert_eq!(answer.status, 500, "{}", answer.body);
    answer.json()
}

/// That the value does not open at its owner's, that nobody is told why, that no provider is called and that nothing
/// is written in its place.
async fn assert_stays_closed(world: &World, at: &Sealed, value: Vec<u8>, what: &str) {
    let mut item = at.item.clone();
    item.insert("sealed".to_owned(), aws_sdk_dynamodb::types::AttributeValue::B(value.into()));
    world.write(at.table, &item).await;
    let calls = world.provider.calls().len();
    for mut told in uses(world, &at.owner).await {
        told.as_object_mut().unwrap().remove("reference").unwrap();
        let expected = json!({
            "type": "internal",
            "key": "internal",
            "message": "Something went wrong on our side. Please try again.",
        });
        assert_eq!(told, expected, "{what} at {:?}", at.owner);
    }
    assert_eq!(world.provider.calls().len(), calls, "{what} at {:?}", at.owner);
    let dump = world.dump().await;
    let items = if at.table == "connections" { &dump.connections } else { &dump.integrations };
    assert!(items.contains(&item), "{what} at {:?} was overwritten", at.owner);
    world.write(at.table, &at.item).await;
}

fn value(sealed: &Sealed) -> Vec<u8> {
    sealed.item["sealed"].as_b().unwrap().as_ref().to_vec()
}

/// Between fields, records, integrations, customers, workspaces and tables.
#[tokio::test(start_paused = true)]
async fn no_sealed_value_opens_in_the_place_of_another() {
    let (world, all) = populated().await;
    for at in &all {
        for from in &all {
            if value(at) != value(from) {
                assert_stays_closed(&world, at, value(from), &format!("{:?}", from.owner)).await;
            }
        }
    }
    // The same means open what stands in its own place.
    let world = world.restarted();
    for sealed in &all {
        match &sealed.owner {
            Owner::Connection { id, workspace, .. } => {
                let path = format!("/connections/{id}?includeSecrets=true");
                let answer = world.api(Method::GET, &path, &tokens::admin(workspace), None).await;
                assert_eq!(answer.status, 200, "{}", answer.body);
            }
            Owner::Integration { workspace, key } => {
                let start = start(workspace, "user-3", key);
                world.connect(&world.browser(), &start).await.assert_connected();
            }
            Owner::Workspace(key) => {
                let token = tokens::customer(key, CUSTOMER);
                let answer = world.api(Method::GET, "/self", &token, None).await;
                assert_eq!(answer.status, 200, "{}", answer.body);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_part_of_a_sealed_value_can_be_another() {
    let (world, all) = populated().await;
    for index in [0, 2, 5] {
        let at = &all[index];
        let whole = value(at);
        let key_id = usize::from(whole[1]);
        let wrapped_length = 2 + key_id;
        let wrapped = wrapped_length + 2;
        let nonce =
            wrapped + usize::from(u16::from_be_bytes([whole[wrapped_length], whole[wrapped_length + 1]]));
        for (part, offset) in [
            ("version", 0),
            ("key id's length", 1),
            ("key id", 2),
            ("wrapped key's length", wrapped_length + 1),
            ("wrapped key", wrapped),
            ("nonce", nonce),
            ("ciphertext", nonce + 12),
            ("tag", whole.len() - 1),
        ] {
            let mut changed = whole.clone();
            changed[offset] ^= 1;
            assert_stays_closed(&world, at, changed, part).await;
        }
        assert_stays_closed(&world, at, whole[..whole.len() - 1].to_vec(), "all but the last byte").await;
        assert_stays_closed(&world, at, b"access!+token/1".to_vec(), "plain text").await;
    }
}
