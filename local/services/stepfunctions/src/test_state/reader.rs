//! `mapItemReaderData`: what a Map's ItemReader would have read.
//! See [ItemReader](https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html).

use serde_json::Value;
use sluice_asl::{State, StateKind};
use sluice_wire::ApiError;

use crate::StatesError;

/// The items that were read.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Read {
    /// `None`: nothing was given, or it is in a format whose items are not looked at (CSV, manifests, Parquet).
    pub(super) items: Option<Vec<Value>>,
    /// The value that `ItemsPointer` selects, if the reader has one.
    pub(super) pointed: Option<Value>,
}

/// # Errors
/// `ValidationException` when the data are not what the reader's `InputType` says.
pub(super) fn read(state: &State, data: Option<&str>) -> Result<Read, StatesError> {
    let (StateKind::Map(map), Some(data)) = (&state.kind, data) else {
        return Ok(Read::default());
    };
    let Some(reader) = &map.item_reader else {
        return Ok(Read::default());
    };
    let config = reader.get("ReaderConfig").unwrap_or(&Value::Null);
    let mut read = match config.get("InputType").and_then(Value::as_str) {
        None | Some("JSON") => json(data, config.get("ItemsPointer").and_then(Value::as_str))?,
        Some("JSONL") => Read {
            items: Some(json_lines(data)?),
            pointed: None,
        },
        Some(_) => Read::default(),
    };
    if let (Some(items), Some(most)) = (&mut read.items, config.get("MaxItems").and_then(Value::as_u64)) {
        items.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    }
    Ok(read)
}

fn json(data: &str, pointer: Option<&str>) -> Result<Read, StatesError> {
    let value: Value = serde_json::from_str(data).map_err(|_| invalid("Map item reader data must be valid JSON"))?;
    let Some(pointer) = pointer else {
        return Ok(Read {
            items: array(value),
            pointed: None,
        });
    };
    match value.pointer(pointer) {
        Some(pointed) => Ok(Read {
            items: array(pointed.clone()),
            pointed: Some(pointed.clone()),
        }),
        None => Err(invalid(&format!(
            "The ItemsPointer '{pointer}' finds nothing in the map item reader data"
        ))),
    }
}

fn array(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => Some(items),
        _ => None,
    }
}

fn json_lines(data: &str) -> Result<Vec<Value>, StatesError> {
    let lines = data.lines().filter(|line| !line.trim().is_empty());
    let items: Result<Vec<Value>, _> = lines.map(serde_json::from_str).collect();
    items.map_err(|_| invalid("Map item reader data must be valid JSON Lines"))
}

fn invalid(message: &str) -> StatesError {
    ApiError::validation(message).into()
}
