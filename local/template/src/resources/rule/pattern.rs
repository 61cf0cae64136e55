//! Event patterns: which events a rule wants
//! (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>).

mod condition;

use serde_json::Value;

use condition::Condition;

/// A rule's pattern: in each place that it names, an event must have one of the values or fulfil one of the conditions.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPattern {
    members: Vec<(String, Field)>,
    /// `$or`: patterns of which one must fit as well.
    alternatives: Option<Vec<EventPattern>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Field {
    Inside(EventPattern),
    OneOf(Vec<Condition>),
}

/// The reason why a pattern is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct PatternError {
    place: String,
    problem: String,
}

impl EventPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// The place in it that is not right, and why.
    pub fn read(value: &Value) -> Result<Self, PatternError> {
        Self::at("", value)
    }

    fn at(place: &str, value: &Value) -> Result<Self, PatternError> {
        let refuse = |place: &str, problem: String| PatternError {
            place: if place.is_empty() {
                "the pattern".to_owned()
            } else {
                place.to_owned()
            },
            problem,
        };
        let Value::Object(given) = value else {
            return Err(refuse(place, "an object is wanted".to_owned()));
        };
        let mut pattern = Self {
            members: Vec::new(),
            alternatives: None,
        };
        for (name, value) in given {
            let inner = if place.is_empty() {
                name.clone()
            } else {
                format!("{place}.{name}")
            };
            match value {
                Value::Array(list) if name == "$or" => {
                    if list.len() < 2 {
                        return Err(refuse(&inner, "a list of two patterns or more is wanted".to_owned()));
                    }
                    let patterns = list.iter().map(|one| Self::at(&inner, one)).collect::<Result<_, _>>()?;
                    pattern.alternatives = Some(patterns);
                }
                Value::Array(list) if list.is_empty() => {
                    return Err(refuse(&inner, "an empty list fits no event".to_owned()));
                }
                Value::Array(list) => {
                    let conditions = list.iter().map(Condition::read).collect::<Result<_, _>>();
                    let conditions = conditions.map_err(|problem| refuse(&inner, problem))?;
                    pattern.members.push((name.clone(), Field::OneOf(conditions)));
                }
                Value::Object(_) => pattern
                    .members
                    .push((name.clone(), Field::Inside(Self::at(&inner, value)?))),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                    return Err(refuse(
                        &inner,
                        "a list of values and conditions is wanted, or an object".to_owned(),
                    ));
                }
            }
        }
        Ok(pattern)
    }

    /// Tells whether an event fits.
    pub fn matches(&self, event: &Value) -> bool {
        let fits = |(name, field): &(String, Field)| field.matches(event.get(name));
        self.members.iter().all(fits)
            && self
                .alternatives
                .as_ref()
                .is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(event)))
    }

    /// The texts that a member at the top must be one of, if nothing else is wanted there.
    pub(super) fn texts(&self, member: &str) -> Option<Vec<&str>> {
        let (_, field) = self.members.iter().find(|(name, _)| name == member)?;
        match field {
            Field::OneOf(conditions) => conditions.iter().map(Condition::as_text).collect(),
            Field::Inside(_) => None,
        }
    }
}

impl Field {
    fn matches(&self, found: Option<&Value>) -> bool {
        match self {
            Self::OneOf(conditions) => conditions.iter().any(|one| one.matches(found)),
            Self::Inside(pattern) => match found {
                // in a list one of the objects must fit
                Some(Value::Array(items)) => items.iter().any(|item| pattern.matches(item)),
                found => pattern.matches(found.unwrap_or(&Value::Null)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(pattern: &Value, event: &Value, expected: bool) {
        let read = EventPattern::read(pattern).unwrap();
        assert_eq!(read.matches(event), expected, "{pattern} {event}");
    }

    #[test]
    fn each_condition_fits_what_it_says() {
        let event = json!({ "s": "Order.Placed", "n": 12.5, "b": true, "z": null, "list": ["a", "b"], "ip": "10.0.1.7",
            "o": { "k": "v" }, "objects": [{ "k": "x" }, { "k": "y" }] });
        for (pattern, expected) in [
            (json!({ "s": ["x", "Order.Placed"] }), true),
            (json!({ "s": ["x"] }), false),
            (json!({ "n": [12.5] }), true),
            (json!({ "n": ["12.5"] }), false),
            (json!({ "b": [true] }), true),
            (json!({ "z": [null] }), true),
            (json!({ "missing": [null] }), false),
            (json!({ "list": ["b"] }), true),
            (json!({ "s": [{ "prefix": "Order." }] }), true),
            (json!({ "s": [{ "prefix": { "equals-ignore-case": "ORDER." } }] }), true),
            (json!({ "s": [{ "suffix": ".Placed" }] }), true),
            (json!({ "s": [{ "suffix": "Order" }] }), false),
            (json!({ "s": [{ "equals-ignore-case": "order.placed" }] }), true),
            (json!({ "s": [{ "wildcard": "*.Pl*d" }] }), true),
            (json!({ "s": [{ "wildcard": "*.pl*" }] }), false),
            (json!({ "s": [{ "anything-but": "x" }] }), true),
            (json!({ "s": [{ "anything-but": ["x", "Order.Placed"] }] }), false),
            (json!({ "s": [{ "anything-but": { "prefix": "Order" } }] }), false),
            (json!({ "s": [{ "anything-but": { "wildcard": "x*" } }] }), true),
            (json!({ "missing": [{ "anything-but": "x" }] }), false),
            (json!({ "n": [{ "anything-but": 12.5 }] }), false),
            (json!({ "n": [{ "numeric": [">", 12, "<=", 12.5] }] }), true),
            (json!({ "n": [{ "numeric": ["=", 12] }] }), false),
            (json!({ "s": [{ "numeric": [">", 0] }] }), false),
            (json!({ "s": [{ "exists": true }] }), true),
            (json!({ "missing": [{ "exists": false }] }), true),
            (json!({ "s": [{ "exists": false }] }), false),
            (json!({ "ip": [{ "cidr": "10.0.0.0/16" }] }), true),
            (json!({ "ip": [{ "cidr": "10.0.0.0/24" }] }), false),
            (json!({ "o": { "k": ["v"] } }), true),
            (json!({ "objects": { "k": ["y"] } }), true),
            (json!({ "missing": { "k": ["y"] } }), false),
            (json!({ "missing": { "k": [{ "exists": false }] } }), true),
            (json!({ "$or": [{ "s": ["x"] }, { "n": [12.5] }], "b": [true] }), true),
            (json!({ "$or": [{ "s": ["x"] }, { "n": [1] }] }), false),
        ] {
            check(&pattern, &event, expected);
        }
    }

    #[test]
    fn what_is_no_pattern_says_where() {
        for (pattern, expected) in [
            (json!([]), "the pattern: an object is wanted"),
            (json!({ "a": { "b": "c" } }), "a.b: a list of values"),
            (json!({ "a": [] }), "a: an empty list"),
            (json!({ "a": [{ "like": "x" }] }), "a: `like` is no condition"),
            (json!({ "a": [{ "prefix": 1 }] }), "a: `prefix` wants"),
            (json!({ "a": [{ "numeric": [">"] }] }), "a: `numeric` wants"),
            (json!({ "a": [{ "numeric": ["~", 1] }] }), "a: `numeric` wants"),
            (json!({ "a": [{ "cidr": "10.0.0.0/33" }] }), "a: `cidr` wants"),
            (json!({ "a": [["x"]] }), "a: a list in a list"),
            (json!({ "a": [{ "prefix": "x", "suffix": "y" }] }), "a: one condition"),
            (json!({ "$or": [{ "a": [1] }] }), "$or: a list of two"),
        ] {
            let problem = EventPattern::read(&pattern).expect_err(expected).to_string();
            assert!(problem.contains(expected), "{pattern}: {problem}");
        }
    }
}
