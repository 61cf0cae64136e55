//! Results of tests.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::Variables;
use sluice_asl::definition::Name;

use crate::event::ErrorDetails;

/// The end of a state, and the steps of its data.
#[derive(Debug, Clone, PartialEq)]
pub struct TestReport {
    /// Its end.
    pub status: TestStatus,
    /// The steps of its data.
    pub inspection: Inspection,
}

/// The ways in which a state ends.
#[derive(Debug, Clone, PartialEq)]
pub enum TestStatus {
    /// Well.
    Succeeded {
        /// Its output.
        output: Arc<Value>,
        /// The state that follows, if one does.
        next: Option<Name>,
    },
    /// With an error that nothing handles.
    Failed(ErrorDetails),
    /// With an error that the state would be tried again for.
    Retriable(ErrorDetails),
    /// With an error that a catcher takes.
    Caught {
        /// The error.
        error: ErrorDetails,
        /// The output that the catcher makes of it.
        output: Arc<Value>,
        /// The state that the catcher leads to.
        next: Name,
    },
}

/// The handler of an error: its place in `Retry` or `Catch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorHandler {
    /// A retrier.
    Retry {
        /// Its place.
        index: usize,
        /// The seconds until the retry, without jitter.
        backoff_seconds: u64,
    },
    /// A catcher.
    Catch {
        /// Its place.
        index: usize,
    },
}

/// The steps of a state's data; a step that the state does not take is absent. The names are those of `inspectionData`.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)] // the names are AWS's
pub struct Inspection {
    pub input: Option<Arc<Value>>,
    pub after_input_path: Option<Arc<Value>>,
    pub after_parameters: Option<Arc<Value>>,
    pub after_arguments: Option<Arc<Value>>,
    pub after_items_path: Option<Arc<Value>>,
    pub after_item_selector: Option<Arc<Value>>,
    pub after_item_batcher: Option<Arc<Value>>,
    pub max_concurrency: Option<u64>,
    pub tolerated_failure_count: Option<u64>,
    pub tolerated_failure_percentage: Option<f64>,
    pub result: Option<Arc<Value>>,
    pub after_result_selector: Option<Arc<Value>>,
    pub after_result_path: Option<Arc<Value>>,
    /// After the state: those it was given, and those it assigned.
    pub variables: Variables,
    pub error_handler: Option<ErrorHandler>,
}
