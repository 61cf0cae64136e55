//! EvaluationDelegate that were made elsewhere, as data.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluice_asl::eval::{CostlyEvaluation, EvalError, EvaluationDelegate, StopSignal};

/// The result of an evaluation of a decision, as the log keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedEvaluation {
    /// Its place among all JSONata evaluations of the decision, from 0, the cheap ones included.
    pub number: u32,
    /// Its value, or the cause of its `States.QueryEvaluationError`.
    pub result: Result<Arc<Value>, String>,
}

/// Makes the evaluations that cannot be shown to be cheap.
pub trait Evaluator {
    /// Makes one.
    ///
    /// # Errors
    /// Those of the evaluation; and, where it is interrupted, [`CostlyEvaluation::interrupted`].
    fn evaluate(&self, evaluation: &CostlyEvaluation<'_>) -> Result<Value, EvalError>;
}

/// The signal and the evaluator with which a decision is made.
#[derive(Clone, Copy, Default)]
pub struct EvaluationOptions<'a> {
    /// A signal that stops it; its result is then of no use.
    pub stop: Option<&'a StopSignal>,
    /// The evaluator of its costly evaluations; none: they are made as the cheap ones.
    pub evaluator: Option<&'a dyn Evaluator>,
}

/// The evaluations of one decision.
pub(crate) struct DecisionEvaluations<'a> {
    known: &'a [RecordedEvaluation],
    evaluator: Option<&'a dyn Evaluator>,
    next: Cell<u32>,
    made: RefCell<Vec<RecordedEvaluation>>,
}

impl<'a> DecisionEvaluations<'a> {
    /// Those that are on record, and an evaluator for others; `None` if all are made here.
    pub(crate) fn new(known: &'a [RecordedEvaluation], evaluator: Option<&'a dyn Evaluator>) -> Option<Self> {
        (!known.is_empty() || evaluator.is_some()).then(|| Self {
            known,
            evaluator,
            next: Cell::new(0),
            made: RefCell::default(),
        })
    }

    /// The evaluations that the evaluator made.
    pub(crate) fn into_made(self) -> Vec<RecordedEvaluation> {
        self.made.into_inner()
    }
}

impl EvaluationDelegate for DecisionEvaluations<'_> {
    fn known(&self, field: &str) -> Option<Result<Value, EvalError>> {
        let number = self.next.get();
        self.next.set(number + 1);
        // in the order of their numbers
        let at = self
            .known
            .binary_search_by_key(&number, |evaluation| evaluation.number)
            .ok()?;
        Some(match &self.known[at].result {
            Ok(value) => Ok(Value::clone(value)),
            Err(cause) => Err(EvalError::query(Some(field), cause.clone())),
        })
    }

    fn evaluate(&self, evaluation: &CostlyEvaluation<'_>) -> Result<Value, EvalError> {
        let Some(evaluator) = self.evaluator else {
            return evaluation.evaluate_here();
        };
        let result = evaluator.evaluate(evaluation);
        self.made.borrow_mut().push(RecordedEvaluation {
            number: self.next.get() - 1,
            result: match &result {
                Ok(value) => Ok(Arc::new(value.clone())),
                Err(error) => Err(error.cause.clone()),
            },
        });
        result
    }
}
