//! The local run's tables are those of the SAM template, and each function has the keys that it needs.

use std::collections::BTreeSet;

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

#[test]
fn only_functions_that_seal_or_open_have_a_key_and_each_seals_its_own_tables() {
    let template = read("infra/template.yaml");
    let functions: Vec<(&str, &str)> = template
        .split("\n\n")
        .filter_map(|resource| {
            let (name, properties) = resource.trim_start_matches('\n').split_once(":\n")?;
            properties.contains("Type: AWS::Serverless::Function").then_some((name.trim(), properties))
        })
        .collect();
    let with = |text: &str| -> Vec<&str> {
        functions.iter().filter(|(_, properties)| properties.contains(text)).map(|(name, _)| *name).collect()
    };
    let keyed = ["InitiateFunction", "CallbackFunction", "ApiFunction", "RefreshFunction"];
    assert!(functions.len() > keyed.len());
    assert_eq!(with("KMS_KEY_ID: "), keyed);
    assert_eq!(with("- !Ref OpenPolicy"), keyed);
    assert_eq!(with("Action: kms:GenerateDataKey"), keyed);
    assert_eq!(with("- !If [HasSigningKeys, !Ref SignPolicy, !Ref AWS::NoValue]"), keyed);
    assert_eq!(with("SIGNS_IN_KMS: "), keyed);
    assert_eq!(with("kms:Sign"), [""; 0]);
    let one_table = [keyed[0], keyed[1], keyed[3]];
    assert_eq!(with("\"kms:EncryptionContext:table\": connections }"), one_table);
    assert_eq!(with("\"kms:EncryptionContext:table\": [connections, integrations] }"), keyed[2..3]);
    assert!(!template.contains("WRAPPING_KEY"));
}

#[test]
fn the_root_secret_is_the_apis_alone_to_read_and_stands_in_no_setting() {
    let template = read("infra/template.yaml");
    let api = template.split("\n  ApiFunction:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    for once in ["ROOT_SECRET_ARN: !Ref RootSecret\n", "Action: secretsmanager:GetSecretValue\n"] {
        assert_eq!((template.matches(once).count(), api.matches(once).count()), (1, 1), "{once}");
    }
    for secret in ["ROOT_WORKSPACE_SECRET", "NoEcho", "{{resolve:"] {
        assert!(!template.contains(secret), "{secret}");
    }
}

/// A new account has nothing to reserve: there a deployment with a reservation fails.
#[test]
fn concurrency_can_be_reserved_for_callbacks_and_results_and_is_not_unless_asked() {
    let template = read("infra/template.yaml");
    let section = |name: &str| {
        template.split(&format!("\n  {name}:\n")).nth(1).unwrap().split("\n  ").collect::<Vec<_>>()
    };
    for function in ["Callback", "Finish"] {
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
