//! One key, from the first workspace to a connection's credentials.

use std::time::Duration;

use aws_sdk_kms::primitives::Blob;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flow::seal::{EncryptionContext, KmsKey, WrappingKey};
use protocol::id::WorkspaceKey;
use protocol::random::hex;
use tests::definitions::{self, CLIENT_SECRET};
use tests::logs::Logs;
use tests::provider::{ACCESS_TOKEN, REFRESH_TOKEN};
use tests::sealed::sealed_under;
use tests::tokens::{WORKSPACE, WORKSPACE_SECRET};
use tests::{Start, World};

use crate::{KEY, arn, asked, key, kms};

async fn connect(world: &World, customer: &str) -> String {
    world.connect(&world.browser(), &Start::new().by(customer)).await.connection_id()
}

#[tokio::test(start_paused = true)]
async fn a_whole_flow_is_sealed_under_the_key_and_opened_again() {
    let (key, _) = key(KEY).await;
    let world = World::sealed_by(key).await.defined(&definitions::integration()).await;
    let id = connect(&world, "user-1").await;
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], ACCESS_TOKEN);
    assert_eq!(world.restarted().secrets(&id).await["credentials"]["access_token"], ACCESS_TOKEN);

    let dump = world.dump().await;
    let sealed: Vec<_> = dump.integrations.iter().chain(dump.live_connections()).collect();
    assert_eq!(sealed.len(), 3);
    for item in sealed {
        assert_eq!(sealed_under(item).0, arn(KEY));
    }
    for secret in [ACCESS_TOKEN, REFRESH_TOKEN, CLIENT_SECRET, WORKSPACE_SECRET] {
        assert!(!dump.contains(secret.as_bytes()), "{secret}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_seals_ask_for_one_data_key_a_workspace_and_table_each_quarter_of_an_hour() {
    let (key, wire) = key(KEY).await;
    let world = World::sealed_by(key).await;
    assert_eq!(asked(&wire), <[&str; 0]>::default(), "nothing is asked before it is needed");
    let world = world.defined(&definitions::integration()).await;
    assert_eq!(asked(&wire), ["GenerateDataKey integrations/acme", "Decrypt integrations/acme"]);
    for customer in ["user-1", "user-2", "user-3"] {
        connect(&world, customer).await;
    }
    assert_eq!(asked(&wire), ["GenerateDataKey connections/acme"]);

    world.clock.advance(Duration::from_mins(14));
    connect(&world, "user-4").await;
    assert_eq!(asked(&wire), <[&str; 0]>::default());
    world.clock.advance(Duration::from_mins(1));
    connect(&world, "user-5").await;
    assert_eq!(asked(&wire), ["Decrypt integrations/acme", "GenerateDataKey connections/acme"]);

    let data_keys: std::collections::BTreeSet<Vec<u8>> =
        world.dump().await.live_connections().into_iter().map(|item| sealed_under(item).1).collect();
    assert_eq!(data_keys.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_data_key_opens_only_for_its_own_table_and_workspace() {
    let (key, wire) = key(KEY).await;
    let context =
        |table, workspace: &str| EncryptionContext { table, workspace: WorkspaceKey::new(workspace) };
    let made = key.generate(&context("connections", "acme")).await.unwrap();
    assert_eq!(made.key_id, arn(KEY));
    let unwrap = async |table, workspace: &str| {
        key.unwrap(&made.key_id, &made.wrapped, &context(table, workspace)).await
    };
    assert_eq!(unwrap("connections", "acme").await.unwrap(), made.plain);
    for (table, workspace) in [("integrations", "acme"), ("connections", "umbra")] {
        let logs = Logs::record();
        let error = unwrap(table, workspace).await.unwrap_err();
        assert_eq!(error.key(), protocol::error::ErrorKey::Internal);
        assert!(logs.text().contains("InvalidCiphertextException"));
    }
    let mut changed = made.wrapped.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(key.unwrap(&made.key_id, &changed, &context("connections", "acme")).await.is_err());
    assert_eq!(wire.take_requests().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_gone_is_a_key_that_is_unavailable() {
    let (config, _) = kms().await;
    let gone = arn(KEY).rsplit_once('/').unwrap().0.to_owned() + "/00000000-0000-0000-0000-000000000000";
    let key = KmsKey::new(gone, &config);
    let context = EncryptionContext { table: "connections", workspace: WorkspaceKey::new(WORKSPACE) };
    let logs = Logs::record();
    let Err(error) = key.generate(&context).await else { panic!("it made a data key") };
    assert_eq!(error.key(), protocol::error::ErrorKey::KeyUnavailable);
    assert!(logs.text().contains("NotFoundException"));
}

/// The data key travels in KMS's answers; the SDK's most talkative level does not show it.
#[tokio::test(start_paused = true)]
async fn no_data_key_is_logged() {
    let logs = Logs::record();
    let (key, _) = key(KEY).await;
    let world = World::sealed_by(key).await.defined(&definitions::integration()).await;
    let id = connect(&world, "user-1").await;
    world.restarted().secrets(&id).await;
    let text = logs.text();
    assert!(text.contains("GenerateDataKey") && text.contains("Decrypt"), "the log was recorded");

    let (config, _) = kms().await;
    let client = aws_sdk_kms::Client::from_conf(config);
    let dump = world.dump().await;
    for (table, item) in
        [("connections", dump.live_connections()[0]), ("integrations", &dump.integrations[0])]
    {
        let (key_id, wrapped) = sealed_under(item);
        let opened = client
            .decrypt()
            .key_id(key_id)
            .ciphertext_blob(Blob::new(wrapped))
            .encryption_context("table", table)
            .encryption_context("workspace", WORKSPACE)
            .send()
            .await;
        let plain = opened.unwrap().plaintext.unwrap().into_inner();
        assert_eq!(plain.len(), 32);
        for form in [STANDARD.encode(&plain), hex(&plain), format!("{plain:?}"), format!("{plain:02x?}")] {
            if let Some(line) = text.lines().find(|line| line.contains(&form)) {
                let line: String = line.chars().take(400).collect();
                panic!("the log holds a data key of {table}: {line}");
            }
        }
    }
}
