//! The scope of an evaluation, and the delegate that may make it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::entropy::Entropy;
use super::error::EvalError;
use super::stop::StopSignal;

/// The variables a state sees, its own scope's and the outer ones, by name without the `$`.
///
/// Flattened: an inner scope starts as a copy of the outer one, which cannot change while the inner one runs.
pub type Variables = BTreeMap<Arc<str>, Arc<Value>>;

/// All that an evaluation may see.
///
/// ```
/// use serde_json::json;
/// use sluice_asl::eval::Entropy;
/// use sluice_asl::{Scope, State, StateKind, Variables};
///
/// let state = State::parse("Total", r#"{
///     "Type": "Pass", "QueryLanguage": "JSONata",
///     "Output": { "total": "{% $sum($states.input.prices) + $fee %}" }, "End": true }"#)?;
/// let template = state.output.as_ref().unwrap();
///
/// let input = json!({ "prices": [3, 4] });
/// let variables = Variables::from([("fee".into(), json!(1).into())]);
/// let scope = Scope {
///     input: &input,
///     context: &json!({}),
///     variables: &variables,
///     result: None,
///     error_output: None,
///     now: 0,
///     entropy: &Entropy::new([1, 2]),
///     stop: None,
///     delegate: None,
/// };
/// assert_eq!(template.evaluate(&scope)?, json!({ "total": 8 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// `$` in JSONPath (for `ResultSelector`: the result), `$states.input` in JSONata.
    pub input: &'a Value,
    /// `$$` in JSONPath, `$states.context` in JSONata.
    pub context: &'a Value,
    /// `$name` in both.
    pub variables: &'a Variables,
    /// `$states.result`, where the state has one.
    pub result: Option<&'a Value>,
    /// `$states.errorOutput`, inside a catcher.
    pub error_output: Option<&'a Value>,
    /// The time of the fact that is being decided, in milliseconds since 1970 (`$now()`, `$millis()`).
    pub now: i64,
    /// The random numbers of the fact that is being decided.
    pub entropy: &'a Entropy,
    /// A signal that stops the evaluation; none: nothing does.
    pub stop: Option<&'a StopSignal>,
    /// The delegate that is asked about JSONata evaluations; none: all are made here.
    pub delegate: Option<&'a dyn EvaluationDelegate>,
}

impl<'a> Scope<'a> {
    /// A scope with these alone: no result, no error, time 0, nothing that stops an evaluation or makes it elsewhere.
    pub const fn of(input: &'a Value, context: &'a Value, variables: &'a Variables, entropy: &'a Entropy) -> Self {
        Self {
            input,
            context,
            variables,
            result: None,
            error_output: None,
            now: 0,
            entropy,
            stop: None,
            delegate: None,
        }
    }
}

/// The one that is asked about the JSONata evaluations of a decision, one after the other.
///
/// The order in which a decision evaluates is part of what is recorded: see `Fact::Evaluated` of the engine.
pub trait EvaluationDelegate {
    /// The result of the next evaluation, if that is known; asked before each, whatever it costs. `field` names the field
    /// that it is for.
    fn known(&self, field: &str) -> Option<Result<Value, EvalError>>;

    /// The result of an evaluation that cannot be shown to be cheap; the one last asked about.
    ///
    /// # Errors
    /// Those of the evaluation.
    fn evaluate(&self, evaluation: &CostlyEvaluation<'_>) -> Result<Value, EvalError>;
}

/// An evaluation that cannot be shown to be cheap, before it is made.
#[derive(Clone, Copy)]
pub struct CostlyEvaluation<'a> {
    source: &'a str,
    field: &'a str,
    pending: &'a dyn PendingEvaluation,
}

/// An evaluation before it is made, as its language knows it.
pub(super) trait PendingEvaluation {
    /// Makes it here and now.
    fn evaluate(&self) -> Result<Value, EvalError>;
    /// Copies what it reads.
    fn request(&self) -> EvaluationRequest;
}

/// An evaluation with all that it reads. Wherever it is made, it gives the same.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationRequest {
    /// The expression.
    pub source: String,
    /// The field that it is for; part of error texts.
    pub field: String,
    /// The values of the variables that it reads, `states` among them, as far as it reads them.
    pub bindings: Vec<(String, Value)>,
    /// The time.
    pub now: i64,
    /// The seed of its random functions.
    pub seed: [u64; 2],
}

impl<'a> CostlyEvaluation<'a> {
    pub(super) fn new(source: &'a str, field: &'a str, pending: &'a dyn PendingEvaluation) -> Self {
        Self { source, field, pending }
    }

    /// The expression.
    pub fn source(&self) -> &str {
        self.source
    }

    /// The field that it is for.
    pub fn field(&self) -> &str {
        self.field
    }

    /// Makes it here and now, whatever it costs.
    ///
    /// # Errors
    /// Those of the evaluation.
    pub fn evaluate_here(&self) -> Result<Value, EvalError> {
        self.pending.evaluate()
    }

    /// The evaluation with a copy of what it reads.
    pub fn request(&self) -> EvaluationRequest {
        self.pending.request()
    }

    /// The error of an evaluation that was interrupted because of `reason`, a sentence.
    pub fn interrupted(&self, reason: &str) -> EvalError {
        EvalError::query(
            Some(self.field),
            format!(
                "The JSONata expression '{}' specified for the field '{}' threw an error during evaluation: {reason}",
                self.source, self.field
            ),
        )
    }
}
