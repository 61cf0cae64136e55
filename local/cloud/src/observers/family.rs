//! The metrics of one namespace by one dimension.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use sluice_metrics::{SeriesNumber, Timestamp, Unit};

use sluice_cloudwatch::Metrics;

/// A value of one of the family's metrics.
pub(crate) type Sample = (&'static str, Unit, f64);

/// Records metrics that differ in one dimension, whose numbers it remembers: recording is a look-up and an addition.
pub(crate) struct Family {
    metrics: Arc<Metrics>,
    namespace: &'static str,
    /// None: the account as a whole.
    dimension: Option<&'static str>,
    /// By the dimension's value. A family has a dozen names at most: looking through them is faster than hashing one.
    known: Mutex<HashMap<String, Vec<(&'static str, SeriesNumber)>>>,
}

impl Family {
    pub(crate) fn new(metrics: &Arc<Metrics>, namespace: &'static str, dimension: Option<&'static str>) -> Self {
        Self {
            metrics: Arc::clone(metrics),
            namespace,
            dimension,
            known: Mutex::default(),
        }
    }

    /// Records values of the metrics with this value of the dimension.
    pub(crate) fn record(&self, value: &str, samples: &[Sample], at: Timestamp) {
        let mut known = self.known.lock();
        if !known.contains_key(value) {
            known.insert(value.to_owned(), Vec::new());
        }
        let Some(known) = known.get_mut(value) else { return };
        for (name, unit, _) in samples {
            if number_in(known, name).is_none()
                && let Some(number) = self.number(value, name, *unit)
            {
                known.push((name, number));
            }
        }
        let numbered = samples
            .iter()
            .filter_map(|(name, _, sample)| Some((number_in(known, name)?, *sample)));
        self.metrics.record_all(numbered, at);
    }

    fn number(&self, value: &str, name: &str, unit: Unit) -> Option<SeriesNumber> {
        let dimension = self.dimension.map(|dimension| (dimension, value));
        self.metrics.series(self.namespace, name, dimension.as_slice(), unit)
    }
}

/// The names are constants, so that one is mostly found by its address.
fn number_in(known: &[(&'static str, SeriesNumber)], name: &'static str) -> Option<SeriesNumber> {
    let same = |one: &&(&'static str, SeriesNumber)| std::ptr::eq(one.0, name) || one.0 == name;
    known.iter().find(same).map(|(_, number)| *number)
}
