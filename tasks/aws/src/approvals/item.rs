//! Attributes of items, to and from Sluice's types.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, SecondsFormat};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::CallError;

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(super) fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn json(action: &'static str, value: &impl Serialize) -> Result<AttributeValue, CallError> {
    serde_json::to_string(value)
        .map(AttributeValue::S)
        .map_err(|error| CallError::unreadable(action, error.to_string()))
}

/// ISO 8601, UTC, always with milliseconds, so that text order is time order.
pub(super) fn time(at_ms: i64) -> String {
    DateTime::from_timestamp_millis(at_ms)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The item's text of this name, if there is one.
pub(super) fn optional_string<'a>(row: &'a Item, name: &str) -> Option<&'a str> {
    row.get(name)?.as_s().ok().map(String::as_str)
}

/// The item's number of this name, if there is one.
pub(super) fn integer(row: &Item, name: &str) -> Option<i64> {
    row.get(name)?.as_n().ok()?.parse().ok()
}

/// The item's count of this name; none counts as nothing.
pub(super) fn count(row: &Item, name: &str) -> u64 {
    integer(row, name)
        .and_then(|value| u64::try_from(value).ok())
        .unwrap_or(0)
}

pub(super) fn flag(row: &Item, name: &str) -> bool {
    row.get(name)
        .and_then(|value| value.as_bool().ok())
        .copied()
        .unwrap_or(false)
}

pub(super) fn string(action: &'static str, row: &Item, name: &str) -> Result<String, CallError> {
    optional_string(row, name)
        .map(str::to_owned)
        .ok_or_else(|| unusable(action, row, name))
}

pub(super) fn parsed<T: DeserializeOwned>(action: &'static str, row: &Item, name: &str) -> Result<T, CallError> {
    let text = string(action, row, name)?;
    serde_json::from_str(&text).map_err(|_| unusable(action, row, name))
}

pub(super) fn unusable(action: &'static str, row: &Item, name: &str) -> CallError {
    let id = optional_string(row, "id").or_else(|| optional_string(row, "approval_id"));
    CallError::unreadable(
        action,
        format!(
            "item {} has no usable {name}: was it edited by hand?",
            id.unwrap_or("?")
        ),
    )
}
