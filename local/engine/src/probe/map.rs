//! What a Map evaluates before its iterations.

use std::sync::Arc;

use serde_json::{Value, json};
use sluice_asl::definition::{ItemBatcher, Map, Template};
use sluice_asl::eval::EvalError;

use super::Trial;
use super::begin::Begun;
use crate::decide::Data;
use crate::life::Threshold;
use crate::state::map::batches_of;

impl Trial {
    pub(super) fn start_map(&mut self, map: &Map) -> Result<Begun, EvalError> {
        let input = self.shown_input()?;
        let items = self.items(map, &input)?;
        self.limits(map, &input)?;
        if let Some(items) = items {
            let inputs = self.iteration_inputs(map, &input, items)?;
            self.iterations = Some(inputs.len());
        }
        Ok(Begun::Gathers)
    }

    /// The items, unless they are a reader's and not given.
    fn items(&mut self, map: &Map, input: &Value) -> Result<Option<Vec<Value>>, EvalError> {
        if map.item_reader.is_some() {
            return Ok(self.probe.read_items.take());
        }
        let items = map.evaluate_items(&self.scope(Data::input(input)))?;
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

    /// What each iteration gets: an item, what the ItemSelector makes of it, or a batch of these.
    fn iteration_inputs(&mut self, map: &Map, input: &Value, items: Vec<Value>) -> Result<Vec<Value>, EvalError> {
        let inputs = match &map.item_selector {
            None => items,
            Some(selector) => {
                let selected = self.selected(selector, input, items)?;
                self.inspection.after_item_selector = Some(Arc::new(Value::Array(selected.clone())));
                selected
            }
        };
        let Some(batcher) = &map.item_batcher else {
            return Ok(inputs);
        };
        let batches = self.batches(batcher, input, inputs)?;
        self.inspection.after_item_batcher = Some(Arc::new(Value::Array(batches.clone())));
        Ok(batches)
    }

    fn selected(&self, selector: &Template, input: &Value, items: Vec<Value>) -> Result<Vec<Value>, EvalError> {
        let select = |(index, item): (usize, Value)| {
            let mut context = self.probe.context.clone();
            if let Value::Object(members) = &mut context {
                members.insert("Map".to_owned(), json!({ "Item": { "Index": index, "Value": item } }));
            }
            selector.evaluate(&self.scope_in(Data::input(input), &context))
        };
        items.into_iter().enumerate().map(select).collect()
    }

    fn batches(&self, batcher: &ItemBatcher, input: &Value, inputs: Vec<Value>) -> Result<Vec<Value>, EvalError> {
        let scope = self.scope(Data::input(input));
        let limit = |dynamic: &Option<_>| match dynamic {
            None => Ok(usize::MAX),
            Some(dynamic) => {
                let dynamic: &sluice_asl::definition::Dynamic<u64> = dynamic;
                dynamic
                    .evaluate(&scope)
                    .map(|limit| usize::try_from(limit).unwrap_or(usize::MAX).max(1))
            }
        };
        let max_items = limit(&batcher.max_items)?;
        let max_bytes = limit(&batcher.max_bytes)?;
        let common = match &batcher.batch_input {
            Some(template) => Some(template.evaluate(&scope)?),
            None => None,
        };
        let inputs: Vec<Arc<Value>> = inputs.into_iter().map(Arc::new).collect();
        let batches = batches_of(&inputs, common.as_ref(), max_items, max_bytes);
        Ok(batches.into_iter().map(|batch| Arc::unwrap_or_clone(batch.input)).collect())
    }

    /// Whether so many failed iterations are more than the Map says that it tolerates.
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
