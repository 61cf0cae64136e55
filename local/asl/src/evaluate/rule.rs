//! Choice rules.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use crate::definition::{Comparison, Condition, Operand, Operator, Path};
use crate::eval::{EvalError, Scope, instant};

impl Condition {
    /// Tells whether the rule applies.
    ///
    /// # Errors
    /// `States.Runtime` when a variable is missing; a JSONata failure or a result that is no boolean.
    pub fn holds(&self, scope: &Scope<'_>) -> Result<bool, EvalError> {
        match self {
            Condition::Constant(value) => Ok(*value),
            Condition::Expression(expression) => match expression.evaluate(scope)? {
                Value::Bool(value) => Ok(value),
                other => Err(expression.unexpected_type("boolean", &other)),
            },
            Condition::And(rules) => {
                for rule in rules {
                    if !rule.holds(scope)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Condition::Or(rules) => {
                for rule in rules {
                    if rule.holds(scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Condition::Not(rule) => Ok(!rule.holds(scope)?),
            Condition::Test(comparison) => comparison.holds(scope),
        }
    }
}

impl Comparison {
    fn holds(&self, scope: &Scope<'_>) -> Result<bool, EvalError> {
        if self.operator == Operator::IsPresent {
            let present = match &self.variable {
                Path::Null => false,
                Path::Query(query) => query.select(scope).is_ok(),
            };
            return Ok(present == self.expected(scope)?);
        }
        let variable = read(&self.variable, scope)?;
        let kind = match self.operator {
            Operator::IsNull => variable.is_null(),
            Operator::IsNumeric => variable.is_number(),
            Operator::IsString => variable.is_string(),
            Operator::IsBoolean => variable.is_boolean(),
            Operator::IsTimestamp => variable.as_str().is_some_and(|text| instant(text).is_some()),
            _ => return Ok(self.operator.compares(&variable, &*self.right(scope)?)),
        };
        Ok(kind == self.expected(scope)?)
    }

    fn right<'s>(&'s self, scope: &Scope<'s>) -> Result<Cow<'s, Value>, EvalError> {
        match &self.operand {
            Operand::Constant(value) => Ok(Cow::Borrowed(value)),
            Operand::Path(path) => read(path, scope),
        }
    }

    /// The right side of the `Is…` tests.
    fn expected(&self, scope: &Scope<'_>) -> Result<bool, EvalError> {
        Ok(*self.right(scope)? == Value::Bool(true))
    }
}

fn read<'s>(path: &Path, scope: &Scope<'s>) -> Result<Cow<'s, Value>, EvalError> {
    match path {
        Path::Null => Ok(Cow::Owned(Value::Null)),
        Path::Query(query) => query.select(scope).map_err(|_| {
            EvalError::runtime(format!(
                "Invalid path '{}': The choice state's condition path references an invalid value.",
                query.text()
            ))
        }),
    }
}

impl Operator {
    /// Tells whether `left` and `right` compare so. Values of other types than the operator's never do.
    fn compares(self, left: &Value, right: &Value) -> bool {
        use Ordering::{Equal, Greater, Less};
        let text = || Some(left.as_str()?.encode_utf16().cmp(right.as_str()?.encode_utf16()));
        let time = || Some(instant(left.as_str()?)?.cmp(&instant(right.as_str()?)?));
        let (ordering, accepted): (Option<Ordering>, &[Ordering]) = match self {
            Operator::StringEquals => (text(), &[Equal]),
            Operator::StringLessThan => (text(), &[Less]),
            Operator::StringGreaterThan => (text(), &[Greater]),
            Operator::StringLessThanEquals => (text(), &[Less, Equal]),
            Operator::StringGreaterThanEquals => (text(), &[Greater, Equal]),
            Operator::NumericEquals => (numeric(left, right), &[Equal]),
            Operator::NumericLessThan => (numeric(left, right), &[Less]),
            Operator::NumericGreaterThan => (numeric(left, right), &[Greater]),
            Operator::NumericLessThanEquals => (numeric(left, right), &[Less, Equal]),
            Operator::NumericGreaterThanEquals => (numeric(left, right), &[Greater, Equal]),
            Operator::TimestampEquals => (time(), &[Equal]),
            Operator::TimestampLessThan => (time(), &[Less]),
            Operator::TimestampGreaterThan => (time(), &[Greater]),
            Operator::TimestampLessThanEquals => (time(), &[Less, Equal]),
            Operator::TimestampGreaterThanEquals => (time(), &[Greater, Equal]),
            Operator::BooleanEquals => {
                return matches!((left, right), (Value::Bool(a), Value::Bool(b)) if a == b);
            }
            Operator::StringMatches => {
                return matches!((left, right), (Value::String(text), Value::String(pattern)) if matches_pattern(text, pattern));
            }
            Operator::IsNull
            | Operator::IsPresent
            | Operator::IsNumeric
            | Operator::IsString
            | Operator::IsBoolean
            | Operator::IsTimestamp => return false,
        };
        ordering.is_some_and(|ordering| accepted.contains(&ordering))
    }
}

fn numeric(left: &Value, right: &Value) -> Option<Ordering> {
    let (Value::Number(a), Value::Number(b)) = (left, right) else {
        return None;
    };
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

/// `*` stands for any text, `\*` for an asterisk and `\\` for a backslash. Linear: each piece between two asterisks is
/// searched for where the one before it ended.
fn matches_pattern(text: &str, pattern: &str) -> bool {
    let mut pieces = vec![String::new()];
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let literal = match c {
            '*' => {
                pieces.push(String::new());
                continue;
            }
            '\\' => chars.next().unwrap_or('\\'),
            c => c,
        };
        if let Some(piece) = pieces.last_mut() {
            piece.push(literal);
        }
    }
    let (Some((first, rest)), Some(text_after)) = (pieces.split_first(), text.strip_prefix(&*pieces[0])) else {
        return false;
    };
    let Some((last, between)) = rest.split_last() else {
        return text == first;
    };
    let mut left = text_after;
    for piece in between {
        match left.find(&**piece) {
            Some(at) => left = &left[at + piece.len()..],
            None => return false,
        }
    }
    left.ends_with(&**last)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::matches_pattern;
    use crate::definition::Operator;

    fn check(operator: Operator, left: Value, right: Value, expected: bool) {
        assert_eq!(
            operator.compares(&left, &right),
            expected,
            "{left} {operator:?} {right}"
        );
    }

    #[test]
    fn values_compare_within_their_type_only() {
        check(Operator::StringEquals, json!("a"), json!("a"), true);
        check(Operator::StringLessThan, json!("a"), json!("b"), true);
        check(Operator::StringEquals, json!(1), json!("1"), false);
        check(Operator::NumericEquals, json!(1), json!(1.0), true);
        check(Operator::NumericEquals, json!("1"), json!(1), false);
        check(Operator::NumericGreaterThanEquals, json!(2), json!(1.5), true);
        check(
            Operator::NumericLessThan,
            json!(9_007_199_254_740_993_i64),
            json!(9_007_199_254_740_994_i64),
            true,
        );
        check(Operator::BooleanEquals, json!(true), json!(true), true);
        check(Operator::BooleanEquals, json!("true"), json!(true), false);
        check(
            Operator::TimestampEquals,
            json!("2012-10-09T19:00:55Z"),
            json!("2012-10-09T21:00:55+02:00"),
            true,
        );
        check(
            Operator::TimestampLessThan,
            json!("2012-10-09T19:00:55Z"),
            json!("2012-10-09T19:00:56Z"),
            true,
        );
        check(
            Operator::TimestampLessThan,
            json!("2012-10-09"),
            json!("2012-10-09T19:00:56Z"),
            false,
        );
    }

    #[test]
    fn patterns_have_one_wildcard() {
        for (text, pattern, expected) in [
            ("zebra.log", "*.log", true),
            ("zebra.log", "z*a*g", true),
            ("zebra.log", "z*b", false),
            ("", "*", true),
            ("", "", true),
            ("a", "", false),
            ("a*b", "a\\*b", true),
            ("axb", "a\\*b", false),
            ("a\\b", "a\\\\b", true),
            ("aaaaaaaaab", "*a*a*a*a*b", true),
            ("ab", "ab*b", false),
            ("abcb", "a*b", true),
            ("aXbc", "a*X*X*c", false),
            ("anything", "**", true),
            ("end\\", "*\\", true),
        ] {
            assert_eq!(matches_pattern(text, pattern), expected, "{text} {pattern}");
        }
    }
}
