//! The endpoints of webhooks: definitions in the integrations table, each workspace's in a partition of its own, under
//! `webhook#{id}`. So whoever sends to them reads no other definition.
//!
//! Beside them stands how many they are. It changes in the transactions that make and delete one, and nowhere else: so those
//! that come at once make no more than there may be.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};

use super::Store;
use super::definitions::{StoredDefinition, key};
use super::endpoint_state::{STATE, state_ends, state_of};
use super::item::{number, text};
use super::transact::{Attempts, Next, Transacted, transact_write_item};
use super::transient::PATIENCE;
use protocol::error::{Error, Result};
use protocol::id::WorkspaceKey;
use protocol::random::draw_id;

const WEBHOOK: &str = "webhook#";

/// The sort key of the item that counts them.
const COUNT: &str = "count";

/// A write of a transaction.
#[derive(PartialEq, Eq)]
enum Part {
    Endpoint,
    Count,
    State,
}

impl Store {
    /// Reads an endpoint by its id, strongly consistent.
    pub async fn read_webhook(&self, workspace: &WorkspaceKey, id: &str) -> Result<Option<StoredDefinition>> {
        self.read_definition(&partition(workspace), &sk(id)).await
    }

    /// Reads all endpoints of a workspace, in the order of their ids, strongly consistent.
    pub async fn list_webhooks(&self, workspace: &WorkspaceKey) -> Result<Vec<StoredDefinition>> {
        self.list_definitions(&partition(workspace), WEBHOOK, "Query webhooks").await
    }

    /// Stores a new endpoint, whose id is fresh randomness. Returns false if the workspace has `most` already.
    pub async fn make_webhook(
        &self,
        workspace: &WorkspaceKey,
        stored: &StoredDefinition,
        most: usize,
    ) -> Result<bool> {
        let pk = partition(workspace);
        let most = i64::try_from(most).map_err(Error::internal)?;
        let writes = |(): &()| {
            let put = Put::builder()
                .table_name(&self.tables.integrations)
                .set_item(Some(stored.item(&pk, &sk(&stored.key))?))
                .condition_expression("attribute_not_exists(pk)")
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .build()
                .map_err(Error::internal)?;
            let count = self
                .counted(&pk, 1)
                .condition_expression("attribute_not_exists(#count) OR #count < :most")
                .expression_attribute_values(":most", number(most));
            let put = TransactWriteItem::builder().put(put).build();
            Ok(vec![(Part::Endpoint, put), (Part::Count, transact_write_item(count)?)])
        };
        let token = draw_id(&*self.random);
        let attempts = Attempts { token: &token, deadline: self.clock.now() + PATIENCE };
        // One that is there is this one: the answer was lost.
        let made =
            self.transact(&attempts, (), writes, |(), failed| Next::Decided(failed.has(&Part::Endpoint)));
        Ok(match made.await? {
            Transacted::Written(()) => true,
            Transacted::Decided(is_there) => is_there,
        })
    }

    /// Replaces the endpoint `before`. Returns false if another one was stored meanwhile.
    pub async fn put_webhook(
        &self,
        workspace: &WorkspaceKey,
        before: &StoredDefinition,
        stored: StoredDefinition,
    ) -> Result<bool> {
        let sk = sk(&stored.key);
        self.put(&partition(workspace), &sk, Some(before), stored).await
    }

    /// Deletes the endpoint `before`, and some time also what it has answered. Returns false if another one was stored meanwhile.
    pub async fn delete_webhook(&self, workspace: &WorkspaceKey, before: &StoredDefinition) -> Result<bool> {
        let pk = partition(workspace);
        let ends_at = state_ends(self.clock.now());
        let writes = |(): &()| {
            let delete = Delete::builder()
                .table_name(&self.tables.integrations)
                .set_key(Some(key(&pk, &sk(&before.key))))
                .condition_expression("#definition = :definition")
                .expression_attribute_names("#definition", "definition")
                .expression_attribute_values(":definition", text(&before.definition))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .build()
                .map_err(Error::internal)?;
            let delete = TransactWriteItem::builder().delete(delete).build();
            let ends = Update::builder()
                .table_name(&self.tables.schedule)
                .set_key(Some(key(&state_of(&before.key), STATE)))
                .update_expression("SET #ttl = :ttl")
                .expression_attribute_names("#ttl", "ttl")
                .expression_attribute_values(":ttl", number(ends_at));
            Ok(vec![
                (Part::Endpoint, delete),
                (Part::Count, transact_write_item(self.counted(&pk, -1))?),
                (Part::State, transact_write_item(ends)?),
            ])
        };
        let token = draw_id(&*self.random);
        let attempts = Attempts { token: &token, deadline: self.clock.now() + PATIENCE };
        let deleted = self.transact(&attempts, (), writes, |(), failed| {
            // Without an item it is deleted: by somebody else, or by an attempt whose answer was lost.
            Next::Decided(failed.found(&Part::Endpoint).is_some_and(|found| found.item().is_none()))
        });
        Ok(match deleted.await? {
            Transacted::Written(()) => true,
            Transacted::Decided(is_gone) => is_gone,
        })
    }

    /// Adds to the number of a partition's endpoints.
    fn counted(&self, pk: &str, by: i64) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.tables.integrations)
            .set_key(Some(key(pk, COUNT)))
            .update_expression("ADD #count :by")
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_values(":by", number(by))
    }
}

/// The partition of a workspace's endpoints, which is no workspace's key.
fn partition(workspace: &WorkspaceKey) -> String {
    format!("webhooks#{workspace}")
}

fn sk(id: &str) -> String {
    format!("{WEBHOOK}{id}")
}
