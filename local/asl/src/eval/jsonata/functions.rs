//! The functions that Step Functions adds to JSONata, and those that may not ask the machine for time or chance.

use std::collections::BTreeSet;
use std::rc::Rc;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError};
use jsonata_core::functions::string;
use jsonata_core::value::JValue;
use serde_json::Value;

use super::convert::to_jsonata;
use super::limits::too_large;
use crate::eval::Entropy;
use crate::eval::intrinsic::hex_digest;
use crate::eval::java_random::JavaRandom;

type FunctionResult = Result<JValue, EvaluatorError>;

/// The most items that `$range` makes: one more exceeds the memory that AWS gives an evaluation.
const MAX_RANGE: i128 = 360_145;

const HOST_FUNCTIONS: [&str; 10] = [
    "partition",
    "range",
    "hash",
    "random",
    "uuid",
    "parse",
    "now",
    "millis",
    "shuffle",
    "eval",
];

/// Tells whether `name` is one of the host's functions.
pub(super) fn is_function(name: &str) -> bool {
    HOST_FUNCTIONS.contains(&name)
}

/// JSONata's own functions, for telling `$map($a, $string)`'s variable from its function.
const BUILT_IN: [&str; 59] = [
    "abs",
    "append",
    "assert",
    "average",
    "base64decode",
    "base64encode",
    "boolean",
    "ceil",
    "contains",
    "count",
    "decodeUrl",
    "decodeUrlComponent",
    "distinct",
    "each",
    "encodeUrl",
    "encodeUrlComponent",
    "error",
    "exists",
    "filter",
    "floor",
    "formatBase",
    "formatInteger",
    "formatNumber",
    "fromMillis",
    "join",
    "keys",
    "length",
    "lookup",
    "lowercase",
    "map",
    "match",
    "max",
    "merge",
    "min",
    "not",
    "number",
    "pad",
    "parseInteger",
    "power",
    "reduce",
    "replace",
    "reverse",
    "round",
    "sift",
    "single",
    "sort",
    "split",
    "spread",
    "sqrt",
    "string",
    "substring",
    "substringAfter",
    "substringBefore",
    "sum",
    "toMillis",
    "trim",
    "type",
    "uppercase",
    "zip",
];

/// Tells whether `name` is a function, the host's or JSONata's.
pub(super) fn is_known(name: &str) -> bool {
    is_function(name) || BUILT_IN.contains(&name)
}

/// Registers those of the host's functions that `names` holds; the random ones draw from `seed`.
pub(super) fn register(
    evaluator: &mut Evaluator,
    names: &BTreeSet<String>,
    now: i64,
    seed: [u64; 2],
) -> Result<(), EvaluatorError> {
    if names.is_empty() {
        return Ok(());
    }
    // closures must own what they use
    let entropy = Rc::new(Entropy::new(seed));
    for name in names {
        let entropy = Rc::clone(&entropy);
        match name.as_str() {
            "partition" => evaluator.register_fn("partition", partition)?,
            "range" => evaluator.register_fn("range", range)?,
            "hash" => evaluator.register_fn("hash", hash)?,
            "uuid" => evaluator.register_fn("uuid", move |args: &[JValue]| uuid(args, &entropy))?,
            "parse" => evaluator.register_fn("parse", parse)?,
            "random" => evaluator.register_fn_override("random", move |args: &[JValue]| random(args, &entropy))?,
            "now" => evaluator.register_fn_override("now", move |args: &[JValue]| format_now(now, args))?,
            "millis" => evaluator.register_fn_override("millis", move |_: &[JValue]| Ok(JValue::from_i64(now)))?,
            "shuffle" => {
                evaluator.register_fn_override("shuffle", move |args: &[JValue]| Ok(shuffle(args, &entropy)))?
            }
            "eval" => evaluator.register_fn_override("eval", |_: &[JValue]| {
                refuse("T1006: Attempted to invoke a non-function")
            })?,
            _ => {}
        }
    }
    Ok(())
}

fn refuse<T>(message: impl Into<String>) -> Result<T, EvaluatorError> {
    Err(EvaluatorError::EvaluationError(message.into()))
}

/// The kind of an argument, as a letter of JSONata's function signatures.
#[derive(Clone, Copy)]
enum Kind {
    Any,
    Number,
    Text,
}

/// Checks the arguments as JSONata checks those of its own functions: each may be undefined, those after the first
/// `required` may be left out, and no others may follow. The message leaves the function's name to the caller.
fn check(args: &[JValue], kinds: &[Kind], required: usize) -> Result<(), EvaluatorError> {
    let fits = |(i, argument): (usize, &JValue)| match (kinds.get(i), argument) {
        (None, _) => false,
        (Some(Kind::Any), _) | (Some(_), JValue::Undefined) => true,
        (Some(Kind::Number), other) => other.is_number(),
        (Some(Kind::Text), other) => other.is_string(),
    };
    let position = match args.iter().enumerate().position(|argument| !fits(argument)) {
        Some(position) => position + 1,
        None if args.len() < required => args.len() + 1,
        None => return Ok(()),
    };
    refuse(format!(
        "T0410: Argument {position} of function {{{{token}}}} does not match function signature"
    ))
}

fn argument(args: &[JValue], i: usize) -> &JValue {
    args.get(i).unwrap_or(&JValue::Undefined)
}

/// A whole number, rounded towards zero.
fn whole(args: &[JValue], i: usize) -> Option<i64> {
    match argument(args, i) {
        JValue::Integer(n) => Some(*n),
        other => other.as_f64().map(|n| n as i64),
    }
}

fn partition(args: &[JValue]) -> FunctionResult {
    check(args, &[Kind::Any, Kind::Number], 2)?;
    let size = match whole(args, 1) {
        None | Some(0) => return Ok(JValue::Undefined),
        Some(size) if size < 0 => return refuse("The chunk size must be a positive number"),
        Some(size) => size as usize,
    };
    match argument(args, 0) {
        JValue::Undefined => Ok(JValue::Undefined),
        JValue::Array(items) => Ok(JValue::array(
            items.chunks(size).map(|chunk| JValue::array(chunk.to_vec())).collect(),
        )),
        single => Ok(JValue::array(vec![JValue::array(vec![single.clone()])])),
    }
}

fn range(args: &[JValue]) -> FunctionResult {
    check(args, &[Kind::Number, Kind::Number, Kind::Number], 3)?;
    let (Some(from), Some(to), Some(step)) = (whole(args, 0), whole(args, 1), whole(args, 2)) else {
        return Ok(JValue::Undefined);
    };
    if step == 0 {
        return Ok(JValue::Undefined);
    }
    let (from, to, step) = (i128::from(from), i128::from(to), i128::from(step));
    let count = ((to - from).div_euclid(step) + 1).max(0);
    if count > MAX_RANGE {
        return too_large();
    }
    let items: Vec<_> = (0..count).map(|i| JValue::integer((from + i * step) as i64)).collect();
    // a range is a sequence: of one item it is that item, of none it is nothing
    Ok(JValue::sequence(items).unwrap_sequence())
}

fn hash(args: &[JValue]) -> FunctionResult {
    check(args, &[Kind::Any, Kind::Text], 2)?;
    let data = match argument(args, 0) {
        JValue::Undefined => return Ok(JValue::Undefined),
        JValue::String(text) => text.to_string(),
        other => match string::string(other, None)? {
            JValue::String(text) => text.to_string(),
            _ => return Ok(JValue::Undefined),
        },
    };
    let Some(algorithm) = argument(args, 1).as_str() else {
        return Ok(JValue::Undefined);
    };
    match hex_digest(&data, algorithm) {
        Some(digest) => Ok(JValue::from(digest)),
        None => refuse(format!(
            "The algorithm must be MD5, SHA-1, SHA-256, SHA-384 or SHA-512, but was: {algorithm}"
        )),
    }
}

fn random(args: &[JValue], entropy: &Entropy) -> FunctionResult {
    check(args, &[Kind::Number], 0)?;
    Ok(JValue::from_f64(match whole(args, 0) {
        None => entropy.unit(),
        // the same seed gives the same number
        Some(seed) => JavaRandom::new(seed).unit(),
    }))
}

fn uuid(args: &[JValue], entropy: &Entropy) -> FunctionResult {
    check(args, &[], 0)?;
    Ok(JValue::from(entropy.uuid()))
}

fn parse(args: &[JValue]) -> FunctionResult {
    check(args, &[Kind::Text], 1)?;
    let Some(text) = argument(args, 0).as_str() else {
        return Ok(JValue::Undefined);
    };
    match serde_json::from_str::<Value>(text) {
        Ok(value) => Ok(to_jsonata(&value)),
        Err(error) => refuse(format!("The argument of function \"parse\" is not JSON: {error}")),
    }
}

/// `$now(picture, timezone)` is `$fromMillis` of the recorded time.
fn format_now(now: i64, args: &[JValue]) -> FunctionResult {
    let time = std::iter::once(JValue::from_i64(now));
    delegate("fromMillis", time.chain(args.iter().take(2).cloned()))
}

/// Calls JSONata's own function.
pub(super) fn delegate(function: &str, args: impl Iterator<Item = JValue>) -> FunctionResult {
    let mut context = Context::new();
    let mut call = Vec::new();
    for (i, argument) in args.enumerate() {
        let name = i.to_string();
        context.bind(name.clone(), argument);
        call.push(AstNode::Variable(name));
    }
    let tree = AstNode::Function {
        name: function.to_owned(),
        args: call,
        is_builtin: true,
    };
    Evaluator::with_context(context).evaluate(&tree, &JValue::Undefined)
}

/// Fisher and Yates, from the recorded chance.
fn shuffle(args: &[JValue], entropy: &Entropy) -> JValue {
    match argument(args, 0) {
        JValue::Array(items) => {
            let mut items = items.to_vec();
            for i in (1..items.len()).rev() {
                items.swap(i, (entropy.unit() * (i + 1) as f64) as usize);
            }
            JValue::array(items)
        }
        JValue::Undefined => JValue::Undefined,
        single => JValue::array(vec![single.clone()]),
    }
}
