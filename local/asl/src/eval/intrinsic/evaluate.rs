//! The evaluation of calls.

use serde_json::Value;

use super::call::{Argument, Call, Function, IntrinsicCall};
use super::refusal::{Failure, FunctionResult, Refusal};
use super::{array, number, text};
use crate::eval::error::EvalError;
use crate::eval::scope::Scope;
use crate::size::weight;

/// The most that the arguments of one call may be, in bytes: each is a copy, and a call may name thousands.
const MAX_ARGUMENTS: usize = 4 << 20;

impl IntrinsicCall {
    /// The value of the call. `field` names it in the error texts.
    pub(crate) fn evaluate(&self, field: &str, scope: &Scope<'_>) -> Result<Value, EvalError> {
        self.call.evaluate(scope).map_err(|failure| match failure {
            Failure::Path(path) => EvalError::path_not_found(&path, field, scope.input),
            // measured on AWS: States.Runtime, not the States.IntrinsicFailure of the documentation
            Failure::Function(message) => EvalError::runtime(format!(
                "The function '{}' had the following error: {message}",
                self.text
            )),
            Failure::Size => EvalError::too_much(),
        })
    }
}

impl Call {
    fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, Failure> {
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
        self.function.apply(&arguments, scope).map_err(|refusal| {
            Failure::Function(match refusal {
                Refusal::Arguments => format!("Invalid arguments in States.{}", self.function.name()),
                Refusal::Explained(sentence) => sentence.to_owned(),
            })
        })
    }
}

impl Function {
    fn apply(self, arguments: &[Value], scope: &Scope<'_>) -> FunctionResult {
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
            Function::MathRandom => number::math_random(argument(0), argument(1), arguments.get(2), scope),
            Function::MathAdd => number::math_add(argument(0), argument(1)),
            Function::StringSplit => text::string_split(argument(0), argument(1)),
            Function::Uuid => Ok(Value::String(scope.entropy.uuid())),
            Function::Format => text::format(argument(0), arguments.get(1..).unwrap_or(&[])),
            Function::StringToJson => text::string_to_json(argument(0)),
            Function::JsonToString => Ok(Value::String(argument(0).to_string())),
        }
    }
}
