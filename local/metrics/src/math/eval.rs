//! Trees to values.

mod apply;
mod operate;
mod scope;
#[cfg(test)]
mod tests;

use super::parser::Node;
use super::{Expression, Function, MathError, TimeSeries, Value};

pub use scope::Scope;

impl Expression {
    /// Computes the expression.
    ///
    /// # Errors
    /// [`MathError`]: a name that is no id, a value of the wrong type, too many points.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, MathError> {
        scope.node(&self.root)
    }
}

impl Scope<'_> {
    fn node(&self, node: &Node) -> Result<Value, MathError> {
        let value = match node {
            Node::Number(number) => Value::Scalar(*number),
            Node::Text(text) => {
                return Err(MathError::Unexpected {
                    expected: "a text only as the argument of METRICS",
                    found: format!("{text:?}"),
                    at: 1,
                });
            }
            Node::Keyword { word, at } => {
                return Err(MathError::UnknownId {
                    name: word.clone(),
                    at: *at,
                });
            }
            Node::Id { name, at } => self.values.get(name).cloned().ok_or_else(|| MathError::UnknownId {
                name: name.clone(),
                at: *at,
            })?,
            Node::Negative { of, .. } => operate::negative(self.node(of)?),
            Node::Binary { .. } => {
                let (first, links) = node.chain();
                let mut value = self.node(first)?;
                for (operator, right, at) in links {
                    value = operate::binary(operator, value, self.node(right)?, at)?;
                    self.spend(&value)?;
                }
                return Ok(value);
            }
            Node::Array(items) => Value::Array(self.array(items)?),
            Node::Call {
                function,
                arguments,
                at,
            } => self.call(*function, arguments, *at)?,
        };
        self.spend(&value)?;
        Ok(value)
    }

    /// Counts the points of a value, so that a small request cannot cost without bounds.
    fn spend(&self, value: &Value) -> Result<(), MathError> {
        let points = match value {
            Value::Scalar(_) => 0,
            Value::Series(series) => series.points.len(),
            Value::Array(all) => all.iter().map(|series| series.points.len() + 1).sum(),
        };
        match self.budget.get().checked_sub(points) {
            Some(left) => {
                self.budget.set(left);
                Ok(())
            }
            None => Err(MathError::TooManyPoints { most: self.most_points }),
        }
    }

    /// `[m1, METRICS("x")]`: arrays within arrays are one array.
    fn array(&self, items: &[Node]) -> Result<Vec<TimeSeries>, MathError> {
        let mut all = Vec::new();
        for item in items {
            match self.node(item)? {
                Value::Series(series) => all.push(series),
                Value::Array(more) => all.extend(more),
                Value::Scalar(_) => {
                    return Err(MathError::Type {
                        what: "[]".into(),
                        takes: "time series",
                        got: "a number",
                        at: position(item).unwrap_or(1),
                    });
                }
            }
        }
        Ok(all)
    }

    fn call(&self, function: Function, arguments: &[Node], at: usize) -> Result<Value, MathError> {
        let call = apply::Call {
            scope: self,
            function,
            at,
        };
        match (function, arguments) {
            (Function::Metrics, []) => Ok(Value::Array(self.metrics_with(""))),
            (Function::Metrics, [Node::Text(part)]) => Ok(Value::Array(self.metrics_with(part))),
            (Function::Fill, [of, Node::Keyword { word, at }]) => call.fill_by(self.node(of)?, word, *at),
            (Function::Fill, [of, filler]) => call.fill(self.node(of)?, &self.node(filler)?),
            (Function::Sort, [of, Node::Keyword { word, at }, order, limit @ ..]) => {
                let limit = limit.first().map(|limit| self.node(limit)).transpose()?;
                call.sort(self.node(of)?, (word, *at), order, limit)
            }
            (Function::If, [condition, then]) => call.choose(&self.node(condition)?, &self.node(then)?, None),
            (Function::If, [condition, then, otherwise]) => {
                let otherwise = self.node(otherwise)?;
                call.choose(&self.node(condition)?, &self.node(then)?, Some(&otherwise))
            }
            (Function::Slice, [of, from, to @ ..]) => {
                let to = to.first().map(|to| self.node(to)).transpose()?;
                call.slice(self.node(of)?, &self.node(from)?, to.as_ref())
            }
            (_, [one]) => call.on_one(self.node(one)?),
            _ => Err(call.wrong_type("other arguments", "these")),
        }
    }

    fn metrics_with(&self, part: &str) -> Vec<TimeSeries> {
        let matching = self.metrics.iter().filter(|(id, _)| id.contains(part));
        matching.map(|(_, series)| series.clone()).collect()
    }
}

fn position(node: &Node) -> Option<usize> {
    match node {
        Node::Number(_) | Node::Text(_) | Node::Array(_) => None,
        Node::Id { at, .. }
        | Node::Keyword { at, .. }
        | Node::Negative { at, .. }
        | Node::Binary { at, .. }
        | Node::Call { at, .. } => Some(*at),
    }
}
