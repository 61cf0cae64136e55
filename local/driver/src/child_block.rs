//! Child executions that were read together.

use std::sync::Arc;

use sluice_asl::serialized_len;
use sluice_engine::ChildHistory;

/// Children that were read together.
#[derive(Debug)]
pub(crate) struct Block {
    /// The number of facts that were folded.
    pub(crate) as_of: u32,
    /// In the order of their numbers.
    pub(crate) tales: Vec<Arc<ChildHistory>>,
}

impl Block {
    pub(crate) fn tale(&self, number: u32) -> Option<Arc<ChildHistory>> {
        let at = self.tales.binary_search_by_key(&number, |tale| tale.summary.number);
        self.tales.get(at.ok()?).cloned()
    }

    /// Estimates the bytes that it takes in memory.
    pub(crate) fn weight(&self) -> usize {
        let weight = |tale: &Arc<ChildHistory>| 512 + tale.trace.events.len() * 280 + serialized_len(&tale.input());
        self.tales.iter().map(weight).sum()
    }
}
