//! Shards in requests and responses.

use serde::Serialize;
use sluice_streams::Shard;
use sluice_wire::Constraints;

use crate::KinesisError;

const PREFIX: &str = "shardId-";

/// The id of the shard with this number: `shardId-000000000007`.
pub fn shard_id(number: u32) -> String {
    format!("{PREFIX}{number:012}")
}

/// The number in a shard's id. An id of another form is that of no shard here.
pub(crate) fn number(id: &str) -> Option<u32> {
    let digits = id.strip_prefix(PREFIX)?;
    let number = digits.parse().ok()?;
    (shard_id(number) == id).then_some(number)
}

/// A shard in a response.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ShardDescription {
    shard_id: String,
    hash_key_range: HashKeyRange,
    sequence_number_range: SequenceNumberRange,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct HashKeyRange {
    starting_hash_key: String,
    ending_hash_key: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SequenceNumberRange {
    starting_sequence_number: String,
}

impl From<&Shard> for ShardDescription {
    fn from(shard: &Shard) -> Self {
        Self {
            shard_id: shard_id(shard.number),
            hash_key_range: HashKeyRange {
                starting_hash_key: shard.range.start.to_string(),
                ending_hash_key: shard.range.end.to_string(),
            },
            sequence_number_range: SequenceNumberRange {
                starting_sequence_number: shard.starting_sequence_number().to_string(),
            },
        }
    }
}

pub(crate) fn check_id(constraints: &mut Constraints, member: &str, id: &str) {
    constraints.text(member, Some(id.to_owned()), 1..=128);
    let plain = id.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    constraints.pattern(member, id, "[a-zA-Z0-9_.-]+", plain);
}

/// The shards after one, which need not exist.
pub(crate) fn shards_after<'a>(shards: &'a [Shard], after: Option<&str>) -> Result<&'a [Shard], KinesisError> {
    let Some(after) = after else { return Ok(shards) };
    let after = number(after)
        .ok_or_else(|| KinesisError::InvalidArgument(format!("{after} is not the id of a shard of this stream.")))?;
    let first = (after as usize).saturating_add(1).min(shards.len());
    Ok(&shards[first..])
}
