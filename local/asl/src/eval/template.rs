//! Payload templates and expressions.

use serde_json::Value;

use super::{EvalError, Scope};
use crate::definition::{Expression, ExpressionKind, Path, Template};

impl Template {
    /// The value of the template.
    ///
    /// # Errors
    /// The first expression that fails, in the order of the document.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        match self {
            Template::Constant(value) => Ok(value.clone()),
            Template::Object(members) => {
                let mut map = serde_json::Map::with_capacity(members.len());
                for (key, member) in members {
                    map.insert(key.clone(), member.evaluate(scope)?);
                }
                Ok(Value::Object(map))
            }
            Template::Array(items) => items.iter().map(|item| item.evaluate(scope)).collect(),
            Template::Expression(expression) => expression.evaluate(scope),
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
