//! The evaluations of a Map before its iterations.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::{Dynamic, ItemBatcher, Map, Template};
use sluice_asl::eval::EvalError;
use sluice_asl::serialized_len;

use super::start::Started;
use super::subject::SuspendedTest;
use crate::decision::{Data, ViewedItem, within_depth};
use crate::execution_state::Threshold;
use crate::limits::MAX_PAYLOAD;
use crate::states::map::batches_of;

/// The bytes that copies of a `BatchInput` may take.
const MAX_BATCHED: usize = 64 * 1024 * 1024;

impl SuspendedTest {
    pub(super) fn start_map(&mut self, map: &Map) -> Result<Started, EvalError> {
        let input = self.shown_input()?;
        let items = self.items(map, &input)?;
        self.limits(map, &input)?;
        if let Some(items) = items {
            self.iterations = self.count_iterations(map, &input, items)?;
        }
        Ok(Started::Gathers)
    }

    /// The items, unless they are a reader's and not given.
    fn items(&mut self, map: &Map, input: &Value) -> Result<Option<Vec<Value>>, EvalError> {
        if map.item_reader.is_some() {
            return Ok(self.test.read_items.take());
        }
        let items = map.evaluate_items(&self.scope(Data::input(input)))?.values;
        if !self.is_jsonata() {
            self.inspection.after_items_path = Some(Arc::new(Value::Array(items.clone())));
        }
        Ok(Some(items))
    }

    fn limits(&mut self, map: &Map, input: &Value) -> Result<(), EvalError> {
        let max_concurrency = match &map.max_concurrency {
            None => 0,
            Some(max) => max.evaluate(&self.scope(Data::input(input)))?,
        };
        self.inspection.max_concurrency = Some(max_concurrency);
        if let Some(count) = &map.tolerance.count {
            self.inspection.tolerated_failure_count = Some(count.evaluate(&self.scope(Data::input(input)))?);
        }
        if let Some(percentage) = &map.tolerance.percentage {
            let percentage = percentage.evaluate(&self.scope(Data::input(input)))?;
            self.inspection.tolerated_failure_percentage = Some(percentage);
        }
        Ok(())
    }

    /// Counts the iterations that there would be; the inspection shows the input of each: an item, what the ItemSelector
    /// makes of it, or a batch of these. Nothing is said of inputs that are together larger than a payload: they could
    /// not be shown, and need not fit into memory.
    fn count_iterations(&mut self, map: &Map, input: &Value, items: Vec<Value>) -> Result<Option<usize>, EvalError> {
        let count = items.len();
        let inputs = match &map.item_selector {
            None => items,
            Some(selector) => {
                let Some(selected) = self.selected(selector, input, items)? else {
                    return Ok(map.item_batcher.is_none().then_some(count));
                };
                self.inspection.after_item_selector = Some(Arc::new(Value::Array(selected.clone())));
                selected
            }
        };
        let Some(batcher) = &map.item_batcher else {
            return Ok(Some(count));
        };
        let Some(batches) = self.batches(batcher, input, inputs)? else {
            return Ok(None);
        };
        let count = batches.len();
        let batches = Value::Array(batches);
        if serialized_len(&batches) <= MAX_PAYLOAD {
            self.inspection.after_item_batcher = Some(Arc::new(batches));
        }
        Ok(Some(count))
    }

    fn selected(&self, selector: &Template, input: &Value, items: Vec<Value>) -> Result<Option<Vec<Value>>, EvalError> {
        let mut context = self.test.context.clone();
        let mut selected = Vec::new();
        let mut size = 0;
        for (index, item) in items.into_iter().enumerate() {
            if let Value::Object(members) = &mut context {
                members.insert("Map".to_owned(), ViewedItem::new(index, Arc::new(item)).context());
            }
            let value = within_depth(selector.evaluate(&self.scope_in(Data::input(input), &context))?)?;
            size += serialized_len(&value);
            if size > MAX_PAYLOAD {
                return Ok(None);
            }
            selected.push(value);
        }
        Ok(Some(selected))
    }

    fn batches(
        &self,
        batcher: &ItemBatcher,
        input: &Value,
        inputs: Vec<Value>,
    ) -> Result<Option<Vec<Value>>, EvalError> {
        let scope = self.scope(Data::input(input));
        let limit = |dynamic: &Option<Dynamic<u64>>| match dynamic {
            None => Ok(usize::MAX),
            Some(dynamic) => dynamic
                .evaluate(&scope)
                .map(|limit| usize::try_from(limit).unwrap_or(usize::MAX).max(1)),
        };
        let max_items = limit(&batcher.max_items)?;
        let max_bytes = limit(&batcher.max_bytes)?;
        let common = match &batcher.batch_input {
            Some(template) => Some(within_depth(template.evaluate(&scope)?)?),
            None => None,
        };
        // every batch holds a copy of what is common, and there may be as many batches as items
        let copies = common.as_ref().map_or(0, serialized_len).saturating_mul(inputs.len());
        if copies > MAX_BATCHED {
            return Ok(None);
        }
        let inputs: Vec<Arc<Value>> = inputs.into_iter().map(Arc::new).collect();
        let batches = batches_of(&inputs, common.as_ref(), max_items, max_bytes);
        let unshared = batches.into_iter().map(|batch| Arc::unwrap_or_clone(batch.input));
        Ok(Some(unshared.collect()))
    }

    /// Tells whether so many failed iterations are more than the Map says that it tolerates.
    pub(super) fn exceeds_tolerance(&self, failed: u64) -> bool {
        let threshold = Threshold {
            count: self.inspection.tolerated_failure_count,
            percentage: self.inspection.tolerated_failure_percentage,
        };
        let says = threshold.count.is_some() || threshold.percentage.is_some();
        let failed = usize::try_from(failed).unwrap_or(usize::MAX);
        says && threshold.exceeded(failed, self.iterations.unwrap_or(failed))
    }
}
