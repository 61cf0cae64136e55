//! Fields that must have a type.

use serde_json::{Value, json};

use crate::definition::{Dynamic, Expression, ExpressionKind, Map, Path, ProcessorMode, Wait, WaitFor};
use crate::eval::{EvalError, Scope, parse_timestamp};

/// The longest wait from now: what AWS's timer holds, in seconds.
const MAX_WAIT_SECONDS: i64 = i32::MAX as i64;

impl Dynamic<u64> {
    /// The number.
    ///
    /// # Errors
    /// When the expression fails or gives something else than a whole number that is not negative.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<u64, EvalError> {
        let expression = match self {
            Dynamic::Constant(number) => return Ok(*number),
            Dynamic::Template(template) => return not_a_scalar(&template.evaluate(scope)?),
            Dynamic::Expression(expression) => expression,
        };
        let value = expression.typed(scope)?;
        let whole = match &value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) if !expression.is_jsonata() => text.parse::<i64>().ok(),
            _ => None,
        };
        match whole.map(u64::try_from) {
            Some(Ok(number)) => Ok(number),
            Some(Err(_)) => Err(expression.out_of_range("must not be negative")),
            None => Err(expression.not_a_number("integer", &value)),
        }
    }
}

impl Dynamic<f64> {
    /// The number. A percentage must lie between 0 and 100.
    ///
    /// # Errors
    /// When the expression fails or gives something else than a number, or one that is out of range.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<f64, EvalError> {
        let expression = match self {
            Dynamic::Constant(number) => return Ok(*number),
            Dynamic::Template(template) => return not_a_scalar(&template.evaluate(scope)?),
            Dynamic::Expression(expression) => expression,
        };
        let value = expression.typed(scope)?;
        let number = match &value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) if !expression.is_jsonata() => text.parse().ok().filter(|n: &f64| n.is_finite()),
            _ => None,
        };
        match number {
            Some(number) if expression.field.contains("Percentage") && !(0.0..=100.0).contains(&number) => {
                Err(expression.out_of_range("must be between 0 and 100"))
            }
            Some(number) => Ok(number),
            None => Err(expression.not_a_number("float", &value)),
        }
    }
}

impl Dynamic<String> {
    /// The text.
    ///
    /// # Errors
    /// When the expression fails or gives something else than a string.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<String, EvalError> {
        let expression = match self {
            Dynamic::Constant(text) => return Ok(text.clone()),
            Dynamic::Template(template) => return not_a_scalar(&template.evaluate(scope)?),
            Dynamic::Expression(expression) => expression,
        };
        match expression.typed(scope)? {
            Value::String(text) => Ok(text),
            other if expression.is_jsonata() => Err(expression.unexpected_type("string", &other)),
            other => Err(EvalError::runtime(format!(
                "The {} field refers to value \"{other}\" which is not a valid string: {}",
                expression.field, expression.source
            ))),
        }
    }

    /// The text as a point in time, in milliseconds since 1970; for a Wait's `Timestamp` and `TimestampPath`.
    ///
    /// # Errors
    /// When the expression fails or its text is not an RFC 3339 timestamp.
    pub fn evaluate_timestamp(&self, scope: &Scope<'_>) -> Result<i64, EvalError> {
        let text = match self {
            Dynamic::Expression(expression) if !expression.is_jsonata() => match expression.typed(scope)? {
                Value::String(text) => text,
                other => other.to_string(),
            },
            other => other.evaluate(scope)?,
        };
        if let Some(time) = parse_timestamp(&text) {
            return Ok(time);
        }
        Err(match self {
            Dynamic::Expression(expression) if !expression.is_jsonata() => EvalError::runtime(format!(
                "The {} parameter does not reference a valid ISO-8601 extended offset date-time format string: {} == {text}",
                expression.field, expression.source
            )),
            _ => EvalError::query(
                Some("Timestamp"),
                format!(
                    "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {text}"
                ),
            ),
        })
    }
}

impl Wait {
    /// The end of the wait, in milliseconds since 1970; not after `scope.now` where there is nothing to wait for.
    ///
    /// # Errors
    /// When the expression fails or gives no number of seconds or timestamp, or the time is too far away.
    pub fn ends_at(&self, scope: &Scope<'_>) -> Result<i64, EvalError> {
        let end = match &self.until {
            WaitFor::Seconds(seconds) => {
                let seconds = i64::try_from(seconds.evaluate(scope)?).unwrap_or(i64::MAX);
                scope.now.saturating_add(seconds.saturating_mul(1000))
            }
            WaitFor::Timestamp(timestamp) => timestamp.evaluate_timestamp(scope)?,
        };
        if end.saturating_sub(scope.now) / 1000 > MAX_WAIT_SECONDS {
            return Err(EvalError::runtime("Wait state delay is too long."));
        }
        Ok(end)
    }
}

impl Map {
    /// The items that the Map goes over: `Items`, `ItemsPath`, or the whole input.
    ///
    /// # Errors
    /// When the expression fails or gives something else than an array.
    pub fn evaluate_items(&self, scope: &Scope<'_>) -> Result<MapItems, EvalError> {
        let value = match &self.items {
            None => scope.input.clone(),
            Some(Dynamic::Constant(value)) => value.clone(),
            Some(Dynamic::Template(template)) => template.evaluate(scope)?,
            Some(Dynamic::Expression(expression)) => expression.items(scope)?,
        };
        match value {
            Value::Array(values) => Ok(MapItems { values, keyed: false }),
            Value::Object(members) if matches!(self.processor.mode, ProcessorMode::Distributed { .. }) => {
                let pairs = members
                    .into_iter()
                    .map(|(key, value)| json!({ "Key": key, "Value": value }));
                Ok(MapItems {
                    values: pairs.collect(),
                    keyed: true,
                })
            }
            other => Err(self.no_items(&other)),
        }
    }

    fn no_items(&self, value: &Value) -> EvalError {
        match &self.items {
            None => EvalError::query(None, format!("Map state input must be an array but was: {value}")),
            Some(Dynamic::Expression(expression)) => expression.no_items(value),
            Some(Dynamic::Constant(_) | Dynamic::Template(_)) => EvalError::query(
                Some("Items"),
                format!("The value of the field 'Items' must be an array but was: {value}"),
            ),
        }
    }
}

/// The items of a Map.
#[derive(Debug, Clone, PartialEq)]
pub struct MapItems {
    /// The items; of an object, its members as `{"Key": …, "Value": …}`.
    pub values: Vec<Value>,
    /// They are an object's members.
    pub keyed: bool,
}

/// Only a Map's items may be a structure; the parser makes no other template.
fn not_a_scalar<T>(value: &Value) -> Result<T, EvalError> {
    Err(EvalError::runtime(format!(
        "A number or a string was expected, but was: {value}"
    )))
}

/// The type's name as AWS's texts have it.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A string without its quotes, anything else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Expression {
    pub(crate) fn is_jsonata(&self) -> bool {
        matches!(self.kind, ExpressionKind::Jsonata(_))
    }

    /// JSONata's complaint about a result of another type than the field's.
    pub(crate) fn unexpected_type(&self, expected: &str, value: &Value) -> EvalError {
        EvalError::query(
            Some(&self.field),
            format!(
                "The JSONata expression '{}' specified for the field '{}' returned an unexpected result type. \
                 Expected '{expected}', but was '{}' for value: {value}",
                self.source,
                self.field,
                type_name(value)
            ),
        )
    }

    /// The value; a wait's path that finds nothing has a text of its own.
    fn typed(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        if let ExpressionKind::Path(Path::Query(query)) = &self.kind
            && self.is_parameter()
            && query.select(scope).is_err()
        {
            return Err(EvalError::runtime(format!(
                "The {} parameter does not reference an input value: {}",
                self.field, self.source
            )));
        }
        self.evaluate(scope)
    }

    /// The paths that AWS's texts call parameters; the others it calls fields.
    fn is_parameter(&self) -> bool {
        matches!(
            self.field.as_str(),
            "SecondsPath" | "TimestampPath" | "TimeoutSecondsPath" | "HeartbeatSecondsPath"
        )
    }

    fn not_a_number(&self, kind: &str, value: &Value) -> EvalError {
        if self.is_jsonata() {
            return match value {
                Value::Number(_) => EvalError::query(
                    Some(&self.field),
                    format!(
                        "The JSONata expression '{}' specified for the field '{}' returned a value that is not a valid \
                         {kind}: {value}",
                        self.source, self.field
                    ),
                ),
                other => self.unexpected_type("number", other),
            };
        }
        EvalError::runtime(if self.is_parameter() {
            format!(
                "The {} parameter cannot be parsed as a long value: {} == {}",
                self.field,
                self.source,
                plain(value)
            )
        } else {
            format!(
                "The {} field refers to value \"{}\" which is not a valid {kind}: {}",
                self.field,
                plain(value),
                self.source
            )
        })
    }

    fn out_of_range(&self, rule: &str) -> EvalError {
        let cause = format!("{} {rule}.", self.field.strip_suffix("Path").unwrap_or(&self.field));
        if self.is_jsonata() {
            EvalError::query(Some(&self.field), cause)
        } else {
            EvalError::runtime(cause)
        }
    }

    fn items(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        match &self.kind {
            ExpressionKind::Path(path) => path.read(scope),
            ExpressionKind::Intrinsic(_) | ExpressionKind::Jsonata(_) => self.evaluate(scope),
        }
    }

    fn no_items(&self, value: &Value) -> EvalError {
        if self.is_jsonata() {
            return self.unexpected_type("array", value);
        }
        // AWS drops the context object's second dollar sign
        let path = if self.source.starts_with("$$") {
            &self.source[1..]
        } else {
            &self.source
        };
        EvalError::runtime(format!("Reference path \"{path}\" must point to array."))
    }
}
