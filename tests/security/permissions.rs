//! What each role of the template allows, held against what its function asks for. Every call is allowed, in each test that
//! has a world; here, every permission is used.

mod scenes;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::cloudformation::{ACCOUNT, Deployment};
use tests::permissions::policy::{Access, Verdict, verdict, verdict_for};
use tests::permissions::{Part, Roles, Speaker, as_refresh, described, roles, speaker, table};
use tests::repository::read;
use tests::{Start, World};

/// What AWS does in a role's name, with the service that takes the role on: Lambda writes the log and sends traces, the pipe
/// reads its source and sends what it has read.
fn asked_by_aws(name: &str) -> (&'static str, Vec<Access>) {
    let role = &roles().roles[name];
    let Some(logs) = &role.logs else {
        let all = json!({ "EventBusName": "default" });
        let stack = Deployment::of("infra/template.yaml", all.as_object().unwrap());
        let pipe = stack.properties("EventsPipe");
        let resource = |value: &Value| value.as_str().unwrap().to_owned();
        let parameters = &pipe["SourceParameters"]["DynamoDBStreamParameters"];
        let (source, queue) = (resource(&pipe["Source"]), resource(&parameters["DeadLetterConfig"]["Arn"]));
        let read = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"];
        let mut asked: Vec<Access> =
            read.iter().map(|action| Access::new(&format!("dynamodb:{action}"), &source)).collect();
        asked.push(Access::new("events:PutEvents", &resource(&pipe["Target"])));
        asked.push(Access::new("sqs:SendMessage", &queue));
        return ("pipes.amazonaws.com", asked);
    };
    let stream = format!("{}log-stream:2026/01/31/[12]abc", logs.strip_suffix('*').unwrap());
    let log = ["logs:CreateLogStream", "logs:PutLogEvents"].map(|action| Access::new(action, &stream));
    let trace = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"].map(|action| Access::new(action, "*"));
    let mut asked: Vec<Access> = log.into_iter().chain(trace).collect();
    if name == "webhooks" {
        // Lambda takes the messages. The function itself postpones one, by a request that no test's wire carries.
        let queue = Deployment::of("infra/template.yaml", &serde_json::Map::new())
            .resolved(&json!({ "Fn::GetAtt": "WebhooksQueue.Arn" }))
            .unwrap();
        let actions = ["ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage"];
        asked.extend(actions.map(|action| Access::new(&format!("sqs:{action}"), queue.as_str().unwrap())));
    }
    ("lambda.amazonaws.com", asked)
}

fn used_by_aws() -> BTreeSet<Part> {
    let decided = |name: &&'static str| {
        let asked = asked_by_aws(name).1;
        asked.into_iter().flat_map(|access| roles().decide(name, &access).unwrap()).collect::<Vec<_>>()
    };
    roles().roles.keys().flat_map(decided).collect()
}

#[tokio::test(start_paused = true)]
async fn every_permission_of_every_role_is_used() {
    let used = &used_by_aws() | &scenes::played().await;
    let all = roles().roles.values().flat_map(|role| (0..role.parts.len()).map(|number| (role.name, number)));
    let unused: Vec<String> = all.filter(|part| !used.contains(part)).map(described).collect();
    assert!(unused.is_empty(), "{unused:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_role_does_not_allow_is_refused_and_fails_the_test() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let _ = world.wire.take_requests();
    // As the scheduled function, which reads no connection by an index.
    let store = &world.deps.store;
    let workspace = protocol::id::WorkspaceKey::new(tests::tokens::WORKSPACE);
    assert!(as_refresh(store.read_workspace(&workspace)).await.is_ok());
    assert!(as_refresh(store.read_connection(&protocol::id::ConnectionId::new(&*id))).await.is_ok());
    assert_eq!(world.ledger.take_denied(), [""; 0]);
    let before = world.dump().await;
    let deleted = store.read_workspace(&workspace);
    let stored = tests::permissions::by_hand(deleted).await.unwrap().unwrap();
    let error =
        as_refresh(store.put_workspace(&workspace, Some(&stored), stored.clone())).await.err().unwrap();
    assert_eq!(error.key().facts().key, "storage_unavailable");
    assert_eq!(world.dump().await, before);
    let denied = world.ledger.take_denied();
    let said = "User: arn:aws:sts::111122223333:assumed-role/RefreshRole/refresh is not authorized to perform: \
                dynamodb:PutItem on resource: arn:aws:dynamodb:eu-west-1:111122223333:table/integrations because no \
                identity-based policy allows it";
    assert!(denied.iter().all(|message| message.starts_with(said)) && !denied.is_empty(), "{denied:?}");
    // Nor does anything go unnoticed because nobody knows whose it is.
    assert_eq!(speaker(), None);
    assert!(store.read_workspace(&workspace).await.is_err());
    assert!(world.ledger.take_denied()[0].starts_with("nobody knows who asks"));
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_is_known_from_the_request_that_is_answered() {
    let world = World::new().await;
    let browser = world.browser();
    world.connect(&browser, &Start::new()).await.assert_connected();
    let used: BTreeSet<&str> = world.ledger.used().into_iter().map(|(role, _)| role).collect();
    assert_eq!(used, BTreeSet::from(["api", "callback", "finish", "initiate"]));
    assert_eq!(as_refresh(async { speaker() }).await, Some(Speaker::Function("refresh")));
}

#[test]
fn a_role_is_taken_on_by_its_service_alone_and_writes_its_own_log() {
    let roles = &roles().roles;
    assert_eq!(
        roles.keys().copied().collect::<Vec<_>>(),
        ["api", "callback", "events", "finish", "initiate", "refresh", "webhooks"]
    );
    for (name, role) in roles {
        let source = format!("arn:aws:pipes:eu-west-1:{ACCOUNT}:pipe/p");
        let takes = Access::new("sts:AssumeRole", &role.arn)
            .with("aws:SourceAccount", &[ACCOUNT])
            .with("aws:SourceArn", &[&source]);
        for service in ["lambda.amazonaws.com", "pipes.amazonaws.com", "ec2.amazonaws.com"] {
            let verdict = verdict_for(&role.trust, ("Service", service), &takes);
            let expected = if service == asked_by_aws(name).0 { Verdict::Allowed } else { Verdict::Unsaid };
            assert_eq!(verdict, expected, "{name} {service}");
        }
        for other in roles.keys().filter(|other| *other != name) {
            for access in asked_by_aws(other).1.iter().filter(|access| access.action.starts_with("logs:")) {
                assert_eq!(
                    verdict(&role.policy, access),
                    Verdict::Unsaid,
                    "{name} writes the log of {other}"
                );
            }
        }
    }
}

/// A data key belongs to one table of one workspace, whatever a role says.
#[test]
fn the_keys_policy_opens_nothing_without_its_table_and_workspace() {
    let key = &roles().sealing_key;
    let context = |pairs: &[(&str, &str)]| {
        let names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
        let access = Access::new("kms:Decrypt", key).with("kms:EncryptionContextKeys", &names);
        pairs.iter().fold(access, |access, (name, value)| {
            access.with(&format!("kms:EncryptionContext:{name}"), &[value])
        })
    };
    let (table, workspace) = (("table", "connections"), ("workspace", "acme"));
    assert!(roles().decide("api", &context(&[table, workspace])).is_ok());
    for wrong in [vec![table], vec![table, workspace, ("more", "x")]] {
        let refused = roles().decide("api", &context(&wrong)).unwrap_err();
        assert!(refused.contains("the key's policy does not allow it"), "{refused}");
    }
    for action in
        ["kms:Encrypt", "kms:ReEncryptFrom", "kms:CreateGrant", "kms:GenerateDataKeyWithoutPlaintext"]
    {
        let mut access = context(&[table, workspace]);
        access.action = action.to_owned();
        assert!(roles().decide("api", &access).is_err(), "{action}");
    }
    assert!(roles().decide("finish", &context(&[table, workspace])).is_err());
}

/// It calls addresses that workspaces choose: whoever takes it over gets at endpoints, and at nothing else that is secret.
#[test]
fn what_sends_webhooks_reads_and_opens_endpoints_alone() {
    let table = format!("arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/integrations");
    let may = |access: &Access| roles().decide("webhooks", access).is_ok();
    for (key, expected) in [
        ("webhooks#acme", true),
        ("acme", false),
        ("webhooks", false),
        ("integration#fdd9e593761aae79750bee50fc233279", false),
    ] {
        let on = |action| Access::new(&format!("dynamodb:{action}"), &table);
        assert_eq!(may(&on("Query").with("dynamodb:LeadingKeys", &[key])), expected, "{key}");
        for action in ["GetItem", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem", "Scan"] {
            assert!(!may(&on(action).with("dynamodb:LeadingKeys", &[key])), "{action} {key}");
        }
    }
    let index = format!("{table}/index/workspaces");
    assert!(!may(&Access::new("dynamodb:Query", &index).with("dynamodb:LeadingKeys", &["workspace"])));
    for key in [&*roles().sealing_key, tests::permissions::PREVIOUS_KEY] {
        for table in ["connections", "flows", "integrations", "webhooks"] {
            let decrypt = Access::new("kms:Decrypt", key)
                .with("kms:EncryptionContextKeys", &["table", "workspace"])
                .with("kms:EncryptionContext:table", &[table])
                .with("kms:EncryptionContext:workspace", &["acme"]);
            assert_eq!(may(&decrypt), table == "webhooks", "{table}");
            if table == "webhooks" {
                let opens = |role: &&'static str| roles().decide(role, &decrypt).is_ok();
                let who: Vec<&str> = roles().roles.keys().copied().filter(opens).collect();
                assert_eq!(who, ["api", "webhooks"]);
            }
        }
    }
}

/// The mark is an item of the schedule. Whoever moved it on would stop the refreshes before it.
#[test]
fn only_refresh_says_how_far_the_schedule_is_done() {
    let table = format!("arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/schedule");
    for action in
        ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "BatchGetItem", "Query"]
    {
        let on_mark =
            Access::new(&format!("dynamodb:{action}"), &table).with("dynamodb:LeadingKeys", &["checkpoint"]);
        let may = roles().roles.keys().filter(|role| roles().decide(role, &on_mark).is_ok()).copied();
        let expected = if ["GetItem", "PutItem", "Query"].contains(&action) { &["refresh"][..] } else { &[] };
        assert_eq!(may.collect::<Vec<_>>(), expected, "{action}");
    }
}

/// Where tables were restored, the roles name those and no others; without options, they allow nothing of them.
#[test]
fn the_roles_name_what_the_deployment_has() {
    let named = |parameters: &Value| -> BTreeSet<String> {
        let roles = Roles::of(parameters);
        let resources =
            roles.roles.values().flat_map(|role| role.parts.iter().map(|part| part.resources[0].clone()));
        resources.collect()
    };
    let table = |name: &str| format!("arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/{name}");
    let least = named(&json!({}));
    assert!(least.contains(&table("connections")) && !least.contains("*"));
    assert!(least.iter().all(|resource| !resource.contains(":key/") || resource.ends_with("key/SealingKey")));
    let restored = named(&json!({ "ConnectionsTableName": "restored" }));
    let stale = restored.iter().filter(|resource| resource.contains("table/connections")).count();
    assert!(restored.contains(&table("restored")) && restored.contains(&table("restored/index/owner")));
    assert_eq!(stale, 0);
}

#[test]
fn the_page_has_the_table_of_permissions() {
    let (page, table) = (read("docs/operate.md"), table());
    assert!(
        page.contains(&table),
        "`cargo run --example permissions` prints what docs/operate.md is to show:\n{table}"
    );
}
