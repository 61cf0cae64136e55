//! Intrinsic functions: `States.Format('{}', $.name)` and the other seventeen.
//!
//! Follows [Intrinsics for JSONPath states](https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html).

mod array;
mod parse;
mod text;

pub(crate) use text::hex_digest;

use serde_json::Value;

use super::jsonpath::JsonPathQuery;
use super::{ErrorName, EvalError, Scope};
use crate::size::weight;

pub use parse::IntrinsicSyntaxError;

/// A compiled call with its nested calls.
#[derive(Debug)]
pub struct IntrinsicCall {
    text: Box<str>,
    call: Call,
}

#[derive(Debug)]
struct Call {
    function: Function,
    arguments: Vec<Argument>,
}

#[derive(Debug)]
enum Argument {
    Literal(Value),
    Path(JsonPathQuery),
    Call(Call),
}

/// The closed set of functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
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

/// Why a call gives no value.
enum Failure {
    /// A path among its arguments finds nothing.
    Path(String),
    /// An argument is not what the function takes.
    Argument(String),
    /// The arguments are more than any state's data may be.
    Size,
}

/// The most that the arguments of one call may be, in bytes: each is a copy, and a call may name thousands.
const MAX_ARGUMENTS: usize = 4 << 20;

type Outcome = Result<Value, Failure>;

fn refuse<T>(message: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Argument(message.into()))
}

impl Function {
    /// What stands after `States.`, and how many arguments it takes at least and at most.
    const ALL: [(&'static str, Function, usize, usize); 18] = [
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

    fn apply(self, arguments: &[Value], scope: &Scope<'_>) -> Outcome {
        let argument = |i: usize| arguments.get(i).unwrap_or(&Value::Null);
        match self {
            Function::Array => Ok(Value::Array(arguments.to_vec())),
            Function::ArrayPartition => array::partition(argument(0), argument(1)),
            Function::ArrayContains => array::contains(argument(0), argument(1)),
            Function::ArrayRange => array::range(argument(0), argument(1), argument(2)),
            Function::ArrayGetItem => array::get_item(argument(0), argument(1)),
            Function::ArrayLength => array::length(argument(0)),
            Function::ArrayUnique => array::unique(argument(0)),
            Function::Base64Encode => text::base64_encode(argument(0)),
            Function::Base64Decode => text::base64_decode(argument(0)),
            Function::Hash => text::hash(argument(0), argument(1)),
            Function::JsonMerge => text::json_merge(argument(0), argument(1), argument(2)),
            Function::MathRandom => math_random(argument(0), argument(1), arguments.get(2), scope),
            Function::MathAdd => math_add(argument(0), argument(1)),
            Function::StringSplit => text::string_split(argument(0), argument(1)),
            Function::Uuid => Ok(Value::String(scope.entropy.uuid())),
            Function::Format => text::format(argument(0), arguments.get(1..).unwrap_or(&[])),
            Function::StringToJson => text::string_to_json(argument(0)),
            Function::JsonToString => Ok(Value::String(argument(0).to_string())),
        }
    }
}

impl IntrinsicCall {
    /// Compiles `text`.
    ///
    /// ```
    /// use sluice_asl::eval::IntrinsicCall;
    ///
    /// let call = IntrinsicCall::parse("States.Format('{} of {}', $.done, $.all)")?;
    /// let paths: Vec<&str> = call.paths().into_iter().map(|path| path.text()).collect();
    /// assert_eq!(paths, ["$.done", "$.all"]);
    /// assert!(IntrinsicCall::parse("States.Unheard()").is_err());
    /// # Ok::<(), sluice_asl::eval::IntrinsicSyntaxError>(())
    /// ```
    ///
    /// # Errors
    /// When it is no call, or names a function or a number of arguments that Step Functions does not know.
    pub fn parse(text: &str) -> Result<Self, IntrinsicSyntaxError> {
        parse::parse(text)
    }

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

    /// The value of the call. `field` names it in the error texts.
    pub(crate) fn evaluate(&self, field: &str, scope: &Scope<'_>) -> Result<Value, EvalError> {
        self.call.evaluate(scope).map_err(|failure| match failure {
            Failure::Path(path) => EvalError::path_not_found(&path, field, scope.input),
            Failure::Argument(message) => EvalError {
                name: ErrorName::IntrinsicFailure,
                cause: format!("The function '{}' had the following error: {message}", self.text),
                location: None,
            },
            Failure::Size => EvalError::too_much(),
        })
    }
}

impl Call {
    fn evaluate(&self, scope: &Scope<'_>) -> Outcome {
        let mut arguments = Vec::with_capacity(self.arguments.len());
        let mut left = MAX_ARGUMENTS;
        for argument in &self.arguments {
            let value = match argument {
                Argument::Literal(value) => value.clone(),
                Argument::Path(path) => match path.select(scope) {
                    Ok(value) => value.into_owned(),
                    Err(_) => return Err(Failure::Path(path.text().to_owned())),
                },
                Argument::Call(call) => call.evaluate(scope)?,
            };
            left = left.checked_sub(weight(&value)).ok_or(Failure::Size)?;
            arguments.push(value);
        }
        self.function.apply(&arguments, scope)
    }
}

/// A number rounded to the nearest integer, halves upwards, as Java's `Math.round` does it.
fn rounded(value: &Value) -> Option<i64> {
    if let Some(n) = value.as_i64() {
        return Some(n);
    }
    let n = (value.as_f64()? + 0.5).floor();
    // a cast saturates; what is out of range is no integer here
    (n.abs() < i64::MAX as f64).then_some(n as i64)
}

fn integer(value: &Value, what: &str) -> Result<i64, Failure> {
    match rounded(value) {
        Some(n) => Ok(n),
        None => refuse(format!("{what} must be a number, but was: {value}")),
    }
}

fn math_add(a: &Value, b: &Value) -> Outcome {
    let (a, b) = (integer(a, "The first argument")?, integer(b, "The second argument")?);
    match a.checked_add(b) {
        Some(sum) if i32::try_from(sum).is_ok() => Ok(Value::from(sum)),
        _ => refuse("The sum does not fit between -2147483648 and 2147483647"),
    }
}

fn math_random(from: &Value, to: &Value, seed: Option<&Value>, scope: &Scope<'_>) -> Outcome {
    let (from, to) = (integer(from, "The start number")?, integer(to, "The end number")?);
    if from >= to {
        return refuse("The start number must be less than the end number");
    }
    let bits = match seed {
        None => scope.entropy.next_u64(),
        // the same seed gives the same number
        Some(seed) => super::Entropy::new([integer(seed, "The seed")? as u64, 0]).next_u64(),
    };
    let span = to.abs_diff(from);
    let offset = ((u128::from(bits) * u128::from(span)) >> 64) as u64;
    Ok(Value::from(from.wrapping_add_unsigned(offset)))
}

#[cfg(test)]
mod tests;
