//! The stream of the embedded database, where it is in the way.

use aws_sdk_dynamodb::types::StreamSpecification;
use linkspan_local::database::Database;

/// Switches the stream of the connections off. For each write, the embedded database searches the whole stream for
/// its next number, so many writes take very long. Writes to `DynamoDB` cost the same with a stream and without.
pub async fn switch_off(database: &Database) {
    let off = StreamSpecification::builder().stream_enabled(false).build().unwrap();
    let update = database.client.update_table().table_name(&database.tables.connections);
    update.stream_specification(off).send().await.unwrap();
}
