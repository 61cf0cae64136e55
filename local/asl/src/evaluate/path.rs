//! `InputPath`, `OutputPath` and `ResultPath`.

use serde_json::{Map, Value};

use crate::definition::{Path, ReferencePath, Step};
use crate::eval::{ErrorName, EvalError, Scope};

impl Path {
    /// The part that `InputPath` or `OutputPath` selects; `{}` for `null`.
    ///
    /// # Errors
    /// `States.Runtime` when nothing is there.
    pub fn read(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        match self {
            Path::Null => Ok(Value::Object(Map::new())),
            Path::Query(query) => match query.select(scope) {
                Ok(value) => Ok(value.into_owned()),
                Err(missing) => Err(EvalError::runtime(format!(
                    "Invalid path '{}' : {}",
                    query.text(),
                    missing.0
                ))),
            },
        }
    }
}

impl ReferencePath {
    /// `input` with `result` put where the path says.
    ///
    /// # Errors
    /// `States.ResultPathMatchFailure` when the input has no place for it.
    pub fn write(&self, input: &Value, result: Value) -> Result<Value, EvalError> {
        match self {
            ReferencePath::Root => Ok(result),
            ReferencePath::Discard => Ok(input.clone()),
            ReferencePath::Steps(steps) => {
                let mut output = input.clone();
                match place(&mut output, steps) {
                    Some(slot) => *slot = result,
                    None => return Err(self.no_place(input)),
                }
                Ok(output)
            }
        }
    }

    fn no_place(&self, input: &Value) -> EvalError {
        EvalError {
            name: ErrorName::ResultPathMatchFailure,
            cause: format!("Unable to apply ReferencePath {self} to input {input}"),
            location: None,
        }
    }
}

/// The place below `value` that `steps` name; members that are missing are made, items are not.
fn place<'v>(value: &'v mut Value, steps: &[Step]) -> Option<&'v mut Value> {
    let mut value = value;
    for (i, step) in steps.iter().enumerate() {
        value = match (step, value) {
            (Step::Member(name), Value::Object(map)) => {
                // what is made must fit the step that follows: only a member can be put into something new
                let fresh = if i + 1 < steps.len() {
                    Value::Object(Map::new())
                } else {
                    Value::Null
                };
                map.entry(name.as_str()).or_insert(fresh)
            }
            (Step::Index(index), Value::Array(items)) => items.get_mut(*index)?,
            _ => return None,
        };
    }
    Some(value)
}

impl std::fmt::Display for ReferencePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReferencePath::Root => f.write_str("$"),
            ReferencePath::Discard => f.write_str("null"),
            ReferencePath::Steps(steps) => {
                f.write_str("$")?;
                steps.iter().try_for_each(|step| match step {
                    Step::Member(name) => write!(f, ".{name}"),
                    Step::Index(index) => write!(f, "[{index}]"),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::definition::ReferencePath;
    use crate::eval::parse_steps;

    fn check(path: &str, input: Value, expected: Result<Value, &str>) {
        let path = match parse_steps(path).expect(path) {
            steps if steps.is_empty() => ReferencePath::Root,
            steps => ReferencePath::Steps(steps),
        };
        let written = path.write(&input, json!("new")).map_err(|e| e.to_string());
        assert_eq!(written, expected.map_err(str::to_owned), "{path}");
    }

    #[test]
    fn results_go_where_the_path_says() {
        check("$", json!({"a": 1}), Ok(json!("new")));
        check("$.a", json!({"a": 1, "b": 2}), Ok(json!({"a": "new", "b": 2})));
        check("$.b.c", json!({"a": 1}), Ok(json!({"a": 1, "b": {"c": "new"}})));
        check("$['b']['c d']", json!({}), Ok(json!({"b": {"c d": "new"}})));
        check("$.a[1]", json!({"a": [1, 2]}), Ok(json!({"a": [1, "new"]})));
        check("$.a[0].b", json!({"a": [{}]}), Ok(json!({"a": [{"b": "new"}]})));
    }

    #[test]
    fn results_without_a_place_fail() {
        let failure = |rest: &str| format!("States.ResultPathMatchFailure: Unable to apply ReferencePath {rest}");
        check("$.a.b", json!({"a": 1}), Err(&failure("$.a.b to input {\"a\":1}")));
        check("$.a", json!([]), Err(&failure("$.a to input []")));
        check(
            "$.a[2]",
            json!({"a": [1]}),
            Err(&failure("$.a[2] to input {\"a\":[1]}")),
        );
    }
}
