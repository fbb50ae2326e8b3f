//! Types that hold secrets show none under Debug.

use flow::start::StartRequest;
use protocol::clock::Timestamp;
use protocol::definition::{
    IntegrationDefinition, PreviousSecret, Workspace, WorkspaceDefinition, WorkspaceSecrets,
};
use protocol::id::WorkspaceKey;
use protocol::redirect_uri::Loopback;
use protocol::secret::Secret;
use serde_json::json;
use tests::definitions::{CLIENT_SECRET, integration, workspace};
use tests::permissions::by_hand;
use tests::{Start, World, tokens};

/// As text, and as a list of byte values.
fn assert_hides(shown: &str, secret: &str) {
    assert!(!shown.contains(secret), "{shown}");
    let numbers: Vec<String> = secret.bytes().map(|byte| byte.to_string()).collect();
    let packed: String = shown.split_whitespace().collect();
    assert!(!packed.contains(&numbers.join(",")), "{shown}");
}

#[test]
fn a_workspace_shows_no_secret() {
    let secret = Secret::from(tokens::WORKSPACE_SECRET);
    let previous = PreviousSecret { secret: secret.clone(), until: Timestamp(i64::MAX) };
    let secrets = WorkspaceSecrets { current: Some(secret), previous: Some(previous) };
    assert_hides(&format!("{secrets:#?}"), tokens::WORKSPACE_SECRET);
    let definition: WorkspaceDefinition = serde_json::from_value(workspace("acme")).unwrap();
    assert_hides(&format!("{definition:#?}"), tokens::WORKSPACE_SECRET);
    let checked =
        Workspace::new(&WorkspaceKey::new("acme"), &definition, &secrets, Loopback::Refused).unwrap();
    assert_hides(&format!("{checked:#?}"), tokens::WORKSPACE_SECRET);
}

#[test]
fn an_integrations_definition_shows_no_secret() {
    let definition: IntegrationDefinition = serde_json::from_value(integration()).unwrap();
    assert_hides(&format!("{definition:#?}"), CLIENT_SECRET);
}

#[test]
fn a_start_shows_neither_token_nor_input() {
    let start = Start::new().with(&json!({
        "connectionParameters": { "apiKey": "parameter!+secret" },
        "connectorParameters": { "key": "connector!+secret" },
    }));
    let shown = format!("{:#?}", StartRequest::parse(&start.form()).unwrap());
    for secret in ["parameter!+secret", "connector!+secret", start.payload["token"].as_str().unwrap()] {
        assert_hides(&shown, secret);
    }
}

#[tokio::test(start_paused = true)]
async fn settings_show_no_secret() {
    let world = World::new().await;
    assert_hides(&format!("{:#?}", world.deps.settings), tokens::ROOT_SECRET);
    let integration = world.integration().await;
    let secrets = by_hand(world.deps.definitions.option_secrets(&integration)).await.unwrap();
    let option = integration.auth_option(None).unwrap();
    assert_eq!(option.secret(&secrets, "clientSecret").unwrap().expose(), CLIENT_SECRET);
    assert_hides(&format!("{integration:#?} {secrets:#?}"), CLIENT_SECRET);
}
