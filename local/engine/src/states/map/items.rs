//! The items of a Map.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::Map;
use sluice_asl::eval::EvalError;

use crate::decision::{Data, Decision, View};

/// The input of one item's iteration; `view` is the Map's, and `input` the one that its fields read.
pub(super) fn item_input(
    d: &Decision<'_>,
    view: &View,
    map: &Map,
    (index, item): (usize, &Arc<Value>),
    input: &Value,
) -> Result<Arc<Value>, EvalError> {
    let Some(selector) = &map.item_selector else {
        return Ok(item.clone());
    };
    d.template(&view.with_item(index, item.clone()), selector, Data::input(input))
        .map(Arc::new)
}
