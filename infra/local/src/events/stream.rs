//! The stream of a table of the embedded DynamoDB.

use dynoxide::Database as Dynoxide;
use dynoxide::actions::describe_stream::DescribeStreamRequest;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::actions::list_streams::ListStreamsRequest;
use serde_json::Value;

use crate::Problem;

/// A reader of one table's stream, which knows how far it has come.
pub struct Stream {
    dynoxide: Dynoxide,
    iterator: String,
}

impl Stream {
    /// Begins after the last existing record.
    pub(crate) fn open(dynoxide: Dynoxide, table: &str) -> Result<Self, Problem> {
        let request = ListStreamsRequest { table_name: Some(table.to_owned()), ..Default::default() };
        let stream = dynoxide.list_streams(request)?.streams.into_iter().next();
        let stream_arn = stream.ok_or_else(|| no_stream(table))?.stream_arn;
        let request = DescribeStreamRequest { stream_arn: stream_arn.clone(), ..Default::default() };
        // The embedded database has one shard for each table.
        let shard = dynoxide.describe_stream(request)?.stream_description.shards.into_iter().next();
        let iterator = dynoxide.get_shard_iterator(GetShardIteratorRequest {
            stream_arn,
            shard_id: shard.ok_or("a stream has no shard")?.shard_id,
            shard_iterator_type: "LATEST".to_owned(),
            sequence_number: None,
        })?;
        Ok(Self { dynoxide, iterator: iterator.shard_iterator.ok_or("a shard has no iterator")? })
    }

    /// The records since the last read, as DynamoDB's JSON.
    pub fn read(&mut self) -> Result<Vec<Value>, Problem> {
        let request = GetRecordsRequest { shard_iterator: self.iterator.clone(), limit: None };
        let answer = self.dynoxide.get_records(request)?;
        if let Some(next) = answer.next_shard_iterator {
            self.iterator = next;
        }
        Ok(answer.records.iter().map(serde_json::to_value).collect::<Result<_, _>>()?)
    }
}

fn no_stream(table: &str) -> String {
    format!("The table {table} has no stream: an earlier version made it. Choose another --data-dir.")
}
