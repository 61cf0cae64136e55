//! JSONata inside `{% … %}`.
//!
//! Follows [Transforming data with JSONata](https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html).
//! An expression is parsed once. What it may touch is known from then on, so that an evaluation converts only the
//! parts of its scope that the expression names, and a plain `$states.input.a.b` is a walk without an evaluator.

mod analysis;
mod convert;
mod cost;
mod functions;
mod guard;
mod library;
mod message;
mod request;
mod stand_in;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::parser;
use jsonata_core::value::JValue;
use serde_json::Value;

use super::{EvalError, EvaluationDelegate, Scope};
use analysis::{Analysis, Needs};
use convert::{Unsupported, from_jsonata, to_jsonata};
use cost::Bound;
pub use request::{CostlyEvaluation, EvaluationRequest};

/// The most levels that an evaluation may nest; a recursive function takes about three a call.
const MAX_DEPTH: usize = 3_000;
/// The most items of one sequence. A state's output of 262,144 bytes cannot hold more.
const MAX_SEQUENCE: usize = 262_144;

/// A compiled expression.
#[derive(Debug)]
pub struct JsonataProgram {
    plan: Plan,
}

#[derive(Debug)]
enum Plan {
    /// A literal.
    Constant(Value),
    /// `$states.input.a.b` or `$variable.a.b`.
    Walk { root: Root, names: Vec<String> },
    /// Everything else. The tree is boxed: most programs are walks.
    Evaluate(Box<Evaluation>),
}

/// Where a walk starts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Root {
    Input,
    Context,
    Result,
    ErrorOutput,
    Variable(String),
}

#[derive(Debug)]
struct Evaluation {
    tree: AstNode,
    analysis: Analysis,
    /// What it may cost, if anybody can tell.
    bound: Option<Bound>,
}

/// Why a text is no expression that Step Functions takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonataSyntaxError {
    /// The parser's own message, without its code.
    #[error("{0}")]
    Syntax(String),
    /// The name of a field that is read from the context item, which an expression does not have.
    #[error("Reference to '{0}' at the top level is not supported.")]
    TopLevelReference(String),
}

/// What went wrong, before the sentence that names expression and field.
enum Failure {
    /// JSONata's message.
    Error(EvaluatorError),
    /// No value.
    Undefined,
    /// A function, a regular expression or a number that JSON does not have.
    Unsupported(Unsupported),
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
        let tree = library::contained(|| parser::parse(source))
            .ok_or_else(|| JsonataSyntaxError::Syntax(library::FAULT.to_owned()))?
            .map_err(|error| JsonataSyntaxError::Syntax(message::syntax(&error)))?;
        let analysis = Analysis::of(&tree);
        if let Some(name) = &analysis.top_level_reference {
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

    /// The value. `source` and `field` go into the error texts.
    pub(crate) fn evaluate(&self, source: &str, field: &str, scope: &Scope<'_>) -> Result<Value, EvalError> {
        if let Some(delegate) = scope.delegate {
            return self.evaluate_with(delegate, source, field, scope);
        }
        self.evaluate_here(scope)
            .map_err(|failure| failure.sentence(source, field))
    }

    /// Whether its cost grows no faster than what it reads. What is not may have to be evaluated elsewhere.
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
        let costly = CostlyEvaluation {
            source,
            field,
            evaluation,
            scope,
            seed,
        };
        if costly.is_cheap() {
            costly.evaluate_here()
        } else {
            delegate.evaluate(&costly)
        }
    }
}

impl Failure {
    fn sentence(self, source: &str, field: &str) -> EvalError {
        let tail = match self {
            Failure::Undefined => "returned nothing (undefined).".to_owned(),
            Failure::Unsupported(Unsupported::Type) => "returned an unsupported result type.".to_owned(),
            Failure::Unsupported(Unsupported::Size) => {
                format!("threw an error during evaluation: {}", guard::TOO_LARGE)
            }
            Failure::Error(error) => {
                let separator = if error.code().is_some() { '.' } else { ':' };
                format!(
                    "threw an error during evaluation{separator} {}",
                    message::evaluation(error.message())
                )
            }
        };
        EvalError::query(
            Some(field),
            format!("The JSONata expression '{source}' specified for the field '{field}' {tail}"),
        )
    }
}

/// A plan without an evaluator, if the expression is simple enough.
fn shortcut(tree: &AstNode) -> Option<Plan> {
    match tree {
        AstNode::String(text) => Some(Plan::Constant(Value::String(text.clone()))),
        AstNode::Boolean(b) => Some(Plan::Constant(Value::Bool(*b))),
        AstNode::Null => Some(Plan::Constant(Value::Null)),
        AstNode::Number(n) => convert::number(*n).map(Plan::Constant),
        AstNode::Variable(name) if !name.is_empty() && name != "states" && !functions::is_known(name) => {
            Some(Plan::Walk {
                root: Root::Variable(name.clone()),
                names: Vec::new(),
            })
        }
        AstNode::Path { steps } => {
            let mut names = Vec::with_capacity(steps.len());
            let plain = |step: &jsonata_core::ast::PathStep| {
                step.stages.is_empty()
                    && step.focus.is_none()
                    && step.index_var.is_none()
                    && step.ancestor_label.is_none()
                    && !step.is_tuple
            };
            let (first, rest) = steps.split_first()?;
            let AstNode::Variable(variable) = &first.node else {
                return None;
            };
            if variable.is_empty() || functions::is_known(variable) || !steps.iter().all(plain) {
                return None;
            }
            for step in rest {
                let AstNode::Name(name) = &step.node else { return None };
                names.push(name.clone());
            }
            if variable != "states" {
                return Some(Plan::Walk {
                    root: Root::Variable(variable.clone()),
                    names,
                });
            }
            let root = match names.first()?.as_str() {
                "input" => Root::Input,
                "context" => Root::Context,
                "result" => Root::Result,
                "errorOutput" => Root::ErrorOutput,
                _ => return None,
            };
            names.remove(0);
            Some(Plan::Walk { root, names })
        }
        _ => None,
    }
}

enum Walked<'a> {
    Found(&'a Value),
    Nothing,
    /// An array lies on the way: JSONata maps the rest of the path over it.
    Sequence,
}

fn start<'a>(root: &Root, scope: &Scope<'a>) -> Option<&'a Value> {
    match root {
        Root::Input => Some(scope.input),
        Root::Context => Some(scope.context),
        Root::Result => scope.result,
        Root::ErrorOutput => scope.error_output,
        Root::Variable(name) => scope.variables.get(name.as_str()).map(|value| &**value),
    }
}

fn walk<'a>(root: &Root, names: &[String], scope: &Scope<'a>) -> Walked<'a> {
    let Some(mut value) = start(root, scope) else {
        return Walked::Nothing;
    };
    for name in names {
        value = match value {
            Value::Object(map) => match map.get(name) {
                Some(next) => next,
                None => return Walked::Nothing,
            },
            Value::Array(_) => return Walked::Sequence,
            _ => return Walked::Nothing,
        };
    }
    Walked::Found(value)
}

/// The names over the array that a walk met, by the evaluator.
fn walk_by_evaluator(root: &Root, names: &[String], scope: &Scope<'_>) -> Result<Value, Failure> {
    let Some(mut value) = start(root, scope) else {
        return Err(Failure::Undefined);
    };
    let mut names = names;
    while let (Value::Object(map), [name, rest @ ..]) = (value, names) {
        match map.get(name) {
            Some(next) => (value, names) = (next, rest),
            None => return Err(Failure::Undefined),
        }
    }
    let mut steps = vec![jsonata_core::ast::PathStep::new(AstNode::Variable("v".to_owned()))];
    steps.extend(
        names
            .iter()
            .map(|name| jsonata_core::ast::PathStep::new(AstNode::Name(name.clone()))),
    );
    let mut context = Context::new();
    context.bind("v".to_owned(), to_jsonata(value));
    finish(
        &mut Evaluator::with_options(context, options(scope)),
        &AstNode::Path { steps },
    )
}

/// Limits that do not depend on the machine: the time is the caller's business, who may give the signal to stop.
fn options(scope: &Scope<'_>) -> EvaluatorOptions {
    EvaluatorOptions {
        timeout_ms: None,
        cancel: scope.stop.map(|stop| stop.token().clone()),
        max_stack_depth: Some(MAX_DEPTH),
        max_sequence_length: Some(MAX_SEQUENCE),
    }
}

fn finish(evaluator: &mut Evaluator, tree: &AstNode) -> Result<Value, Failure> {
    let outcome = library::contained(|| evaluator.evaluate(tree, &JValue::Undefined));
    match outcome.unwrap_or_else(|| Err(EvaluatorError::EvaluationError(library::FAULT.to_owned()))) {
        Ok(JValue::Undefined) => Err(Failure::Undefined),
        Ok(value) => from_jsonata(&value).map_err(Failure::Unsupported),
        Err(error) => Err(Failure::Error(error)),
    }
}

impl Evaluation {
    /// What its random functions draw from, taken out of the scope's.
    fn seed(&self, scope: &Scope<'_>) -> [u64; 2] {
        if self.analysis.functions.is_empty() {
            return [0; 2];
        }
        [scope.entropy.next_u64(), scope.entropy.next_u64()]
    }

    fn run(&self, scope: &Scope<'_>, seed: [u64; 2]) -> Result<Value, Failure> {
        let mut context = Context::new();
        for (name, needs) in &self.analysis.variables {
            let value = if name == "states" {
                Some(states(needs, scope))
            } else {
                scope.variables.get(name.as_str()).map(|value| needs.pruned(value))
            };
            if let Some(value) = value {
                context.bind(name.clone(), value);
            }
        }
        self.run_in(context, options(scope), scope.now, seed)
    }

    fn run_in(&self, context: Context, options: EvaluatorOptions, now: i64, seed: [u64; 2]) -> Result<Value, Failure> {
        let mut evaluator = Evaluator::with_options(context, options);
        functions::register(&mut evaluator, &self.analysis.functions, now, seed).map_err(Failure::Error)?;
        guard::register(&mut evaluator, &self.analysis).map_err(Failure::Error)?;
        finish(&mut evaluator, &self.tree)
    }
}

/// `$states`, as far as it is needed.
fn states(needs: &Needs, scope: &Scope<'_>) -> JValue {
    let parts = request::states(scope).into_iter().filter_map(|(name, value)| {
        let value = value?;
        let converted = if needs.whole {
            to_jsonata(value)
        } else {
            needs.parts.get(name)?.pruned(value)
        };
        Some((name.to_owned(), converted))
    });
    JValue::object(parts.collect())
}

#[cfg(test)]
mod tests;
