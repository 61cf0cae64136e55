//! The inputs of a distributed Map's children: items, or batches of them.

use std::sync::Arc;

use serde_json::{Map as Object, Value};
use sluice_asl::definition::{Dynamic, ItemBatcher, Map};
use sluice_asl::eval::{ErrorName, EvalError};
use sluice_asl::serialized_len;

use super::items::item_input;
use crate::decision::{Data, Decision, View, dynamic_reads_context};
use crate::execution_state::Iterations;

/// The most bytes of the inputs of all children of a Map Run: they are in memory together.
const MAX_RUN_INPUT: usize = 256 << 20;

/// A distributed Map's children before they start.
pub(crate) struct Batch {
    pub(crate) input: Arc<Value>,
    /// The number of its items.
    pub(super) weight: usize,
}

/// The inputs of a distributed Map's children.
pub(super) fn batches(
    d: &Decision<'_>,
    view: &View,
    map: &Map,
    iterations: &Iterations,
) -> Result<Vec<Batch>, EvalError> {
    let mut inputs = Vec::with_capacity(iterations.items.len());
    let mut bytes = 0;
    for item in iterations.items.iter().enumerate() {
        let input = item_input(d, view, map, item, iterations)?;
        bytes += serialized_len(&input);
        if bytes > MAX_RUN_INPUT {
            return Err(EvalError {
                name: ErrorName::DataLimitExceeded,
                cause: format!("The inputs of the Map Run's child executions exceed {MAX_RUN_INPUT} bytes."),
                location: None,
            });
        }
        inputs.push(input);
    }
    match &map.item_batcher {
        None => Ok(inputs.into_iter().map(|input| Batch { input, weight: 1 }).collect()),
        Some(batcher) => in_batches(d, view, batcher, &inputs),
    }
}

fn in_batches(
    d: &Decision<'_>,
    view: &View,
    batcher: &ItemBatcher,
    inputs: &[Arc<Value>],
) -> Result<Vec<Batch>, EvalError> {
    let state_input = d.state_input(view)?;
    let data = Data::input(&state_input);
    let limit = |dynamic: &Option<Dynamic<u64>>| match dynamic {
        None => Ok(usize::MAX),
        Some(dynamic) => d
            .evaluate(view, data, dynamic_reads_context(dynamic), |scope| {
                dynamic.evaluate(scope)
            })
            .map(|limit| usize::try_from(limit).unwrap_or(usize::MAX).max(1)),
    };
    let max_items = limit(&batcher.max_items)?;
    let max_bytes = limit(&batcher.max_bytes)?;
    let common = match &batcher.batch_input {
        Some(template) => Some(d.template(view, template, data)?),
        None => None,
    };
    Ok(batches_of(inputs, common.as_ref(), max_items, max_bytes))
}

/// The inputs in batches of at most so many items and bytes; an item that is too long has a batch of its own.
pub(crate) fn batches_of(
    inputs: &[Arc<Value>],
    common: Option<&Value>,
    max_items: usize,
    max_bytes: usize,
) -> Vec<Batch> {
    let frame = serialized_len(&batch_input(common, Vec::new()));
    let mut batches = Vec::new();
    let mut items: Vec<Value> = Vec::new();
    let mut bytes = frame;
    for input in inputs {
        // one more for the comma
        let more = serialized_len(input) + 1;
        if !items.is_empty() && (items.len() >= max_items || bytes.saturating_add(more) > max_bytes) {
            batches.push(batch(common, std::mem::take(&mut items)));
            bytes = frame;
        }
        items.push((**input).clone());
        bytes += more;
    }
    if !items.is_empty() {
        batches.push(batch(common, items));
    }
    batches
}

fn batch(common: Option<&Value>, items: Vec<Value>) -> Batch {
    let weight = items.len();
    Batch {
        input: Arc::new(batch_input(common, items)),
        weight,
    }
}

fn batch_input(common: Option<&Value>, items: Vec<Value>) -> Value {
    let mut input = Object::new();
    if let Some(common) = common {
        input.insert("BatchInput".to_owned(), common.clone());
    }
    input.insert("Items".to_owned(), Value::Array(items));
    Value::Object(input)
}
