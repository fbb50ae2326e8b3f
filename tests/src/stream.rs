//! The stream of the embedded database, where it is in the way.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::StreamSpecification;
use linkspan_local::database::Database;

/// Switches the stream of the connections off. For each write, the embedded database searches the whole stream for
/// its next number, so many writes take very long. Writes to `DynamoDB` cost the same with a stream and without.
pub async fn switch_off(database: &Database) {
    switch_off_of(&database.client, &database.tables.connections).await;
}

/// The same for the table of this name, in a database elsewhere.
pub async fn switch_off_of(client: &Client, table: &str) {
    let off = StreamSpecification::builder().stream_enabled(false).build().unwrap();
    client.update_table().table_name(table).stream_specification(off).send().await.unwrap();
}
