//! The evaluator against examples of AWS's documentation, each with what it allows and what it does not.

use serde_json::json;

use super::*;

const ACCOUNT: &str = "arn:aws:iam::111122223333:root";

fn read(statement: &Value) -> Vec<Statement> {
    statements(&json!({ "Version": "2012-10-17", "Statement": statement })).unwrap()
}

/// IAM User Guide, "Amazon DynamoDB: Allows access to a specific table".
#[test]
fn a_table_of_this_name_in_every_account_and_no_index_of_it() {
    let policy = read(&json!([
        { "Sid": "ListAndDescribe", "Effect": "Allow", "Action": ["dynamodb:List*", "dynamodb:DescribeTimeToLive"],
          "Resource": "*" },
        { "Sid": "SpecificTable", "Effect": "Allow",
          "Action": ["dynamodb:BatchGet*", "dynamodb:Get*", "dynamodb:Query", "dynamodb:BatchWrite*", "dynamodb:PutItem"],
          "Resource": "arn:aws:dynamodb:*:*:table/MyTable" },
    ]));
    let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/MyTable";
    for (action, resource, expected) in [
        ("dynamodb:GetItem", table, Verdict::Allowed),
        ("DynamoDB:getitem", table, Verdict::Allowed),
        ("dynamodb:BatchWriteItem", table, Verdict::Allowed),
        ("dynamodb:ListStreams", "*", Verdict::Allowed),
        ("dynamodb:DeleteItem", table, Verdict::Unsaid),
        ("dynamodb:Query", &format!("{table}/index/owner"), Verdict::Unsaid),
        ("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/mytable", Verdict::Unsaid),
        ("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/MyTable2", Verdict::Unsaid),
    ] {
        assert_eq!(verdict(&policy, &Access::new(action, resource)), expected, "{action} {resource}");
    }
}

/// Amazon DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control".
#[test]
fn the_items_whose_keys_are_among_these() {
    let table = "arn:aws:dynamodb:us-west-2:123456789012:table/GameScores";
    let policy = read(&json!({
        "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": [table],
        "Condition": { "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["ada", "alan"] } },
    }));
    let asked = |keys: &[&str]| Access::new("dynamodb:GetItem", table).with("dynamodb:LeadingKeys", keys);
    assert_eq!(verdict(&policy, &asked(&["ada"])), Verdict::Allowed);
    assert_eq!(verdict(&policy, &asked(&["ada", "alan"])), Verdict::Allowed);
    assert_eq!(verdict(&policy, &asked(&["ada", "grace"])), Verdict::Unsaid);
    assert_eq!(verdict(&policy, &asked(&["ADA"])), Verdict::Unsaid);
    // The guide's warning: without any value it holds.
    assert_eq!(verdict(&policy, &Access::new("dynamodb:GetItem", table)), Verdict::Allowed);
}

/// The same guide: with patterns, as for the keys that begin with a tenant.
#[test]
fn the_items_whose_keys_fit_a_pattern() {
    let table = "arn:aws:dynamodb:us-west-2:123456789012:table/GameScores";
    let policy = read(&json!({
        "Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": table,
        "Condition": { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["ada-*"] } },
    }));
    let asked = |keys: &[&str]| Access::new("dynamodb:PutItem", table).with("dynamodb:LeadingKeys", keys);
    assert_eq!(verdict(&policy, &asked(&["ada-1", "ada-"])), Verdict::Allowed);
    assert_eq!(verdict(&policy, &asked(&["ada-1", "alan-1"])), Verdict::Unsaid);
}

/// AWS KMS Developer Guide, "kms:EncryptionContext:context-key".
#[test]
fn a_key_is_used_in_one_context_only() {
    let key = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let policy = read(&json!({
        "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:role/RoleForExampleApp" },
        "Action": "kms:GenerateDataKey", "Resource": "*",
        "Condition": { "StringEquals": { "kms:EncryptionContext:AppName": "ExampleApp" } },
    }));
    let role = ("AWS", "arn:aws:iam::111122223333:role/RoleForExampleApp");
    let asked = |name: &str, value: &str| {
        Access::new("kms:GenerateDataKey", key).with(&format!("kms:EncryptionContext:{name}"), &[value])
    };
    assert_eq!(verdict_for(&policy, role, &asked("AppName", "ExampleApp")), Verdict::Allowed);
    assert_eq!(verdict_for(&policy, role, &asked("AppName", "exampleapp")), Verdict::Unsaid);
    assert_eq!(verdict_for(&policy, role, &asked("Other", "ExampleApp")), Verdict::Unsaid);
    assert_eq!(verdict_for(&policy, role, &Access::new("kms:GenerateDataKey", key)), Verdict::Unsaid);
    assert_eq!(verdict_for(&policy, ("AWS", ACCOUNT), &asked("AppName", "ExampleApp")), Verdict::Unsaid);
    assert_eq!(verdict_for(&policy, ("Service", role.1), &asked("AppName", "ExampleApp")), Verdict::Unsaid);
}

/// The same guide, "kms:EncryptionContextKeys": a context of nothing but these keys, which must be there.
#[test]
fn a_context_has_these_keys_and_no_others() {
    let policy = read(&json!({
        "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "kms:*", "Resource": "*",
        "Condition": {
            "Null": { "kms:EncryptionContextKeys": "false" },
            "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": ["AppName", "FilePath"] },
        },
    }));
    let asked = |keys: &[&str]| Access::new("kms:Decrypt", "key").with("kms:EncryptionContextKeys", keys);
    assert_eq!(verdict_for(&policy, ("AWS", ACCOUNT), &asked(&["AppName", "FilePath"])), Verdict::Allowed);
    assert_eq!(verdict_for(&policy, ("AWS", ACCOUNT), &asked(&["AppName"])), Verdict::Allowed);
    assert_eq!(verdict_for(&policy, ("AWS", ACCOUNT), &asked(&["AppName", "More"])), Verdict::Unsaid);
    assert_eq!(verdict_for(&policy, ("AWS", ACCOUNT), &Access::new("kms:Decrypt", "key")), Verdict::Unsaid);
}

/// The same guide, "kms:RequestAlias": what counts is the alias by which the key is asked for.
#[test]
fn a_key_is_asked_for_by_an_alias() {
    let policy = read(&json!({
        "Effect": "Allow", "Action": "kms:Sign", "Resource": "arn:aws:kms:*:111122223333:key/*",
        "Condition": { "StringLike": { "kms:RequestAlias": "alias/project-*" } },
    }));
    let by_id = Access::new("kms:Sign", "arn:aws:kms:us-west-2:111122223333:key/1234abcd");
    let by = |alias: &str| verdict(&policy, &by_id.clone().with("kms:RequestAlias", &[alias]));
    assert_eq!((by("alias/project-alpha"), by("alias/other")), (Verdict::Allowed, Verdict::Unsaid));
    assert_eq!(verdict(&policy, &by_id), Verdict::Unsaid);
}

/// IAM User Guide, "Policy evaluation logic": an explicit deny wins, wherever it stands.
#[test]
fn a_deny_wins() {
    let allow = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    let deny =
        json!({ "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::productionbucket/*" });
    for policy in [read(&json!([allow, deny])), read(&json!([deny, allow]))] {
        let asked = |action, resource| verdict(&policy, &Access::new(action, resource));
        assert_eq!(asked("s3:GetObject", "arn:aws:s3:::productionbucket/a/b"), Verdict::Denied);
        assert_eq!(asked("s3:GetObject", "arn:aws:s3:::otherbucket/a"), Verdict::Allowed);
        assert_eq!(asked("s3:PutObject", "arn:aws:s3:::productionbucket/a"), Verdict::Allowed);
        assert_eq!(asked("sqs:SendMessage", "arn:aws:sqs:us-west-2:111122223333:q"), Verdict::Unsaid);
    }
}

/// IAM User Guide, "The confused deputy problem".
#[test]
fn a_service_takes_a_role_on_for_one_account() {
    let policy = read(&json!({
        "Effect": "Allow", "Principal": { "Service": "pipes.amazonaws.com" }, "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": { "aws:SourceAccount": "111122223333" },
            "ArnLike": { "aws:SourceArn": "arn:aws:pipes:us-east-1:111122223333:pipe/*" },
        },
    }));
    let asked = |account: &str| {
        let source = format!("arn:aws:pipes:us-east-1:{account}:pipe/p");
        let access = Access::new("sts:AssumeRole", "arn:aws:iam::111122223333:role/r");
        access.with("aws:SourceAccount", &[account]).with("aws:SourceArn", &[&source])
    };
    let pipes = ("Service", "pipes.amazonaws.com");
    assert_eq!(verdict_for(&policy, pipes, &asked("111122223333")), Verdict::Allowed);
    assert_eq!(verdict_for(&policy, pipes, &asked("444455556666")), Verdict::Unsaid);
    assert_eq!(
        verdict_for(&policy, ("Service", "lambda.amazonaws.com"), &asked("111122223333")),
        Verdict::Unsaid
    );
}

#[test]
fn wildcards_stand_for_any_text_and_for_one_character() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("a*c", "abbc", true),
        ("a*c", "abbd", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("*/*", "a/b/c", true),
        ("a", "ab", false),
    ] {
        assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
    }
}

#[test]
fn what_is_not_known_here_is_refused() {
    let statement = json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" });
    for (name, value) in [
        ("Effect", json!("allow")),
        ("NotAction", json!("s3:GetObject")),
        ("NotResource", json!("*")),
        ("NotPrincipal", json!("*")),
        ("Principal", json!({ "Federated": "accounts.google.com" })),
        ("Resource", json!("arn:aws:s3:::home/${aws:username}")),
        ("Condition", json!({ "StringEqualsIfExists": { "kms:RequestAlias": "a" } })),
        ("Condition", json!({ "ForAnyValue:StringEquals": { "kms:EncryptionContextKeys": "a" } })),
        ("Condition", json!({ "StringEquals": { "aws:PrincipalTag/team": "a" } })),
    ] {
        let mut changed = statement.clone();
        changed[name] = value;
        let policy = json!({ "Version": "2012-10-17", "Statement": [changed] });
        assert!(statements(&policy).is_err(), "{policy}");
    }
    assert!(statements(&json!({ "Version": "2008-10-17", "Statement": [statement] })).is_err());
    assert!(
        statements(
            &json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Resource": "*" }] })
        )
        .is_err()
    );
}

#[test]
fn a_statement_is_its_smallest_parts() {
    let policy = read(&json!({
        "Effect": "Allow", "Action": ["kms:Decrypt", "kms:Sign"], "Resource": ["a", "b"],
        "Condition": { "StringEquals": { "kms:EncryptionContext:table": ["x", "y"] } },
    }));
    let parts = policy[0].parts();
    assert_eq!(parts.len(), 8);
    for table in ["x", "y", "z"] {
        let access = Access::new("kms:Sign", "b").with("kms:EncryptionContext:table", &[table]);
        let about = parts.iter().filter(|part| part.is_about(&access)).count();
        assert_eq!(about, usize::from(table != "z"), "{table}");
    }
}
