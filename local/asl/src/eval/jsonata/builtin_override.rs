//! Functions of the host in the place of JSONata's own, where those take longer than their arguments are long: one call
//! of them nothing can interrupt.

use std::collections::{BTreeSet, HashSet};

use indexmap::IndexMap;
use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::value::{JValue, with_stack};

use super::convert::text_len;
use super::functions;
use super::limits::{MAX_WALKED, too_large};

const DISTINCT: &str = "!distinct";
const KEYS: &str = "!keys";
const FORMAT_INTEGER: &str = "!formatInteger";

/// The functions, and their overrides.
const OVERRIDES: [(&str, &str); 3] = [
    ("distinct", DISTINCT),
    ("keys", KEYS),
    ("formatInteger", FORMAT_INTEGER),
];

/// The number beyond which a Roman numeral is nothing but thousands.
const MAX_ROMAN: f64 = 1e6;

/// The function's name, if a guard stands in for it.
pub(super) fn overridden(name: &str) -> Option<&'static str> {
    OVERRIDES
        .iter()
        .map(|(function, _)| *function)
        .find(|function| *function == name)
}

/// The override of the function, unless the expression binds the name itself, as one of `own`.
pub(super) fn override_of(name: &str, own: &BTreeSet<String>) -> Option<&'static str> {
    let (_, guard) = OVERRIDES.iter().find(|(function, _)| *function == name)?;
    (!own.contains(name)).then_some(*guard)
}

/// Registers the overrides of the functions that an expression names.
pub(super) fn register(evaluator: &mut Evaluator, names: &BTreeSet<&'static str>) -> Result<(), EvaluatorError> {
    for function in names {
        match *function {
            "distinct" => evaluator.register_fn(DISTINCT, distinct)?,
            "keys" => evaluator.register_fn(KEYS, keys)?,
            _ => evaluator.register_fn(FORMAT_INTEGER, format_integer)?,
        }
    }
    Ok(())
}

/// The arguments of a function, if its first may be left out.
pub(super) fn arity(function: &str) -> usize {
    match function {
        "keys" => 1,
        "formatInteger" => 2,
        _ => 0,
    }
}

/// `$keys`, whose own way is to compare each key with each: the keys of many objects are those of one that has them all.
fn keys(args: &[JValue]) -> Result<JValue, EvaluatorError> {
    fn collect(value: &JValue, all: &mut IndexMap<String, JValue>) {
        match value {
            JValue::Object(map) => all.extend(map.keys().map(|key| (key.clone(), JValue::Null))),
            JValue::Array(items) => with_stack(|| items.iter().for_each(|item| collect(item, all))),
            _ => {}
        }
    }
    let value = args.first().cloned().unwrap_or(JValue::Undefined);
    if !value.is_array() {
        return functions::delegate("keys", std::iter::once(value));
    }
    if text_len(&value, MAX_WALKED).is_none() {
        return too_large();
    }
    let mut all = IndexMap::new();
    collect(&value, &mut all);
    functions::delegate("keys", std::iter::once(JValue::object(all)))
}

/// `$formatInteger`, which writes a thousand M for a million.
fn format_integer(args: &[JValue]) -> Result<JValue, EvaluatorError> {
    if let [JValue::Number(n), JValue::String(picture), ..] = args
        && n.abs() > MAX_ROMAN
        && picture.trim_start().starts_with(['i', 'I'])
    {
        return too_large();
    }
    functions::delegate("formatInteger", args.iter().take(2).cloned())
}

/// `$distinct`, whose own way is to compare each item with each.
fn distinct(args: &[JValue]) -> Result<JValue, EvaluatorError> {
    // called for each item of an array, it is given more than it takes
    let Some(value) = args.first() else {
        return Err(EvaluatorError::TypeError(
            "T0410: Argument 1 of function \"distinct\" does not match function signature".to_owned(),
        ));
    };
    let items = match value {
        JValue::Array(items) if items.len() > 1 => items,
        single => return Ok(single.clone()),
    };
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for item in items.iter() {
        if text_len(item, MAX_WALKED).is_none() {
            return too_large();
        }
        let mut key = String::new();
        // a value that equals nothing, not even itself, stays as often as it is there
        if !write_key(item, &mut key) || seen.insert(key) {
            kept.push(item.clone());
        }
    }
    let mut kept = JValue::array(kept);
    if items.sequence {
        kept.mark_sequence();
    }
    Ok(kept)
}

/// Writes a text that two values share if `$distinct` takes them for the same. False: it takes this one for nothing
/// else.
fn write_key(value: &JValue, out: &mut String) -> bool {
    match value {
        JValue::Null => out.push('n'),
        JValue::Undefined => out.push('u'),
        JValue::Bool(b) => out.push_str(if *b { "t" } else { "f" }),
        // -0 is 0
        JValue::Number(n) => out.push_str(&format!("{:x};", (n + 0.0).to_bits())),
        JValue::Integer(n) => out.push_str(&format!("i{n};")),
        JValue::String(text) => out.push_str(&format!("{}:{text}", text.len())),
        JValue::Array(items) => {
            out.push('[');
            let all = with_stack(|| items.iter().all(|item| write_key(item, out)));
            out.push(']');
            return all;
        }
        JValue::Object(map) => {
            let mut sorted: Vec<_> = map.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            let all = with_stack(|| {
                sorted.into_iter().all(|(name, member)| {
                    out.push_str(&format!("{}:{name}", name.len()));
                    write_key(member, out)
                })
            });
            out.push('}');
            return all;
        }
        JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => return false,
    }
    true
}
