//! [PutRecords](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html)

use serde::{Deserialize, Serialize};
use sluice_streams::{NewRecord, PutResult, StreamsError};
use sluice_wire::Constraints;

use crate::data::{RecordEntry, check_size};
use crate::stream_ref::StreamRef;
use crate::{Kinesis, KinesisError, shard_id};

/// The most records of a request.
const MAX_RECORDS: usize = 500;
/// The most bytes of their data and partition keys.
const MAX_BYTES: usize = 10 << 20;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Request {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(rename = "Records")]
    records: Option<Vec<RecordEntry>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    failed_record_count: usize,
    records: Vec<RecordResult>,
    encryption_type: &'static str,
}

/// The end of one record.
#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "PascalCase")]
enum RecordResult {
    Put {
        sequence_number: String,
        shard_id: String,
    },
    Refused {
        error_code: &'static str,
        error_message: String,
    },
}

pub(crate) async fn call(kinesis: &Kinesis, request: Request) -> Result<Response, KinesisError> {
    let mut constraints = Constraints::default();
    request.stream.check(&mut constraints);
    let entries = constraints.required("records", request.records);
    constraints.count(
        "records",
        entries.len(),
        &format!("[{} records]", entries.len()),
        1..=MAX_RECORDS,
    );
    let records = entries.into_iter().take(MAX_RECORDS).enumerate();
    let records =
        records.map(|(index, entry)| entry.checked(&mut constraints, &format!("records.{}.member.", index + 1)));
    let records: Vec<NewRecord> = records.collect();
    constraints.finish()?;
    records.iter().try_for_each(check_size)?;
    if records.iter().map(NewRecord::bytes).sum::<usize>() > MAX_BYTES {
        let message = format!("The records of a request take at most {MAX_BYTES} bytes with their partition keys.");
        return Err(KinesisError::InvalidArgument(message));
    }
    let name = request.stream.name(kinesis)?;
    let outcomes = kinesis.put(&name, records).await?;
    let throttled = outcomes.iter().filter(|one| matches!(one, PutResult::Throttled { .. }));
    Ok(Response {
        failed_record_count: throttled.count(),
        records: outcomes
            .iter()
            .map(|outcome| kinesis.record_result(&name, *outcome))
            .collect(),
        encryption_type: "NONE",
    })
}

impl Kinesis {
    /// Puts records, or names the stream that is not there.
    pub(crate) async fn put(&self, name: &str, records: Vec<NewRecord>) -> Result<Vec<PutResult>, KinesisError> {
        match self.streams.put(name, records, self.account.now()).await {
            Ok(outcomes) => Ok(outcomes),
            Err(StreamsError::NoStream(name)) => Err(self.not_found(&name)),
            Err(error) => Err(error.into()),
        }
    }

    fn record_result(&self, name: &str, outcome: PutResult) -> RecordResult {
        match outcome {
            PutResult::Put(number) => RecordResult::Put {
                sequence_number: number.to_string(),
                shard_id: shard_id(number.shard()),
            },
            PutResult::Throttled { shard } => {
                let error = self.throttled(name, shard);
                RecordResult::Refused {
                    error_code: error.code(),
                    error_message: error.to_string(),
                }
            }
        }
    }

    /// The refusal of a record whose shard has taken enough for this second.
    pub(crate) fn throttled(&self, name: &str, shard: u32) -> KinesisError {
        KinesisError::Throughput {
            shard: shard_id(shard),
            name: name.to_owned(),
            account: self.account.id.clone(),
        }
    }
}
