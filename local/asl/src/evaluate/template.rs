//! Payload templates and expressions.

use serde_json::Value;

use crate::definition::{Expression, ExpressionKind, Path, Template};
use crate::eval::{EvalError, Scope};
use crate::size::weight;

/// The most that the expressions of one template may give, in bytes: far more than any state may pass on, and little
/// enough that a template with many large members cannot use up the memory of the machine.
const MAX_EVALUATED: usize = 4 << 20;

impl Template {
    /// The value of the template.
    ///
    /// # Errors
    /// The first expression that fails, in the order of the document.
    ///
    /// `States.DataLimitExceeded` when the expressions together give more than 4 MiB.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        self.evaluate_within(scope, &mut { MAX_EVALUATED })
    }

    fn evaluate_within(&self, scope: &Scope<'_>, left: &mut usize) -> Result<Value, EvalError> {
        match self {
            Template::Constant(value) => Ok(value.clone()),
            Template::Object(members) => {
                let mut map = serde_json::Map::with_capacity(members.len());
                for (key, member) in members {
                    map.insert(key.clone(), member.evaluate_within(scope, left)?);
                }
                Ok(Value::Object(map))
            }
            Template::Array(items) => items.iter().map(|item| item.evaluate_within(scope, left)).collect(),
            Template::Expression(expression) => {
                let value = expression.evaluate(scope)?;
                *left = left.checked_sub(weight(&value)).ok_or_else(EvalError::too_much)?;
                Ok(value)
            }
        }
    }
}

impl Expression {
    /// The value of the expression.
    ///
    /// # Errors
    /// When it fails, or a JSONata expression gives nothing or something that is not JSON.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        match &self.kind {
            ExpressionKind::Path(Path::Null) => Ok(Value::Null),
            ExpressionKind::Path(Path::Query(query)) => match query.select(scope) {
                Ok(value) => Ok(value.into_owned()),
                Err(_) => Err(EvalError::path_not_found(query.text(), &self.field, scope.input)),
            },
            ExpressionKind::Intrinsic(call) => call.evaluate(&self.field, scope),
            ExpressionKind::Jsonata(program) => program.evaluate(&self.source, &self.field, scope),
        }
    }
}
