//! Many items by their keys, in one request.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use aws_sdk_dynamodb::types::builders::KeysAndAttributesBuilder;

use super::item::Attributes;
use super::transient::{PATIENCE, PAUSE};
use super::{Store, unavailable};
use protocol::backoff::Backoff;
use protocol::error::Result;

/// The number of items that one `BatchGet` reads. DynamoDB takes no more.
pub(super) const MOST_IN_BATCH: usize = 100;

/// Reads these attributes and no others.
pub(super) fn projected<const N: usize>(names: [&str; N]) -> KeysAndAttributesBuilder {
    let names = names.map(|name| (format!("#{name}"), name.to_owned()));
    let projection = names.iter().map(|(alias, _)| alias.as_str()).collect::<Vec<_>>().join(", ");
    KeysAndAttributes::builder()
        .projection_expression(projection)
        .set_expression_attribute_names(Some(HashMap::from(names)))
}

impl Store {
    /// Reads the items of a table that `keys` names, in no order. What a busy table did not read is asked for again. Returns
    /// nothing if it is too busy for all of them.
    pub(super) async fn read_batch(
        &self,
        table: &str,
        keys: KeysAndAttributes,
        operation: &'static str,
    ) -> Result<Option<Vec<Attributes>>> {
        let (mut left, mut found) = (Some(keys), Vec::new());
        let mut backoff = Backoff::new(&*self.clock, &*self.random, PAUSE, self.clock.now() + PATIENCE);
        while let Some(keys) = left.take() {
            let read = self.client().batch_get_item().request_items(table, keys);
            let page =
                self.sent(|| read.clone().send()).await.map_err(|error| unavailable(operation, &error))?;
            found.extend(page.responses.into_iter().flatten().flat_map(|(_, items)| items));
            left = page.unprocessed_keys.unwrap_or_default().remove(table);
            if left.is_some() && backoff.wait().await.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(found))
    }
}
