//! What AWS authorizes a request for: its actions, and what it asks them of. Of a transaction it is what is inside it.

use serde_json::Value;

use super::policy::Access;
use crate::cloudformation::arn;
use crate::wire::AwsRequest;

/// What a request to DynamoDB, KMS or Secrets Manager asks for.
///
/// # Errors
///
/// Says which operation is not known here.
pub fn asked(request: &AwsRequest) -> Result<Vec<Access>, String> {
    let body = &request.body;
    match (request.service.as_str(), request.operation.as_str()) {
        ("dynamodb", "TransactWriteItems" | "TransactGetItems") => inside(body),
        ("dynamodb", operation @ ("BatchGetItem" | "BatchWriteItem")) => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            Ok(tables.map(|(table, of)| on_table(operation, table, of)).collect())
        }
        ("dynamodb", operation @ ("GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" | "Query")) => {
            Ok(vec![on_table(operation, text(&body["TableName"]), body)])
        }
        ("kms", operation @ ("GenerateDataKey" | "Decrypt" | "Sign")) => Ok(vec![of_key(operation, body)]),
        ("secretsmanager", "GetSecretValue") => {
            Ok(vec![Access::new("secretsmanager:GetSecretValue", text(&body["SecretId"]))])
        }
        (service, operation) => Err(format!("an operation that is not known here: {service}:{operation}")),
    }
}

fn inside(body: &Value) -> Result<Vec<Access>, String> {
    let items = body["TransactItems"].as_array().into_iter().flatten();
    let item = |item: &Value| {
        let (kind, of) = item.as_object().and_then(|item| item.iter().next()).ok_or("an empty item")?;
        let operation = match kind.as_str() {
            kind @ ("Get" | "Put" | "Update" | "Delete" | "ConditionCheck") => format!("{kind}Item"),
            other => return Err(format!("a part of a transaction that is not known here: {other}")),
        };
        Ok(on_table(&operation, text(&of["TableName"]), of))
    };
    items.map(item).collect()
}

fn on_table(operation: &str, table: &str, of: &Value) -> Access {
    let mut resource = arn("dynamodb", &format!("table/{table}"));
    if let Some(index) = of["IndexName"].as_str() {
        resource = format!("{resource}/index/{index}");
    }
    let access = Access::new(&format!("dynamodb:{operation}"), &resource);
    let keys = leading_keys(of);
    if keys.is_empty() { access } else { access.with("dynamodb:LeadingKeys", &keys) }
}

/// The partition keys that a request names. Those of a query stand in its condition, which begins with them.
fn leading_keys(of: &Value) -> Vec<&str> {
    if let Some(condition) = of["KeyConditionExpression"].as_str() {
        let name = condition.split_whitespace().find(|word| word.starts_with(':'));
        return name
            .and_then(|name| of["ExpressionAttributeValues"][name]["S"].as_str())
            .into_iter()
            .collect();
    }
    let one = [&of["Key"], &of["Item"]].into_iter();
    let keys = one.chain(of["Keys"].as_array().into_iter().flatten());
    keys.filter_map(|key| key["pk"]["S"].as_str()).collect()
}

fn of_key(operation: &str, body: &Value) -> Access {
    let id = text(&body["KeyId"]);
    let mut access = Access::new(&format!("kms:{operation}"), id);
    if id.starts_with("alias/") {
        SIGNING_KEY.clone_into(&mut access.resource);
        access = access.with("kms:RequestAlias", &[id]);
    }
    let pairs: Vec<(&str, &str)> = body["EncryptionContext"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), text(value)))
        .collect();
    in_context(access, &pairs)
}

/// The same, in an encryption context.
pub(super) fn in_context(access: Access, pairs: &[(&str, &str)]) -> Access {
    if pairs.is_empty() {
        return access;
    }
    let names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
    pairs.iter().fold(access.with("kms:EncryptionContextKeys", &names), |access, (name, value)| {
        access.with(&format!("kms:EncryptionContext:{name}"), &[value])
    })
}

/// The key that every alias of the tests leads to.
pub const SIGNING_KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/signing";

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
