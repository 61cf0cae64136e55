//! Segments and filters over a value.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::allowance::Allowance;
use super::function;
use super::missing::Missing;
use super::query::{Comparator, Filter, Function, JsonPathQuery, Operand, Pattern, Root, Segment};
use crate::eval::scope::Scope;

/// The finds of a query: a borrowed value for a definite path, an array of copies for any other.
pub(crate) type Found<'a> = Cow<'a, Value>;

impl JsonPathQuery {
    /// The value or values it finds.
    pub(crate) fn select<'a>(&self, scope: &Scope<'a>) -> Result<Found<'a>, Missing> {
        let root: &'a Value = match &self.root {
            Root::Input => scope.input,
            Root::Context => scope.context,
            Root::Variable(name) => match scope.variables.get(name) {
                Some(value) => value,
                None => return Err(Missing(format!("No results for path: $['{name}']"))),
            },
        };
        select(
            root,
            &self.segments,
            self.function.as_ref(),
            &Allowance::new(scope.stop),
        )
    }
}

/// Applies `segments` to `root`.
fn select<'a>(
    root: &'a Value,
    segments: &[Segment],
    function: Option<&Function>,
    allowance: &Allowance<'_>,
) -> Result<Found<'a>, Missing> {
    let definite = segments
        .iter()
        .take_while(|s| matches!(s, Segment::Member(_) | Segment::Index(_)))
        .count();
    let (head, tail) = segments.split_at(definite);
    let found = if tail.is_empty() {
        Cow::Borrowed(walk(root, head)?)
    } else {
        // an indefinite path below something that is not there finds nothing, which is no error
        let mut found = Vec::new();
        if let Ok(start) = walk(root, head) {
            Gatherer {
                document: root,
                allowance,
                found: &mut found,
            }
            .gather(start, tail);
        }
        allowance.check()?;
        Cow::Owned(Value::Array(found.into_iter().map(Cow::into_owned).collect()))
    };
    match function {
        None => Ok(found),
        Some(Function::Concat(arguments)) => {
            let arguments = arguments.iter().filter_map(|a| a.value(root, root, allowance));
            let texts: Vec<Cow<'_, Value>> = arguments.collect();
            allowance.check()?;
            Ok(Cow::Owned(function::concat(&found, &texts)))
        }
        Some(function) => Ok(Cow::Owned(function.apply(&found)?)),
    }
}

/// Follows names and indices; every one must be there.
fn walk<'a>(root: &'a Value, segments: &[Segment]) -> Result<&'a Value, Missing> {
    let mut value = root;
    for (i, segment) in segments.iter().enumerate() {
        value = match step(value, segment) {
            Some(next) => next,
            None => return Err(missing(value, segments, i)),
        };
    }
    Ok(value)
}

fn step<'a>(value: &'a Value, segment: &Segment) -> Option<&'a Value> {
    match (segment, value) {
        (Segment::Member(name), Value::Object(map)) => map.get(name),
        (Segment::Index(i), Value::Array(items)) => items.get(position(*i, items.len())?),
        _ => None,
    }
}

/// `index` counted from the end when it is negative.
fn position(index: i64, len: usize) -> Option<usize> {
    if index >= 0 {
        usize::try_from(index).ok()
    } else {
        len.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
    }
}

/// Jayway's text about the segment at `at`, which `value` does not have.
fn missing(value: &Value, segments: &[Segment], at: usize) -> Missing {
    let last = at + 1 == segments.len();
    Missing(match (&segments[at], value) {
        (Segment::Member(_), Value::Object(_)) if !last => {
            format!("Missing property in path {}", trail(&segments[..=at]))
        }
        (_, Value::Object(_)) if matches!(segments[at], Segment::Member(_)) => {
            format!("No results for path: {}", trail(&segments[..=at]))
        }
        (Segment::Member(name), other) => format!(
            "Expected to find an object with property ['{name}'] in path {} but found '{}'. This is not a json object \
             according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JsonSmartJsonProvider'.",
            trail(&segments[..at]),
            java_type(other)
        ),
        (_, Value::Array(_)) => format!("No results for path: {}", trail(&segments[..=at])),
        (_, Value::Null) => format!("The path {} is null", trail(&segments[..at])),
        (_, other) => {
            format!(
                "Filter: {} can only be applied to arrays. Current context is: {other}",
                bracket(&segments[at])
            )
        }
    })
}

/// `$['a'][0]`.
fn trail(segments: &[Segment]) -> String {
    let mut out = String::from("$");
    for segment in segments {
        out.push_str(&bracket(segment));
    }
    out
}

fn bracket(segment: &Segment) -> String {
    match segment {
        Segment::Member(name) => format!("['{name}']"),
        Segment::Index(i) => format!("[{i}]"),
        // only names and indices are walked
        _ => "[*]".to_owned(),
    }
}

/// The class that Jayway names for a JSON value.
fn java_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "java.lang.Boolean",
        Value::Number(n) if n.is_f64() => "java.lang.Double",
        Value::Number(_) => "java.lang.Integer",
        Value::String(_) => "java.lang.String",
        Value::Array(_) => "net.minidev.json.JSONArray",
        Value::Object(_) => "java.util.LinkedHashMap",
    }
}

/// Puts together what the part of a path finds that may find many values.
struct Gatherer<'a, 'g> {
    document: &'a Value,
    allowance: &'g Allowance<'g>,
    found: &'g mut Vec<Cow<'a, Value>>,
}

impl<'a> Gatherer<'a, '_> {
    /// Every value that `segments` find below `value`, in document order. What does not apply is passed over.
    fn gather(&mut self, value: &'a Value, segments: &[Segment]) {
        if !self.allowance.visit() {
            return;
        }
        let Some((first, rest)) = segments.split_first() else {
            if self.allowance.take(value) {
                self.found.push(Cow::Borrowed(value));
            }
            return;
        };
        match (first, value) {
            (Segment::Member(_) | Segment::Index(_), _) => {
                if let Some(next) = step(value, first) {
                    self.gather(next, rest);
                }
            }
            (Segment::Members(names), Value::Object(map)) => self.members(map, names, rest),
            (Segment::Indexes(indices), Value::Array(items)) => {
                for item in indices.iter().filter_map(|i| items.get(position(*i, items.len())?)) {
                    self.gather(item, rest);
                }
            }
            (Segment::Slice { from, to }, Value::Array(items)) => {
                for item in slice(items, *from, *to) {
                    self.gather(item, rest);
                }
            }
            (Segment::Wildcard, Value::Array(items)) => items.iter().for_each(|item| self.gather(item, rest)),
            (Segment::Wildcard, Value::Object(map)) => map.values().for_each(|item| self.gather(item, rest)),
            (Segment::Filter(filter), Value::Array(items)) => {
                for item in items {
                    if filter.accepts(item, self.document, self.allowance) {
                        self.gather(item, rest);
                    }
                }
            }
            (Segment::Filter(filter), Value::Object(_)) => {
                if filter.accepts(value, self.document, self.allowance) {
                    self.gather(value, rest);
                }
            }
            (Segment::Descend, _) => self.descend(value, rest),
            (
                Segment::Members(_)
                | Segment::Indexes(_)
                | Segment::Slice { .. }
                | Segment::Wildcard
                | Segment::Filter(_),
                _,
            ) => {}
        }
    }

    /// Several names give one object when nothing follows, and each name's values otherwise.
    fn members(&mut self, map: &'a Map<String, Value>, names: &[String], rest: &[Segment]) {
        let named = names.iter().filter_map(|name| Some((name, map.get(name)?)));
        if rest.is_empty() {
            let picked = named
                .filter(|(_, value)| self.allowance.take(value))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            self.found.push(Cow::Owned(Value::Object(picked)));
        } else {
            named.for_each(|(_, value)| self.gather(value, rest));
        }
    }

    fn descend(&mut self, value: &'a Value, rest: &[Segment]) {
        self.gather(value, rest);
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.descend(item, rest)),
            Value::Object(map) => map.values().for_each(|item| self.descend(item, rest)),
            _ => {}
        }
    }
}

fn slice(items: &[Value], from: Option<i64>, to: Option<i64>) -> &[Value] {
    let len = items.len();
    let bound = |i: i64| {
        let distance = usize::try_from(i.unsigned_abs()).unwrap_or(usize::MAX);
        if i >= 0 {
            distance.min(len)
        } else {
            len.saturating_sub(distance)
        }
    };
    let from = from.map_or(0, bound);
    let to = to.map_or(len, bound);
    items.get(from..to).unwrap_or(&[])
}

impl Filter {
    /// Tells whether `candidate`, a value of `document`, satisfies the condition.
    fn accepts(&self, candidate: &Value, document: &Value, allowance: &Allowance<'_>) -> bool {
        match self {
            Filter::Or(options) => options.iter().any(|f| f.accepts(candidate, document, allowance)),
            Filter::And(terms) => terms.iter().all(|f| f.accepts(candidate, document, allowance)),
            Filter::Not(inner) => !inner.accepts(candidate, document, allowance),
            Filter::Exists(operand) => operand.value(candidate, document, allowance).is_some(),
            Filter::Compare(left, comparator, right) => comparator.holds(
                left.value(candidate, document, allowance).as_deref(),
                right.value(candidate, document, allowance).as_deref(),
            ),
            Filter::Matches(operand, Pattern(regex)) => {
                match operand.value(candidate, document, allowance).as_deref() {
                    Some(Value::String(text)) => regex.is_match(text),
                    Some(other @ (Value::Number(_) | Value::Bool(_))) => regex.is_match(&other.to_string()),
                    _ => false,
                }
            }
        }
    }
}

impl Operand {
    fn value<'a>(
        &'a self,
        candidate: &'a Value,
        document: &'a Value,
        allowance: &Allowance<'_>,
    ) -> Option<Cow<'a, Value>> {
        match self {
            Operand::Literal(value) => Some(Cow::Borrowed(value)),
            Operand::Current(segments, function) => select(candidate, segments, function.as_ref(), allowance).ok(),
            Operand::Document(segments, function) => select(document, segments, function.as_ref(), allowance).ok(),
        }
    }
}

impl Comparator {
    fn holds(self, left: Option<&Value>, right: Option<&Value>) -> bool {
        let ordering = || match (left?, right?) {
            (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
            (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
            _ => None,
        };
        match self {
            Comparator::Equal => equal(left, right),
            Comparator::NotEqual => !equal(left, right),
            Comparator::Less => ordering() == Some(Ordering::Less),
            Comparator::LessOrEqual => matches!(ordering(), Some(Ordering::Less | Ordering::Equal)),
            Comparator::Greater => ordering() == Some(Ordering::Greater),
            Comparator::GreaterOrEqual => matches!(ordering(), Some(Ordering::Greater | Ordering::Equal)),
            Comparator::Identical => identical(left, right),
            Comparator::NotIdentical => !identical(left, right),
            Comparator::In => contains(right, left),
            Comparator::NotIn => !contains(right, left),
            Comparator::Contains => match (left, right) {
                (Some(Value::String(text)), Some(Value::String(part))) => text.contains(part.as_str()),
                _ => contains(left, right),
            },
            Comparator::All => items(right).is_some_and(|all| all.iter().all(|item| contains(left, Some(item)))),
            Comparator::SubsetOf => items(left).is_some_and(|all| all.iter().all(|item| contains(right, Some(item)))),
            Comparator::AnyOf => items(left).is_some_and(|any| any.iter().any(|item| contains(right, Some(item)))),
            Comparator::NoneOf => items(left).is_some_and(|all| !all.iter().any(|item| contains(right, Some(item)))),
            Comparator::Size => left
                .and_then(length)
                .is_some_and(|length| equal(Some(&Value::from(length)), right)),
            Comparator::Empty => left
                .and_then(length)
                .is_some_and(|length| right == Some(&Value::Bool(length == 0))),
        }
    }
}

fn items(value: Option<&Value>) -> Option<&Vec<Value>> {
    value?.as_array()
}

/// The number of a list's items or a text's characters.
fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Array(items) => Some(items.len()),
        Value::String(text) => Some(text.chars().count()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

fn identical(left: Option<&Value>, right: Option<&Value>) -> bool {
    left.is_some() && equal(left, right)
}

fn contains(list: Option<&Value>, item: Option<&Value>) -> bool {
    match list {
        Some(Value::Array(items)) => items.iter().any(|i| equal(Some(i), item)),
        _ => false,
    }
}

fn equal(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => a == b || a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}
