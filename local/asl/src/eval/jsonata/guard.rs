//! A bound on the text and the arrays that an expression makes.
//!
//! The evaluator bounds depth and sequences, but not memory: `$a & $a` or `[$a, $a]`, done forty times, is a terabyte.
//! So the few operations that make something longer than what they are given are led through functions of the host
//! that refuse to. Values that share their parts can also be too large to be walked: what walks them whole, in one
//! step that nothing can interrupt, is led through another. All but `$pad` and joins can only explode where
//! something repeats; elsewhere they stay as they are.

use std::cell::Cell;

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};
use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::functions::string;
use jsonata_core::value::{JValue, with_stack};

use super::analysis::Analysis;
use super::builtin_override::{self, arity, override_of};
use super::convert::text_len;
use super::limits::{MAX_RESULT, MAX_SEQUENCE, MAX_WALKED, too_large};

// No name that can be written in an expression.
const CONCATENATE: &str = "!concatenate";
const SIZE: &str = "!size";
const WIDTH: &str = "!width";
const ITEMS: &str = "!items";
const RANGE: &str = "!range";
const DEEP: &str = "!deep";
const JOINED: &str = "!joined";
/// The most items that all steps which join give together.
const MAX_JOINED: usize = 524_288;

/// The most items that all ranges of one evaluation may have together.
const MAX_RANGED: usize = 2_097_152;

/// `tree` with guards.
pub(super) fn guarded(mut tree: AstNode, analysis: &Analysis) -> AstNode {
    rewrite(&mut tree, analysis);
    tree
}

/// The guards' functions, as far as an expression needs them.
pub(super) fn register(evaluator: &mut Evaluator, analysis: &Analysis) -> Result<(), EvaluatorError> {
    builtin_override::register(evaluator, &analysis.overridden)?;
    for guard in [SIZE, WIDTH, ITEMS, RANGE, DEEP, JOINED] {
        evaluator.set_transparent(guard);
    }
    if analysis.joins {
        let joined = Cell::new(0);
        evaluator.register_fn(JOINED, move |args: &[JValue]| {
            let value = args.first().cloned().unwrap_or(JValue::Undefined);
            joined.set(joined.get() + value.as_array().map_or(1, Vec::len));
            if joined.get() > MAX_JOINED {
                too_large()
            } else {
                Ok(value)
            }
        })?;
    }
    if analysis.pads {
        evaluator.register_fn(WIDTH, width)?;
    }
    if analysis.repeats {
        // the parts that the first argument of the latest call had, and the items of all ranges
        let (parts, ranged) = (Cell::new(0), Cell::new(0));
        evaluator.register_fn(CONCATENATE, concatenate)?;
        evaluator.register_fn(ITEMS, items)?;
        evaluator.register_fn(DEEP, deep)?;
        evaluator.register_fn(SIZE, move |args: &[JValue]| size(args, &parts))?;
        evaluator.register_fn(RANGE, move |args: &[JValue]| range(args, &ranged))?;
    }
    Ok(())
}

fn concatenate(args: &[JValue]) -> Result<JValue, EvaluatorError> {
    let mut out = String::new();
    for arg in args {
        let Some(len) = text_len(arg, MAX_RESULT) else {
            return too_large();
        };
        if out.len() + len > MAX_RESULT {
            return too_large();
        }
        // undefined is no text
        if let JValue::String(text) = string::string(arg, None)? {
            out.push_str(&text);
        }
    }
    Ok(JValue::from(out))
}

/// `(value, position)`: the value itself, if it is not too large; the second, if not too large as often as the first
/// has parts.
fn size(args: &[JValue], seen: &Cell<usize>) -> Result<JValue, EvaluatorError> {
    let value = args.first().cloned().unwrap_or(JValue::Undefined);
    let Some(len) = text_len(&value, MAX_RESULT) else {
        return too_large();
    };
    if args.get(1).and_then(JValue::as_f64) == Some(0.0) {
        seen.set(match &value {
            JValue::Array(items) => items.len(),
            _ => len,
        });
    } else if value.is_string() && len.saturating_mul(seen.get()) > 8 * MAX_RESULT {
        return too_large();
    }
    Ok(value)
}

/// A range's items: few enough together with those of all ranges before.
fn range(args: &[JValue], ranged: &Cell<usize>) -> Result<JValue, EvaluatorError> {
    let value = args.first().cloned().unwrap_or(JValue::Undefined);
    ranged.set(ranged.get() + value.as_array().map_or(0, Vec::len));
    if ranged.get() > MAX_RANGED {
        too_large()
    } else {
        Ok(value)
    }
}

/// Refuses a huge array as an item of a new one.
fn items(args: &[JValue]) -> Result<JValue, EvaluatorError> {
    match args.first() {
        Some(JValue::Array(items)) if items.len() > MAX_SEQUENCE => too_large(),
        Some(value) => Ok(value.clone()),
        None => Ok(JValue::Undefined),
    }
}

/// Refuses to have a value walked whole that is larger, written out, than anything may be.
fn deep(args: &[JValue]) -> Result<JValue, EvaluatorError> {
    let value = args.first().cloned().unwrap_or(JValue::Undefined);
    match text_len(&value, MAX_WALKED) {
        Some(_) => Ok(value),
        None => too_large(),
    }
}

fn width(args: &[JValue]) -> Result<JValue, EvaluatorError> {
    let value = args.first().cloned().unwrap_or(JValue::Undefined);
    match value.as_f64() {
        Some(n) if n.abs() > MAX_RESULT as f64 => too_large(),
        _ => Ok(value),
    }
}

fn call(name: &str, args: Vec<AstNode>) -> AstNode {
    AstNode::Function {
        name: name.to_owned(),
        args,
        is_builtin: true,
    }
}

fn take(node: &mut AstNode) -> AstNode {
    std::mem::replace(node, AstNode::Undefined)
}

fn rewrite(node: &mut AstNode, analysis: &Analysis) {
    let repeats = analysis.repeats;
    with_stack(|| {
        if let AstNode::Binary {
            op: BinaryOp::ChainPipe,
            rhs,
            ..
        } = node
            && let AstNode::Function { name, .. } = &mut **rhs
            && let Some(guard) = override_of(name, &analysis.own)
        {
            // what is before it becomes its first argument
            guard.clone_into(name);
        }
        children(node, &mut |child| rewrite(child, analysis));
        match node {
            AstNode::Binary {
                op: BinaryOp::Concatenate,
                lhs,
                rhs,
            } if repeats => {
                let args = vec![take(lhs), take(rhs)];
                *node = call(CONCATENATE, args);
            }
            AstNode::Binary {
                op: BinaryOp::ColonEqual,
                rhs,
                ..
            } => wrap_results(rhs),
            AstNode::Lambda { body, .. } => wrap_results(body),
            AstNode::Variable(name) => {
                if let Some(guard) = override_of(name, &analysis.own) {
                    guard.clone_into(name);
                }
            }
            AstNode::Path { steps } if analysis.joins => {
                for step in steps.iter_mut().skip(1).filter(|step| step.focus.is_some()) {
                    step.node = call(JOINED, vec![take(&mut step.node)]);
                }
            }
            AstNode::Array(members) if repeats => {
                for member in members.iter_mut().filter(|member| is_spliced(member)) {
                    let guard = if matches!(
                        member,
                        AstNode::Binary {
                            op: BinaryOp::Range,
                            ..
                        }
                    ) {
                        RANGE
                    } else {
                        ITEMS
                    };
                    *member = call(guard, vec![take(member)]);
                }
            }
            AstNode::Function { name, args, .. } => match name.as_str() {
                function if override_of(function, &analysis.own).is_some() => {
                    // what a call leaves out is the context item
                    if args.len() + 1 == arity(function) {
                        args.insert(0, AstNode::Variable(String::new()));
                    }
                    if let Some(guard) = override_of(function, &analysis.own) {
                        guard.clone_into(name);
                    }
                }
                "pad" => args.iter_mut().for_each(|arg| *arg = call(WIDTH, vec![take(arg)])),
                "string" | "join" if repeats => wrap_sizes(args, &[0, 1]),
                "replace" if repeats && args.len() > 2 => wrap_sizes(args, &[0, 2]),
                _ => {}
            },
            _ => {}
        }
    });
}

/// Guards what a binding or a function body gives, where that may be larger than what it is made of. A call at the end
/// of a function stays there, so that it costs no depth.
fn wrap_results(node: &mut AstNode) {
    match node {
        AstNode::Conditional {
            then_branch,
            else_branch,
            ..
        } => {
            wrap_results(then_branch);
            else_branch.as_deref_mut().into_iter().for_each(wrap_results);
        }
        AstNode::Block(expressions) => expressions.last_mut().into_iter().for_each(wrap_results),
        _ if grows(node) => *node = call(DEEP, vec![take(node)]),
        _ => {}
    }
}

/// Tells whether the value of `node` may hold a value many times over.
fn grows(node: &AstNode) -> bool {
    match node {
        AstNode::Array(_) | AstNode::Object(_) | AstNode::ObjectTransform { .. } => true,
        AstNode::Path { steps } => !steps.iter().all(|step| {
            matches!(
                step.node,
                AstNode::Variable(_) | AstNode::Name(_) | AstNode::String(_) | AstNode::Wildcard | AstNode::Parent(_)
            )
        }),
        AstNode::Function { name, .. } => matches!(
            name.as_str(),
            "map" | "filter" | "each" | "sift" | "zip" | "append" | "merge" | "spread" | "sort" | "lookup"
        ),
        _ => false,
    }
}

/// Tells whether the value of `member` may be an array whose items go into the array around it. A constructor's own array
/// stays one item, which the evaluator tells by its shape.
fn is_spliced(member: &AstNode) -> bool {
    match member {
        AstNode::Path { steps } => !steps.iter().any(|step| matches!(step.node, AstNode::Array(_))),
        AstNode::Variable(_)
        | AstNode::Function { .. }
        | AstNode::Call { .. }
        | AstNode::Conditional { .. }
        | AstNode::Block(_)
        | AstNode::Binary { .. } => true,
        _ => false,
    }
}

fn wrap_sizes(args: &mut [AstNode], positions: &[usize]) {
    for (i, position) in positions.iter().enumerate() {
        // a placeholder makes the call a partial application and must stay where it is
        if let Some(arg) = args
            .get_mut(*position)
            .filter(|arg| !matches!(arg, AstNode::Placeholder))
        {
            *arg = call(SIZE, vec![take(arg), AstNode::Number(i as f64)]);
        }
    }
}

/// Applies `f` to every direct child.
fn children(node: &mut AstNode, f: &mut dyn FnMut(&mut AstNode)) {
    match node {
        AstNode::String(_)
        | AstNode::Name(_)
        | AstNode::Number(_)
        | AstNode::Boolean(_)
        | AstNode::Null
        | AstNode::Undefined
        | AstNode::Placeholder
        | AstNode::Regex { .. }
        | AstNode::Variable(_)
        | AstNode::ParentVariable(_)
        | AstNode::Wildcard
        | AstNode::Descendant
        | AstNode::Parent(_) => {}
        AstNode::Path { steps } => steps.iter_mut().for_each(|step| step_children(step, f)),
        AstNode::Binary { lhs, rhs, .. } => {
            f(lhs);
            f(rhs);
        }
        AstNode::Unary { operand, .. } => f(operand),
        AstNode::Function { args, .. } => args.iter_mut().for_each(f),
        AstNode::Call { procedure, args } => {
            f(procedure);
            args.iter_mut().for_each(f);
        }
        AstNode::Lambda { body, .. } => f(body),
        AstNode::Array(items) | AstNode::Block(items) | AstNode::ArrayGroup(items) => items.iter_mut().for_each(f),
        AstNode::Object(pairs) => pairs.iter_mut().for_each(|(key, value)| {
            f(key);
            f(value);
        }),
        AstNode::ObjectTransform { input, pattern } => {
            f(input);
            pattern.iter_mut().for_each(|(key, value)| {
                f(key);
                f(value);
            });
        }
        AstNode::Conditional {
            condition,
            then_branch,
            else_branch,
        } => {
            f(condition);
            f(then_branch);
            else_branch.as_deref_mut().into_iter().for_each(f);
        }
        AstNode::FunctionApplication(inner) => f(inner),
        AstNode::Sort { input, terms } => {
            f(input);
            terms.iter_mut().for_each(|(term, _)| f(term));
        }
        AstNode::Transform {
            location,
            update,
            delete,
        } => {
            f(location);
            f(update);
            delete.as_deref_mut().into_iter().for_each(f);
        }
    }
}

fn step_children(step: &mut PathStep, f: &mut dyn FnMut(&mut AstNode)) {
    f(&mut step.node);
    for stage in &mut step.stages {
        match stage {
            Stage::Filter(condition) => f(condition),
            Stage::KeepArray | Stage::Index(_) => {}
        }
    }
    // the evaluator keeps compiled bodies by this id
    step.id = jsonata_core::ast::StepId::default();
}
