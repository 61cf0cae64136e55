//! Shards as the API shows them.

use serde_json::{Value, json};
use sluice_streams::Shard;

use super::KinesisError;
use crate::endpoint::Constraints;

const PREFIX: &str = "shardId-";

/// `shardId-000000000007`.
pub(crate) fn shard_id(number: u32) -> String {
    format!("{PREFIX}{number:012}")
}

/// The number in a shard's id. An id of another form is that of no shard here.
pub(super) fn number(id: &str) -> Option<u32> {
    let digits = id.strip_prefix(PREFIX)?;
    let number = digits.parse().ok()?;
    (shard_id(number) == id).then_some(number)
}

pub(super) fn shown(shard: &Shard) -> Value {
    json!({
        "ShardId": shard_id(shard.number),
        "HashKeyRange": {
            "StartingHashKey": shard.range.start.to_string(),
            "EndingHashKey": shard.range.end.to_string(),
        },
        "SequenceNumberRange": { "StartingSequenceNumber": shard.starting_sequence_number().to_string() },
    })
}

pub(super) fn check_id(constraints: &mut Constraints, member: &str, id: &str) {
    constraints.text(member, Some(id.to_owned()), 1..=128);
    let plain = id.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    constraints.pattern(member, id, "[a-zA-Z0-9_.-]+", plain);
}

/// The shards behind one, which need not exist.
pub(super) fn behind<'a>(shards: &'a [Shard], after: Option<&str>) -> Result<&'a [Shard], KinesisError> {
    let Some(after) = after else { return Ok(shards) };
    let after = number(after)
        .ok_or_else(|| KinesisError::InvalidArgument(format!("{after} is not the id of a shard of this stream.")))?;
    let first = (after as usize).saturating_add(1).min(shards.len());
    Ok(&shards[first..])
}
