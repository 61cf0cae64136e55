//! Segments over a value.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Function, Segment};

/// What a query found: a borrowed value for a definite path, an array of copies for any other.
pub(crate) type Found<'a> = Cow<'a, Value>;

/// Why a definite path found nothing, in Jayway's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing(pub(crate) String);

/// Applies `segments` to `root`.
pub(super) fn select<'a>(
    root: &'a Value,
    segments: &[Segment],
    function: Option<Function>,
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
            gather(start, tail, root, &mut found);
        }
        Cow::Owned(Value::Array(found.into_iter().map(Cow::into_owned).collect()))
    };
    match function {
        None => Ok(found),
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

/// Every value that `segments` find below `value`, in document order. What does not apply is passed over.
fn gather<'a>(value: &'a Value, segments: &[Segment], document: &'a Value, out: &mut Vec<Cow<'a, Value>>) {
    let Some((first, rest)) = segments.split_first() else {
        out.push(Cow::Borrowed(value));
        return;
    };
    match (first, value) {
        (Segment::Member(_) | Segment::Index(_), _) => {
            if let Some(next) = step(value, first) {
                gather(next, rest, document, out);
            }
        }
        (Segment::Members(names), Value::Object(map)) => members(map, names, rest, document, out),
        (Segment::Indexes(indices), Value::Array(items)) => {
            for item in indices.iter().filter_map(|i| items.get(position(*i, items.len())?)) {
                gather(item, rest, document, out);
            }
        }
        (Segment::Slice { from, to }, Value::Array(items)) => {
            for item in slice(items, *from, *to) {
                gather(item, rest, document, out);
            }
        }
        (Segment::Wildcard, Value::Array(items)) => items.iter().for_each(|item| gather(item, rest, document, out)),
        (Segment::Wildcard, Value::Object(map)) => map.values().for_each(|item| gather(item, rest, document, out)),
        (Segment::Filter(filter), Value::Array(items)) => {
            for item in items.iter().filter(|item| filter.accepts(item, document)) {
                gather(item, rest, document, out);
            }
        }
        (Segment::Filter(filter), Value::Object(_)) => {
            if filter.accepts(value, document) {
                gather(value, rest, document, out);
            }
        }
        (Segment::Descend, _) => descend(value, rest, document, out),
        (
            Segment::Members(_) | Segment::Indexes(_) | Segment::Slice { .. } | Segment::Wildcard | Segment::Filter(_),
            _,
        ) => {}
    }
}

/// Several names give one object when nothing follows, and each name's values otherwise.
fn members<'a>(
    map: &'a Map<String, Value>,
    names: &[String],
    rest: &[Segment],
    document: &'a Value,
    out: &mut Vec<Cow<'a, Value>>,
) {
    if rest.is_empty() {
        let picked = names
            .iter()
            .filter_map(|name| Some((name.clone(), map.get(name)?.clone())))
            .collect();
        out.push(Cow::Owned(Value::Object(picked)));
    } else {
        names
            .iter()
            .filter_map(|name| map.get(name))
            .for_each(|value| gather(value, rest, document, out));
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

fn descend<'a>(value: &'a Value, rest: &[Segment], document: &'a Value, out: &mut Vec<Cow<'a, Value>>) {
    gather(value, rest, document, out);
    match value {
        Value::Array(items) => items.iter().for_each(|item| descend(item, rest, document, out)),
        Value::Object(map) => map.values().for_each(|item| descend(item, rest, document, out)),
        _ => {}
    }
}

impl Function {
    fn apply(self, value: &Value) -> Result<Value, Missing> {
        if let Function::Length = self {
            return match value {
                Value::Array(items) => Ok(Value::from(items.len())),
                Value::Object(map) => Ok(Value::from(map.len())),
                Value::String(text) => Ok(Value::from(text.chars().count())),
                _ => Ok(Value::Null),
            };
        }
        let numbers: Vec<f64> = match value {
            Value::Array(items) => items.iter().filter_map(Value::as_f64).collect(),
            _ => Vec::new(),
        };
        if numbers.is_empty() {
            return Err(Missing(
                "Aggregation function attempted to calculate value using empty array".to_owned(),
            ));
        }
        let sum = numbers.iter().sum::<f64>();
        Ok(Value::from(match self {
            Function::Length | Function::Sum => sum,
            Function::Min => numbers.iter().copied().fold(f64::INFINITY, f64::min),
            Function::Max => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Function::Avg => sum / numbers.len() as f64,
        }))
    }
}
