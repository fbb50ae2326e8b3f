//! The local run's tables are those of the SAM template, and each function has the keys that it needs.

use std::collections::BTreeSet;

use serde_json::json;
use tests::cloudformation::{Deployment, template};

use crate::read;

#[tokio::test]
async fn the_local_tables_are_those_of_the_template() {
    let template = read("infra/template.yaml");
    let database = linkspan_local::database::Database::start(0, None).await.unwrap();
    for (resource, table) in [
        ("FlowsTable", &database.tables.flows),
        ("ConnectionsTable", &database.tables.connections),
        ("IntegrationsTable", &database.tables.integrations),
        ("ScheduleTable", &database.tables.schedule),
    ] {
        let description =
            database.client.describe_table().table_name(table).send().await.unwrap().table.unwrap();
        let mut local = BTreeSet::new();
        let mut keys = |schema: &[aws_sdk_dynamodb::types::KeySchemaElement]| {
            for key in schema {
                local.insert(format!(
                    "AttributeName: {}, KeyType: {}",
                    key.attribute_name(),
                    key.key_type().as_str()
                ));
            }
        };
        keys(description.key_schema());
        for index in description.global_secondary_indexes() {
            keys(index.key_schema());
        }
        for index in description.global_secondary_indexes() {
            let mut attributes = index.projection().unwrap().non_key_attributes().to_vec();
            attributes.sort();
            local.insert(format!("IndexName: {}", index.index_name().unwrap()));
            if !attributes.is_empty() {
                local.insert(format!("NonKeyAttributes: [{}]", attributes.join(", ")));
            }
        }
        if let Some(view) = description.stream_specification().and_then(|stream| stream.stream_view_type()) {
            local.insert(format!("StreamViewType: {}", view.as_str()));
        }
        let section =
            template.split(&format!("\n  {resource}:\n")).nth(1).unwrap().split("\n\n").next().unwrap();
        let deployed: BTreeSet<String> = section
            .lines()
            .map(|line| line.trim().trim_start_matches("- "))
            .filter_map(|line| {
                let line = line.trim_start_matches("{ ").trim_end_matches(" }");
                let inside = |name: &str| line.split_once(name).map(|(_, rest)| format!("{name}{rest}"));
                inside("NonKeyAttributes: ").or_else(|| inside("StreamViewType: ")).or_else(|| {
                    (line.contains("KeyType:") || line.starts_with("IndexName:")).then(|| line.to_owned())
                })
            })
            .collect();
        assert_eq!(local, deployed, "{resource}");
    }
}

/// The resources of a template, by name, as they are written.
fn resources(template: &str) -> Vec<(&str, &str)> {
    let (_, resources) = template.split_once("\nResources:\n").unwrap();
    let named = |block| {
        let (name, properties) = str::split_once(block, ":\n    Type: ")?;
        Some((name.lines().last().unwrap().trim(), properties))
    };
    resources.split("\n\n").filter_map(named).collect()
}

/// The names of the resources of this type that hold this text.
fn with<'a>(resources: &[(&'a str, &str)], kind: &str, text: &str) -> Vec<&'a str> {
    let holds = |(_, properties): &&(&str, &str)| properties.starts_with(kind) && properties.contains(text);
    resources.iter().filter(holds).map(|(name, _)| *name).collect()
}

const FUNCTION: &str = "AWS::Serverless::Function\n";
const ROLE: &str = "AWS::IAM::Role\n";
const FUNCTIONS: [&str; 6] = ["Initiate", "Callback", "Finish", "Api", "Refresh", "Webhooks"];

#[test]
fn only_functions_that_seal_or_open_have_a_key_and_each_seals_its_own_tables() {
    let (template, roles) = (read("infra/template.yaml"), read("infra/roles.yaml"));
    let (functions, roles) = (resources(&template), resources(&roles));
    let keyed = ["InitiateFunction", "CallbackFunction", "ApiFunction", "RefreshFunction"];
    assert!(with(&functions, FUNCTION, "").len() > keyed.len());
    // What sends webhooks opens their secrets, and seals nothing.
    assert_eq!(with(&functions, FUNCTION, "KMS_KEY_ID: "), [&keyed[..], &["WebhooksFunction"]].concat());
    assert_eq!(
        with(&roles, ROLE, "\"kms:EncryptionContext:table\": webhooks }"),
        ["WebhooksRole"],
        "the role opens the endpoints' secrets alone"
    );
    assert_eq!(with(&functions, FUNCTION, "SIGNS_IN_KMS: "), keyed);
    let keyed = ["InitiateRole", "CallbackRole", "ApiRole", "RefreshRole"];
    assert_eq!(with(&roles, ROLE, "- !Ref OpenPolicy"), keyed);
    assert_eq!(with(&roles, ROLE, "Action: kms:GenerateDataKey"), keyed);
    assert_eq!(with(&roles, ROLE, "- !If [HasSigningKeys, !Ref SignPolicy, !Ref AWS::NoValue]"), keyed);
    assert_eq!(with(&roles, ROLE, "kms:Sign"), [""; 0]);
    let one_table = [keyed[0], keyed[1], keyed[3]];
    assert_eq!(with(&roles, ROLE, "\"kms:EncryptionContext:table\": connections }"), one_table);
    assert_eq!(
        with(&roles, ROLE, "\"kms:EncryptionContext:table\": [connections, flows, integrations, webhooks] }"),
        keyed[2..3]
    );
    // Only who lists attempts opens the ids of connection requests, and only who tries endpoints opens their secrets.
    assert_eq!(with(&roles, ROLE, "\"kms:EncryptionContext:table\": [flows, webhooks] }"), keyed[2..3]);
    assert!(!template.contains("WRAPPING_KEY"));
}

#[test]
fn the_root_secret_is_the_apis_alone_to_read_and_stands_in_no_setting() {
    let (template, roles) = (read("infra/template.yaml"), read("infra/roles.yaml"));
    assert_eq!(with(&resources(&template), FUNCTION, "ROOT_SECRET_ARN: !Ref RootSecret\n"), ["ApiFunction"]);
    assert_eq!(with(&resources(&roles), "", "secretsmanager:"), ["ApiRole"]);
    assert_eq!(roles.matches("!Ref RootSecretArn").count(), 1);
    for secret in ["ROOT_WORKSPACE_SECRET", "NoEcho", "{{resolve:"] {
        assert!(!template.contains(secret), "{secret}");
    }
}

/// What names its parameters: `!Ref Name` and `${Name}`.
fn referred(text: &str, parameters: &BTreeSet<&str>) -> BTreeSet<String> {
    let names = text.split(|character: char| !character.is_ascii_alphanumeric());
    names.filter(|name| parameters.contains(name)).map(str::to_owned).collect()
}

fn parameters(template: &str) -> BTreeSet<&str> {
    let (_, parameters) = template.split_once("\nParameters:\n").unwrap();
    parameters
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with("  "))
        .filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':').filter(|name| !name.starts_with(' ')))
        .collect()
}

/// A version of a function keeps its settings: only another version has others.
#[test]
fn each_parameter_that_reaches_a_function_makes_new_versions() {
    let template = read("infra/template.yaml");
    let parameters = parameters(&template);
    let (_, globals) = template.split_once("\nGlobals:\n").unwrap();
    let globals = globals.split("\nResources:\n").next().unwrap();
    let conditions = template.split("\nConditions:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let resources = resources(&template);
    let mut reaching = String::from(globals);
    for (name, properties) in resources.iter().filter(|(_, properties)| properties.starts_with(FUNCTION)) {
        assert!(
            properties.contains("\n      VersionDescription: !Sub \"Settings ${SettingsVersion}\"\n"),
            "{name}"
        );
        // These are the function's, or the schedule's, and no version's.
        let of_versions = properties.lines().filter(|line| {
            !["ReservedConcurrentExecutions: ", "State: "].iter().any(|own| line.trim().starts_with(own))
        });
        reaching.extend(of_versions.flat_map(|line| [line, "\n"]));
    }
    let through_conditions = conditions.lines().filter(|line| {
        let name = line.trim().split(':').next().unwrap();
        reaching.contains(&format!("[{name},"))
    });
    let mut expected = referred(&reaching, &parameters);
    for line in through_conditions.collect::<Vec<_>>() {
        expected.append(&mut referred(line, &parameters));
    }
    // How requests go over to a version is no setting of it.
    expected.remove("DeploymentType");
    let (_, settings) = resources.iter().find(|(name, _)| *name == "SettingsVersion").unwrap();
    let noted: BTreeSet<String> =
        settings.lines().filter_map(|line| Some(line.trim().split_once("=${")?.0.to_owned())).collect();
    assert_eq!(noted, expected);
    assert!(
        globals.contains("SETTINGS_VERSION: !Ref SettingsVersion"),
        "a version is only made of what differs"
    );
}

#[test]
fn the_page_on_deploying_has_every_parameter_with_its_default() {
    let template = read("infra/template.yaml");
    let page = read("docs/deploy.md");
    let rows: String =
        page.lines().filter(|line| line.starts_with("| `")).flat_map(|line| [line, "\n"]).collect();
    for parameter in parameters(&template) {
        let row = rows.lines().find(|row| row.split('|').nth(1).unwrap().contains(&format!("`{parameter}`")));
        let row = row.unwrap_or_else(|| panic!("docs/deploy.md does not have {parameter}"));
        let section = template.split(&format!("\n  {parameter}:\n")).nth(1).unwrap();
        let default =
            section.lines().find_map(|line| line.strip_prefix("    Default: ")).unwrap().trim_matches('"');
        let shown = if default.is_empty() { "empty".to_owned() } else { format!("`{default}`") };
        assert!(row.split('|').nth(2).unwrap().contains(&shown), "{parameter}: {shown} in {row}");
    }
}

#[test]
fn the_environments_of_samconfig_set_parameters_that_there_are() {
    let template = read("infra/template.yaml");
    let parameters = parameters(&template);
    let config = read("samconfig.toml");
    for environment in ["default", "dev", "staging", "prod"] {
        assert!(config.contains(&format!("\n[{environment}.deploy.parameters]\n")), "{environment}");
    }
    let values =
        config.lines().filter(|line| line.contains("parameter_overrides") || line.starts_with("  \""));
    let mut set = 0;
    for pair in values.flat_map(|line| line.split('"').skip(1).step_by(2)) {
        let (name, _) = pair.split_once('=').unwrap();
        assert!(parameters.contains(name), "{name}");
        set += 1;
    }
    assert!(set > 5);
}

/// A new account has nothing to reserve: there a deployment with a reservation fails.
#[test]
fn concurrency_can_be_reserved_for_callbacks_and_results_and_is_not_unless_asked() {
    let template = read("infra/template.yaml");
    let section = |name: &str| {
        template.split(&format!("\n  {name}:\n")).nth(1).unwrap().split("\n  ").collect::<Vec<_>>()
    };
    for function in FUNCTIONS {
        let parameter = format!("{function}ReservedConcurrency");
        assert!(section(&parameter).iter().any(|line| line.trim() == "Default: 0"), "{parameter}");
        let reserved = format!(
            "ReservedConcurrentExecutions: !If [ReservesFor{function}, !Ref {parameter}, !Ref AWS::NoValue]"
        );
        let resource = section(&format!("{function}Function"));
        assert!(resource.iter().any(|line| line.trim() == reserved), "{function}");
        assert!(template.contains(&format!("ReservesFor{function}: !Not [!Equals [!Ref {parameter}, 0]]")));
    }
}

/// The operator finds the line of a request by what the access log says of it, and chooses how much is logged.
#[test]
fn the_access_log_leads_to_the_functions_lines_whose_level_is_a_parameter() {
    let template = read("infra/template.yaml");
    let (_, format) = template.split_once("Format: >-\n").unwrap();
    let format = format.split("\n\n").next().unwrap().split_whitespace().collect::<Vec<_>>().concat();
    let access: serde_json::Value = serde_json::from_str(&format).unwrap();
    assert_eq!(access["functionRequestId"], "$context.integration.requestId");
    assert_eq!(access.to_string(), format, "a name stands in it twice");
    assert!(template.contains("\n        RUST_LOG: !Ref LogLevel\n"));
    assert!(template.contains("\n  LogLevel:\n    Type: String\n    Default: INFO\n"));
}

/// Whoever knows the id of a connection request can open its link, and REST has it in the path.
#[test]
fn no_log_at_the_door_has_a_path_or_a_query() {
    let template = read("infra/template.yaml");
    let (_, format) = template.split_once("Format: >-\n").unwrap();
    let format = format.split("\n\n").next().unwrap();
    for told in ["$context.path", "$context.resourcePath", "querystring"] {
        assert!(!format.contains(told), "{told}");
    }
    assert!(read("infra/edge.yaml").contains("        - UriPath: {}\n"));
}

/// A bus may carry the events of several stacks, and workspaces of the same key are not the same ones.
#[test]
fn webhooks_are_made_of_the_own_stacks_events_alone() {
    let stacks = [
        json!({ "EventBusName": "default", "Webhooks": "true" }),
        json!({ "EventBusName": "default", "Webhooks": "true", "ConnectionsTableName": "restored" }),
    ];
    let tables = stacks.map(|parameters| {
        let stack = Deployment::of("infra/template.yaml", parameters.as_object().unwrap());
        let resources = &template("infra/template.yaml")["Resources"];
        let table = stack.properties("Roles")["Parameters"]["ConnectionsTableArn"].clone();
        for pipe in ["EventsPipe", "ReplayEventsPipe"] {
            let target = &resources[pipe]["Properties"]["TargetParameters"]["EventBridgeEventBusParameters"];
            assert_eq!(stack.resolved(&target["Resources"]).unwrap(), json!([table]), "{pipe}");
        }
        let rule = stack.resolved(&resources["WebhooksRule"]["Properties"]["EventPattern"]).unwrap();
        assert_eq!(rule, json!({ "source": ["linkspan"], "resources": [table] }));
        // The queue is shared by all workspaces, and fair to each.
        let target = &resources["WebhooksRule"]["Properties"]["Targets"][0];
        assert_eq!(target["SqsParameters"], json!({ "MessageGroupId": "$.detail.workspaceKey" }));
        table
    });
    assert_ne!(tables[0], tables[1]);
}
