//! The functions that Step Functions adds to JSONata, and those that may not ask the machine for time or chance.

use std::collections::BTreeSet;
use std::rc::Rc;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError};
use jsonata_core::functions::string;
use jsonata_core::value::JValue;
use serde_json::Value;

use super::convert::to_jsonata;
use crate::eval::Entropy;
use crate::eval::intrinsic::hex_digest;

type FunctionResult = Result<JValue, EvaluatorError>;

/// The most items that `$range` makes, as `States.ArrayRange`.
const MAX_RANGE: f64 = 1000.0;

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
            "uuid" => evaluator.register_fn("uuid", move |_: &[JValue]| Ok(JValue::from(entropy.uuid())))?,
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

/// JSONata's complaint about an argument that does not fit a function's signature.
fn mismatch<T>(position: usize, function: &str) -> Result<T, EvaluatorError> {
    refuse(format!(
        "T0410: Argument {position} of function \"{function}\" does not match function signature"
    ))
}

fn argument(args: &[JValue], i: usize) -> &JValue {
    args.get(i).unwrap_or(&JValue::Undefined)
}

fn number(args: &[JValue], i: usize, function: &str) -> Result<f64, EvaluatorError> {
    match argument(args, i) {
        JValue::Number(n) => Ok(*n),
        _ => mismatch(i + 1, function),
    }
}

fn partition(args: &[JValue]) -> FunctionResult {
    let size = number(args, 1, "partition")?;
    if size < 1.0 {
        return refuse("The chunk size must be a positive number");
    }
    match argument(args, 0) {
        JValue::Undefined => Ok(JValue::Undefined),
        JValue::Array(items) => Ok(JValue::array(
            items
                .chunks(size as usize)
                .map(|chunk| JValue::array(chunk.to_vec()))
                .collect(),
        )),
        single => Ok(JValue::array(vec![JValue::array(vec![single.clone()])])),
    }
}

fn range(args: &[JValue]) -> FunctionResult {
    let (from, to, step) = (
        number(args, 0, "range")?,
        number(args, 1, "range")?,
        number(args, 2, "range")?,
    );
    if step == 0.0 {
        return refuse("The increment must not be zero");
    }
    let count = ((to - from) / step).floor() + 1.0;
    if count > MAX_RANGE {
        return refuse(format!("The range must not have more than {MAX_RANGE} items"));
    }
    let items: Vec<_> = (0..count.max(0.0) as u32)
        .map(|i| JValue::from_f64(from + f64::from(i) * step))
        .collect();
    // a range is a sequence: of one item it is that item
    Ok(match <[JValue; 1]>::try_from(items) {
        Ok([single]) => single,
        Err(items) => JValue::array(items),
    })
}

fn hash(args: &[JValue]) -> FunctionResult {
    let data = match argument(args, 0) {
        JValue::Undefined => return Ok(JValue::Undefined),
        JValue::String(text) => text.to_string(),
        other => match string::string(other, None)? {
            JValue::String(text) => text.to_string(),
            _ => return mismatch(1, "hash"),
        },
    };
    let Some(algorithm) = argument(args, 1).as_str() else {
        return mismatch(2, "hash");
    };
    match hex_digest(&data, algorithm) {
        Some(digest) => Ok(JValue::from(digest)),
        None => refuse(format!(
            "The algorithm must be MD5, SHA-1, SHA-256, SHA-384 or SHA-512, but was: {algorithm}"
        )),
    }
}

fn random(args: &[JValue], entropy: &Entropy) -> FunctionResult {
    match argument(args, 0) {
        JValue::Undefined => Ok(JValue::from_f64(entropy.unit())),
        // the same seed gives the same number
        JValue::Number(seed) => Ok(JValue::from_f64(Entropy::new([seed.to_bits(), 0]).unit())),
        _ => mismatch(1, "random"),
    }
}

fn parse(args: &[JValue]) -> FunctionResult {
    match argument(args, 0) {
        JValue::Undefined => Ok(JValue::Undefined),
        JValue::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(value) => Ok(to_jsonata(&value)),
            Err(error) => refuse(format!("The argument of function \"parse\" is not JSON: {error}")),
        },
        _ => mismatch(1, "parse"),
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
