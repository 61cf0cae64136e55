//! Evaluation: what a state's fields give for its input, its context object and its variables.
//!
//! Everything an evaluation may see is in its [`Scope`]; the same scope gives the same value, always.

mod delegate;
mod dynamic;
mod entropy;
mod error;
mod intrinsic;
mod jsonata;
mod jsonpath;
mod path;
mod rule;
mod stop;
mod template;
mod timestamp;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

pub use delegate::EvaluationDelegate;
pub use entropy::Entropy;
pub use error::{ErrorName, EvalError};
pub use intrinsic::{IntrinsicCall, IntrinsicSyntaxError};
pub use jsonata::{CostlyEvaluation, EvaluationRequest, JsonataProgram, JsonataSyntaxError};
pub use jsonpath::{JsonPathQuery, PathSyntaxError, Root};
pub(crate) use jsonpath::{parse_steps, reference_steps};
pub use stop::StopSignal;
pub use timestamp::parse_timestamp;

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
    /// Who may stop the evaluation; none: nobody.
    pub stop: Option<&'a StopSignal>,
    /// Who is asked about JSONata evaluations; none: all are made here.
    pub delegate: Option<&'a dyn EvaluationDelegate>,
}
