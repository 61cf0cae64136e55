//! A mapping that runs.

use parking_lot::Mutex;
use sluice_streams::Timestamp;

use crate::MappingSpec;

/// A mapping that runs.
pub(crate) struct Mapping {
    pub(crate) uuid: String,
    pub(crate) spec: MappingSpec,
    pub(crate) function_arn: String,
    pub(crate) created: Timestamp,
    last_result: Mutex<&'static str>,
}

impl Mapping {
    pub(crate) fn new(uuid: String, spec: MappingSpec, function_arn: String, created: Timestamp) -> Self {
        Self {
            uuid,
            spec,
            function_arn,
            created,
            last_result: Mutex::new("No records processed"),
        }
    }

    /// The result of the last batch, in Lambda's words.
    pub(crate) fn last_result(&self) -> &'static str {
        *self.last_result.lock()
    }

    /// Keeps the result of the last batch.
    pub(crate) fn set_last_result(&self, result: &'static str) {
        *self.last_result.lock() = result;
    }
}
