//! Compiled expressions.

use jsonata_core::evaluator::Context;
use jsonata_core::parser;
use serde_json::Value;

use super::analysis::Analysis;
use super::convert::to_jsonata;
use super::cost::Bound;
use super::evaluation::{Evaluation, Failure, options};
use super::plan::{Plan, shortcut};
use super::request::Pending;
use super::walk::{Root, Walked, walk, walk_by_evaluator};
use super::{cost, functions, guard, isolation, message};
use crate::eval::error::EvalError;
use crate::eval::scope::{CostlyEvaluation, EvaluationDelegate, EvaluationRequest, PendingEvaluation, Scope};

/// A compiled expression.
#[derive(Debug)]
pub struct JsonataProgram {
    plan: Plan,
}

/// The reason for which a text is no expression that Step Functions takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonataSyntaxError {
    /// The parser's own message, without its code.
    #[error("{0}")]
    Syntax(String),
    /// The name of a field that is read from the context item, which an expression does not have.
    #[error("Reference to '{0}' at the top level is not supported.")]
    TopLevelReference(String),
    /// `$$`, which would be the input as a whole.
    #[error("Reference to '$$' is not supported.")]
    DocumentReference,
}

impl JsonataProgram {
    /// Compiles `source`, the text between `{%` and `%}`.
    ///
    /// ```
    /// use sluice_asl::eval::JsonataProgram;
    ///
    /// let program = JsonataProgram::parse("$sum($states.input.prices) * $rate")?;
    /// assert_eq!(program.variables(), ["rate"]);
    /// assert!(program.is_linear());
    /// assert!(JsonataProgram::parse("$sum(").is_err());
    /// # Ok::<(), sluice_asl::eval::JsonataSyntaxError>(())
    /// ```
    ///
    /// # Errors
    /// When it does not parse, or reads a field of the context item at its top level.
    pub fn parse(source: &str) -> Result<Self, JsonataSyntaxError> {
        let tree = isolation::contained(|| parser::parse(source))
            .ok_or_else(|| JsonataSyntaxError::Syntax(isolation::FAULT.to_owned()))?
            .map_err(|error| JsonataSyntaxError::Syntax(message::syntax(&error)))?;
        let analysis = Analysis::of(&tree);
        if let Some(name) = &analysis.top_level_reference {
            if name == "$$" {
                return Err(JsonataSyntaxError::DocumentReference);
            }
            return Err(JsonataSyntaxError::TopLevelReference(name.clone()));
        }
        let plan = match shortcut(&tree) {
            Some(plan) => plan,
            None => Plan::Evaluate(Box::new(Evaluation {
                bound: cost::bound(&tree, &analysis),
                tree: guard::guarded(tree, &analysis),
                analysis,
            })),
        };
        Ok(Self { plan })
    }

    /// The workflow variables that it reads, without `$`, in order: neither `$states`, nor its own bindings, nor functions.
    pub fn variables(&self) -> Vec<&str> {
        match &self.plan {
            Plan::Walk {
                root: Root::Variable(name),
                ..
            } => vec![name],
            Plan::Constant(_) | Plan::Walk { .. } => Vec::new(),
            Plan::Evaluate(evaluation) => {
                let Analysis { variables, own, .. } = &evaluation.analysis;
                let free = |name: &&str| *name != "states" && !own.contains(*name) && !functions::is_known(name);
                variables.keys().map(String::as_str).filter(free).collect()
            }
        }
    }

    /// The members of `$states` that it reads.
    pub(crate) fn states_members(&self) -> Vec<&str> {
        match &self.plan {
            Plan::Walk { root, .. } => match root {
                Root::Input => vec!["input"],
                Root::Context => vec!["context"],
                Root::Result => vec!["result"],
                Root::ErrorOutput => vec!["errorOutput"],
                Root::Variable(_) => Vec::new(),
            },
            Plan::Constant(_) => Vec::new(),
            Plan::Evaluate(evaluation) => {
                let Analysis { variables, own, .. } = &evaluation.analysis;
                let needs = variables.get("states").filter(|_| !own.contains("states"));
                needs
                    .into_iter()
                    .flat_map(|needs| needs.parts.keys())
                    .map(String::as_str)
                    .collect()
            }
        }
    }

    /// The value. `source` and `field` go into the error texts.
    pub(crate) fn evaluate(&self, source: &str, field: &str, scope: &Scope<'_>) -> Result<Value, EvalError> {
        if let Some(delegate) = scope.delegate {
            return self.evaluate_with(delegate, source, field, scope);
        }
        self.evaluate_here(scope)
            .map_err(|failure| failure.sentence(source, field))
    }

    /// Tells whether its cost grows no faster than what it reads. What is not may have to be evaluated elsewhere.
    pub fn is_linear(&self) -> bool {
        match &self.plan {
            Plan::Constant(_) | Plan::Walk { .. } => true,
            Plan::Evaluate(evaluation) => evaluation.bound.is_some_and(Bound::is_linear),
        }
    }

    fn evaluate_here(&self, scope: &Scope<'_>) -> Result<Value, Failure> {
        match &self.plan {
            Plan::Constant(value) => Ok(value.clone()),
            Plan::Walk { root, names } => match walk(root, names, scope) {
                Walked::Found(value) => Ok(value.clone()),
                Walked::Nothing => Err(Failure::Undefined),
                Walked::Sequence => walk_by_evaluator(root, names, scope),
            },
            Plan::Evaluate(evaluation) => evaluation.run(scope, evaluation.seed(scope)),
        }
    }

    fn evaluate_with(
        &self,
        delegate: &dyn EvaluationDelegate,
        source: &str,
        field: &str,
        scope: &Scope<'_>,
    ) -> Result<Value, EvalError> {
        let known = delegate.known(field);
        let Plan::Evaluate(evaluation) = &self.plan else {
            return known.unwrap_or_else(|| {
                self.evaluate_here(scope)
                    .map_err(|failure| failure.sentence(source, field))
            });
        };
        // also for what is known, so that the next draw is the same
        let seed = evaluation.seed(scope);
        if let Some(known) = known {
            return known;
        }
        let pending = Pending {
            source,
            field,
            evaluation,
            scope,
            seed,
        };
        if pending.is_cheap() {
            pending.evaluate()
        } else {
            delegate.evaluate(&CostlyEvaluation::new(source, field, &pending))
        }
    }

    /// Makes an evaluation of this very expression that was carried here.
    ///
    /// # Errors
    /// Those of the evaluation.
    pub fn evaluate_request(&self, request: &EvaluationRequest) -> Result<Value, EvalError> {
        let Plan::Evaluate(evaluation) = &self.plan else {
            // nobody carries what is cheap
            return Err(EvalError::query(
                Some(&request.field),
                "The expression needs no evaluator.",
            ));
        };
        let mut context = Context::new();
        for (name, value) in &request.bindings {
            context.bind(name.clone(), to_jsonata(value));
        }
        let options = options(None, evaluation.analysis.may_be_deep);
        let result = evaluation.run_in(context, options, request.now, request.seed);
        result.map_err(|failure| failure.sentence(&request.source, &request.field))
    }
}
