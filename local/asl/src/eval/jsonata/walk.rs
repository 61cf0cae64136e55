//! Plain paths, which need no evaluator unless they meet an array.

use jsonata_core::ast::{AstNode, PathStep};
use jsonata_core::evaluator::{Context, Evaluator};
use serde_json::Value;

use super::convert::to_jsonata;
use super::evaluation::{Failure, cancel, finish, options};
use crate::eval::scope::Scope;

/// The start of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Root {
    Input,
    Context,
    Result,
    ErrorOutput,
    Variable(String),
}

/// The end of a walk.
pub(super) enum Walked<'a> {
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

/// Follows the names from the root.
pub(super) fn walk<'a>(root: &Root, names: &[String], scope: &Scope<'a>) -> Walked<'a> {
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
pub(super) fn walk_by_evaluator(root: &Root, names: &[String], scope: &Scope<'_>) -> Result<Value, Failure> {
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
    let mut steps = vec![PathStep::new(AstNode::Variable("v".to_owned()))];
    steps.extend(names.iter().map(|name| PathStep::new(AstNode::Name(name.clone()))));
    let mut context = Context::new();
    context.bind("v".to_owned(), to_jsonata(value));
    finish(
        &mut Evaluator::with_options(context, options(cancel(scope), false)),
        &AstNode::Path { steps },
    )
}
