//! States under test.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use sluice_asl::eval::{CostlyEvaluation, Entropy, EvalError, EvaluationDelegate, StopSignal};
use sluice_asl::{State, Variables};

use super::report::Inspection;
use crate::{Evaluator, Timestamp};

/// A state and everything that it may read.
///
/// ```
/// use std::sync::Arc;
///
/// use serde_json::json;
/// use sluice_asl::eval::StopSignal;
/// use sluice_asl::{State, Variables};
/// use sluice_engine::test_state::{StateTest, TestEvaluator, TestProgress, TestStatus};
///
/// let state = State::parse("Call", r#"{
///     "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true,
///     "Parameters": { "MessageBody.$": "$.text" }, "ResultPath": "$.sent" }"#)?;
/// let test = StateTest {
///     state: Arc::new(state),
///     input: Arc::new(json!({ "text": "hello" })),
///     context: json!({}),
///     variables: Variables::new(),
///     at: 0,
///     seed: [1, 2],
///     retries: 0,
///     read_items: None,
///     stop: StopSignal::new(),
///     evaluator: TestEvaluator::default(),
/// };
/// let TestProgress::Calls(task, suspended) = test.start() else { panic!("a Task calls") };
/// assert_eq!(*task.arguments, json!({ "MessageBody": "hello" }));
/// let report = suspended.succeed(json!({ "MessageId": "1" }));
/// let output = Arc::new(json!({ "text": "hello", "sent": { "MessageId": "1" } }));
/// assert_eq!(report.status, TestStatus::Succeeded { output, next: None });
/// # Ok::<(), sluice_asl::Diagnostics>(())
/// ```
#[derive(Debug, Clone)]
pub struct StateTest {
    /// The state.
    pub state: Arc<State>,
    /// Its raw input.
    pub input: Arc<Value>,
    /// The context object.
    pub context: Value,
    /// The variables that earlier states assigned.
    pub variables: Variables,
    /// The time, for `$now()` and the ends of waits.
    pub at: Timestamp,
    /// The seed of its random functions.
    pub seed: [u64; 2],
    /// The used-up retries of the retrier that matches a failure.
    pub retries: u64,
    /// The items that a Map's ItemReader has read.
    pub read_items: Option<Vec<Value>>,
    /// Ends its evaluations when they take too long; what came of them is then of no use.
    pub stop: StopSignal,
    /// The evaluator of its costly evaluations.
    pub evaluator: TestEvaluator,
}

/// The evaluator of a test's costly evaluations; by default they are made as the cheap ones.
#[derive(Clone, Default)]
pub struct TestEvaluator(pub Option<Arc<dyn Evaluator + Send + Sync>>);

impl fmt::Debug for TestEvaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestEvaluator")
    }
}

impl EvaluationDelegate for TestEvaluator {
    fn known(&self, _field: &str) -> Option<Result<Value, EvalError>> {
        None
    }

    fn evaluate(&self, evaluation: &CostlyEvaluation<'_>) -> Result<Value, EvalError> {
        match &self.0 {
            Some(evaluator) => evaluator.evaluate(evaluation),
            None => evaluation.evaluate_here(),
        }
    }
}

/// A state that needs something from outside to go on.
#[derive(Debug, Clone)]
pub struct SuspendedTest {
    pub(super) test: StateTest,
    pub(super) entropy: Entropy,
    pub(super) inspection: Inspection,
    pub(super) iterations: Option<usize>,
}

impl SuspendedTest {
    /// The same test whose evaluations are stopped and made by others.
    pub fn with(mut self, stop: StopSignal, evaluator: TestEvaluator) -> Self {
        self.test.stop = stop;
        self.test.evaluator = evaluator;
        self
    }
}
