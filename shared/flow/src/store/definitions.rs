//! The integrations table. Its key `pk` is the workspace; `sk` is `workspace` for the workspace's own definition and
//! `integration#{id}` for an integration. `owner.rs` adds the way back from an integration's id, `webhooks.rs` the endpoints
//! of webhooks.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnValuesOnConditionCheckFailure};

use super::item::{Attributes, Item, bytes, can_be_key, text};
use super::{Store, unavailable};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{IntegrationId, WorkspaceKey};

pub(super) const WORKSPACE: &str = "workspace";
pub(super) const INTEGRATION: &str = "integration#";

/// The size limit of a definition with its sealed secrets, in bytes. DynamoDB's limit for an item is 400 KiB.
const MAX_DEFINITION: usize = 380 * 1024;

/// A stored definition: its JSON and its sealed secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredDefinition {
    /// The key of the workspace or the integration.
    pub key: String,
    /// The definition as JSON, without its secrets.
    pub definition: String,
    /// What the team gave of it as JSON, if the rest comes from a connector.
    pub given: Option<String>,
    /// The sealed secrets.
    pub sealed: Option<Vec<u8>>,
}

impl Store {
    /// Reads a workspace, strongly consistent.
    pub async fn read_workspace(&self, workspace: &WorkspaceKey) -> Result<Option<StoredDefinition>> {
        self.read_definition(workspace.as_str(), WORKSPACE).await
    }

    /// Reads an integration by its id, strongly consistent.
    pub async fn read_integration(
        &self,
        workspace: &WorkspaceKey,
        id: &IntegrationId,
    ) -> Result<Option<StoredDefinition>> {
        self.read_definition(workspace.as_str(), &format!("{INTEGRATION}{id}")).await
    }

    /// Reads a workspace and one of its integrations in one request, strongly consistent.
    pub async fn read_workspace_and_integration(
        &self,
        workspace: &WorkspaceKey,
        id: &IntegrationId,
    ) -> Result<(Option<StoredDefinition>, Option<StoredDefinition>)> {
        if !can_be_key(workspace.as_str()) {
            return Ok((None, None));
        }
        let keys =
            [key(workspace.as_str(), WORKSPACE), key(workspace.as_str(), &format!("{INTEGRATION}{id}"))];
        let keys = KeysAndAttributes::builder()
            .set_keys(Some(keys.to_vec()))
            .consistent_read(true)
            .build()
            .map_err(Error::internal)?;
        let read = self.read_batch(&self.tables.integrations, keys, "BatchGetItem definitions").await?;
        let busy = || Error::new(ErrorKey::StorageUnavailable, "The database is busy. Please try again.");
        let (mut found_workspace, mut found_integration) = (None, None);
        for item in read.ok_or_else(busy)? {
            let stored = StoredDefinition::read(&item)?;
            match item.text("sk")? {
                WORKSPACE => found_workspace = Some(stored),
                _ => found_integration = Some(stored),
            }
        }
        Ok((found_workspace, found_integration))
    }

    /// The query for a partition's definitions of one kind, strongly consistent.
    pub(super) fn definitions_of(&self, pk: &str, kind: &str) -> QueryFluentBuilder {
        self.client()
            .query()
            .table_name(&self.tables.integrations)
            .key_condition_expression("pk = :pk AND begins_with(sk, :kind)")
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":kind", text(kind))
            .consistent_read(true)
    }

    /// Reads all integrations of a workspace, in the order of their ids.
    pub async fn list_integrations(&self, workspace: &WorkspaceKey) -> Result<Vec<StoredDefinition>> {
        self.list_definitions(workspace.as_str(), INTEGRATION, "Query integrations").await
    }

    /// Reads all of a partition's definitions of one kind, in the order of their ids. `operation` is its name in the log.
    pub(super) async fn list_definitions(
        &self,
        pk: &str,
        kind: &str,
        operation: &'static str,
    ) -> Result<Vec<StoredDefinition>> {
        let mut found = Vec::new();
        let mut from = None;
        loop {
            let query = self.definitions_of(pk, kind).set_exclusive_start_key(from);
            let page = self.query(&query, operation).await?;
            for item in page.items.unwrap_or_default() {
                found.push(StoredDefinition::read(&item)?);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(found);
            }
        }
    }

    /// Replaces the workspace's definition `before`. Returns false if another one was stored meanwhile.
    pub async fn put_workspace(
        &self,
        workspace: &WorkspaceKey,
        before: Option<&StoredDefinition>,
        stored: StoredDefinition,
    ) -> Result<bool> {
        self.put(workspace.as_str(), WORKSPACE, before, stored).await
    }

    /// Replaces the integration's definition `before`. Returns false if another one was stored meanwhile.
    pub async fn put_integration(
        &self,
        workspace: &WorkspaceKey,
        id: &IntegrationId,
        before: Option<&StoredDefinition>,
        stored: StoredDefinition,
    ) -> Result<bool> {
        self.put(workspace.as_str(), &format!("{INTEGRATION}{id}"), before, stored).await
    }

    /// Deletes the integration's definition `before`. Returns false if another one was stored meanwhile.
    pub async fn delete_integration(
        &self,
        workspace: &WorkspaceKey,
        id: &IntegrationId,
        before: &StoredDefinition,
    ) -> Result<bool> {
        self.delete(workspace.as_str(), &format!("{INTEGRATION}{id}"), before).await
    }

    /// Deletes the definition `before`. Returns false if another one was stored meanwhile. So an attempt that arrives late
    /// does not take away what was defined after it.
    pub(super) async fn delete(&self, pk: &str, sk: &str, before: &StoredDefinition) -> Result<bool> {
        let delete = self
            .client()
            .delete_item()
            .table_name(&self.tables.integrations)
            .set_key(Some(key(pk, sk)))
            .condition_expression("#definition = :definition")
            .expression_attribute_names("#definition", "definition")
            .expression_attribute_values(":definition", text(&before.definition))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match self.sent(|| delete.clone().send()).await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                // Without an item it is deleted: by somebody else, or by an attempt whose answer was lost.
                Some(DeleteItemError::ConditionalCheckFailedException(found)) => Ok(found.item().is_none()),
                _ => Err(unavailable("DeleteItem definition", &error)),
            },
        }
    }

    pub(super) async fn read_definition(&self, pk: &str, sk: &str) -> Result<Option<StoredDefinition>> {
        if !can_be_key(pk) {
            return Ok(None);
        }
        let get = self
            .client()
            .get_item()
            .table_name(&self.tables.integrations)
            .set_key(Some(key(pk, sk)))
            .consistent_read(true);
        let found = self
            .sent(|| get.clone().send())
            .await
            .map_err(|error| unavailable("GetItem definition", &error))?;
        found.item.map(|item| StoredDefinition::read(&item)).transpose()
    }

    /// Writes a definition if `before` is still stored: the new one keeps secrets of it, which must not be outdated.
    pub(super) async fn put(
        &self,
        pk: &str,
        sk: &str,
        before: Option<&StoredDefinition>,
        stored: StoredDefinition,
    ) -> Result<bool> {
        let mut put = self
            .client()
            .put_item()
            .table_name(&self.tables.integrations)
            .set_item(Some(stored.item(pk, sk)?))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match before {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(before) => {
                let sealed = before.sealed.as_ref().map(|sealed| bytes(sealed.clone()));
                let as_before = [
                    ("definition", Some(text(&before.definition))),
                    ("given", before.given.as_ref().map(text)),
                    ("sealed", sealed),
                ];
                let mut conditions = Vec::new();
                for (name, value) in as_before {
                    // `definition` is a reserved word of DynamoDB.
                    put = put.expression_attribute_names(format!("#{name}"), name);
                    match value {
                        Some(value) => {
                            put = put.expression_attribute_values(format!(":{name}"), value);
                            conditions.push(format!("#{name} = :{name}"));
                        }
                        None => conditions.push(format!("attribute_not_exists(#{name})")),
                    }
                }
                put.condition_expression(conditions.join(" AND "))
            }
        };
        match self.sent(|| put.clone().send()).await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                // Either another request was faster, or the SDK repeated a write whose answer was lost.
                Some(PutItemError::ConditionalCheckFailedException(found)) => {
                    let found = found.item().map(StoredDefinition::read).transpose()?;
                    Ok(found.is_some_and(|found| found == stored))
                }
                _ => Err(unavailable("PutItem definition", &error)),
            },
        }
    }
}

impl StoredDefinition {
    /// The item at this place. The size is checked here because a definition can be longer than in its request: `1e15` is
    /// written as 1000000000000000.0.
    pub(super) fn item(&self, pk: &str, sk: &str) -> Result<HashMap<String, AttributeValue>> {
        let given = self.given.as_ref().map_or(0, String::len);
        if self.definition.len() + given + self.sealed.as_ref().map_or(0, Vec::len) > MAX_DEFINITION {
            let message = "The definition is larger than 380 KiB when it is stored.";
            return Err(Error::new(ErrorKey::RequestTooLarge, message));
        }
        let mut item = key(pk, sk);
        item.insert("key".to_owned(), text(&self.key));
        item.insert("definition".to_owned(), text(&self.definition));
        item.extend(self.given.as_ref().map(|given| ("given".to_owned(), text(given))));
        item.extend(self.sealed.as_ref().map(|sealed| ("sealed".to_owned(), bytes(sealed.clone()))));
        Ok(item)
    }

    pub(super) fn read(item: &Attributes) -> Result<Self> {
        Ok(Self {
            key: item.text("key")?.to_owned(),
            definition: item.text("definition")?.to_owned(),
            given: item.opt_text("given").map(str::to_owned),
            sealed: item.opt_bytes("sealed").map(<[u8]>::to_vec),
        })
    }
}

pub(super) fn key(pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}
