//! The items of a Map.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::Map;
use sluice_asl::eval::EvalError;

use crate::decision::{Data, Decision, View, ViewedItem};
use crate::execution_state::Iterations;

/// The input of one item's iteration; `view` is the Map's, and `iterations` are its own.
pub(super) fn item_input(
    d: &Decision<'_>,
    view: &View,
    map: &Map,
    (index, item): (usize, &Arc<Value>),
    iterations: &Iterations,
) -> Result<Arc<Value>, EvalError> {
    let Some(selector) = &map.item_selector else {
        return Ok(item.clone());
    };
    let item = if iterations.keyed {
        ViewedItem::keyed(index, item)
    } else {
        ViewedItem::new(index, item.clone())
    };
    d.template(&view.with_item(item), selector, Data::input(&iterations.input))
        .map(Arc::new)
}
