//! Calls of intrinsic functions.

use serde_json::Value;

use crate::eval::jsonpath::JsonPathQuery;

/// A compiled call with its nested calls.
#[derive(Debug)]
pub struct IntrinsicCall {
    pub(super) text: Box<str>,
    pub(super) call: Call,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) function: Function,
    pub(super) arguments: Vec<Argument>,
}

#[derive(Debug)]
pub(super) enum Argument {
    Literal(Value),
    Path(JsonPathQuery),
    Call(Call),
}

/// The closed set of functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Array,
    ArrayPartition,
    ArrayContains,
    ArrayRange,
    ArrayGetItem,
    ArrayLength,
    ArrayUnique,
    Base64Encode,
    Base64Decode,
    Hash,
    JsonMerge,
    MathRandom,
    MathAdd,
    StringSplit,
    Uuid,
    Format,
    StringToJson,
    JsonToString,
}

impl Function {
    /// The name after `States.`, and the least and the greatest number of arguments.
    pub(super) const ALL: [(&'static str, Function, usize, usize); 18] = [
        ("Array", Function::Array, 0, usize::MAX),
        ("ArrayPartition", Function::ArrayPartition, 2, 2),
        ("ArrayContains", Function::ArrayContains, 2, 2),
        ("ArrayRange", Function::ArrayRange, 3, 3),
        ("ArrayGetItem", Function::ArrayGetItem, 2, 2),
        ("ArrayLength", Function::ArrayLength, 1, 1),
        ("ArrayUnique", Function::ArrayUnique, 1, 1),
        ("Base64Encode", Function::Base64Encode, 1, 1),
        ("Base64Decode", Function::Base64Decode, 1, 1),
        ("Hash", Function::Hash, 2, 2),
        ("JsonMerge", Function::JsonMerge, 3, 3),
        ("MathRandom", Function::MathRandom, 2, 3),
        ("MathAdd", Function::MathAdd, 2, 2),
        ("StringSplit", Function::StringSplit, 2, 2),
        ("UUID", Function::Uuid, 0, 0),
        ("Format", Function::Format, 1, usize::MAX),
        ("StringToJson", Function::StringToJson, 1, 1),
        ("JsonToString", Function::JsonToString, 1, 1),
    ];

    /// The name after `States.`.
    pub(super) fn name(self) -> &'static str {
        let known = Self::ALL.iter().find(|(_, function, _, _)| *function == self);
        known.map_or("", |(name, _, _, _)| name)
    }
}

impl IntrinsicCall {
    /// The call as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The paths among its arguments, nested calls included.
    pub fn paths(&self) -> Vec<&JsonPathQuery> {
        fn collect<'c>(call: &'c Call, out: &mut Vec<&'c JsonPathQuery>) {
            for argument in &call.arguments {
                match argument {
                    Argument::Literal(_) => {}
                    Argument::Path(path) => out.push(path),
                    Argument::Call(inner) => collect(inner, out),
                }
            }
        }
        let mut out = Vec::new();
        collect(&self.call, &mut out);
        out
    }
}
