//! Plans: expressions that need no evaluator, and the others.

use jsonata_core::ast::{AstNode, PathStep};
use serde_json::Value;

use super::evaluation::Evaluation;
use super::walk::Root;
use super::{convert, functions};

/// The way in which an expression is evaluated.
#[derive(Debug)]
pub(super) enum Plan {
    /// A literal.
    Constant(Value),
    /// `$states.input.a.b` or `$variable.a.b`.
    Walk { root: Root, names: Vec<String> },
    /// Everything else. The tree is boxed: most programs are walks.
    Evaluate(Box<Evaluation>),
}

/// A plan without an evaluator, if the expression is simple enough.
pub(super) fn shortcut(tree: &AstNode) -> Option<Plan> {
    match tree {
        AstNode::String(text) => Some(Plan::Constant(Value::String(text.clone()))),
        AstNode::Boolean(b) => Some(Plan::Constant(Value::Bool(*b))),
        AstNode::Null => Some(Plan::Constant(Value::Null)),
        AstNode::Number(n) => Some(Plan::Constant(convert::number(*n))),
        AstNode::Variable(name) if !name.is_empty() && name != "states" && !functions::is_known(name) => {
            Some(Plan::Walk {
                root: Root::Variable(name.clone()),
                names: Vec::new(),
            })
        }
        AstNode::Path { steps } => {
            let mut names = Vec::with_capacity(steps.len());
            let plain = |step: &PathStep| {
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
