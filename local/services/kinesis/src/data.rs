//! Records as producers send them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, de};
use sluice_streams::{HashKey, NewRecord};
use sluice_wire::Constraints;

use crate::KinesisError;

/// The most bytes of a record's data: what a stream takes unless it is told to take more.
/// See the [limits](https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html).
const MAX_DATA: usize = 1_048_576;

/// The bytes behind base64.
#[derive(Debug)]
pub(crate) struct Data(Vec<u8>);

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text.as_bytes());
        bytes
            .map(Self)
            .map_err(|error| de::Error::custom(format!("Data is not base64: {error}")))
    }
}

/// The members of a record.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct RecordEntry {
    data: Option<Data>,
    partition_key: Option<String>,
    explicit_hash_key: Option<String>,
}

impl RecordEntry {
    /// The record; its errors are collected. `at` is the place of its members in the request.
    pub(crate) fn checked(self, constraints: &mut Constraints, at: &str) -> NewRecord {
        let key = self.partition_key;
        let partition_key = constraints.text(&format!("{at}partitionKey"), key, 1..=256);
        let data = constraints.required(&format!("{at}data"), self.data.map(|Data(bytes)| bytes));
        let explicit_hash = self.explicit_hash_key.map(|text| {
            let hash = HashKey::parse(&text);
            let member = format!("{at}explicitHashKey");
            constraints.pattern(&member, &text, r"0|([1-9]\d{0,38})", hash.is_some());
            hash.unwrap_or(HashKey(0))
        });
        NewRecord {
            partition_key,
            explicit_hash,
            data: data.into(),
        }
    }
}

/// Refuses a record that is longer than the stream takes.
pub(crate) fn check_size(record: &NewRecord) -> Result<(), KinesisError> {
    if record.data.len() <= MAX_DATA {
        return Ok(());
    }
    Err(KinesisError::InvalidArgument(format!(
        "The data of a record has {} bytes; a stream takes at most {MAX_DATA}.",
        record.data.len()
    )))
}
