//! Conditions on log events that are JSON: `{ ($.level = "ERROR" && $.status >= 500) || $.error EXISTS }`.

use regex::Regex;
use serde_json::Value;

use crate::bounded_regex::regex;

/// The deepest nesting of conditions.
const DEEPEST: usize = 16;

/// A condition on a JSON object.
#[derive(Debug)]
pub(crate) enum JsonPattern {
    All(Vec<JsonPattern>),
    Any(Vec<JsonPattern>),
    Holds(Vec<Step>, Test),
}

/// A step of a selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Member(String),
    Element(usize),
    /// `[*]`
    Each,
}

/// A test of the values of a selector.
#[derive(Debug)]
pub(crate) enum Test {
    Number(Comparison, f64),
    Text { pattern: Regex, equal: bool },
    IsNull,
    Is(bool),
    Exists(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

const OPERATORS: [(&str, Comparison); 6] = [
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("=", Comparison::Equal),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

impl JsonPattern {
    /// Reads a pattern in braces.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
        let inner = inner.ok_or_else(|| problem("the brace is not closed", text))?;
        let mut parser = Parser {
            rest: inner.trim(),
            depth: 0,
        };
        let pattern = parser.any()?;
        if parser.rest.is_empty() {
            Ok(pattern)
        } else {
            Err(problem("what comes next is neither && nor ||", parser.rest))
        }
    }

    /// Tells whether a message is JSON and the condition holds.
    pub(crate) fn fits(&self, message: &str) -> bool {
        serde_json::from_str(message).is_ok_and(|value| self.holds(&value))
    }

    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.holds(value)),
            Self::Any(any) => any.iter().any(|one| one.holds(value)),
            Self::Holds(path, test) => {
                let found = select(value, path);
                match test {
                    Test::Exists(wanted) => found.is_empty() != *wanted,
                    test => found.iter().any(|value| test.holds(value)),
                }
            }
        }
    }
}

impl Test {
    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Number(comparison, wanted) => value.as_f64().is_some_and(|number| comparison.holds(number, *wanted)),
            Self::Text { pattern, equal } => {
                let text = match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                pattern.is_match(&text) == *equal
            }
            Self::IsNull => value.is_null(),
            Self::Is(wanted) => value.as_bool() == Some(*wanted),
            Self::Exists(wanted) => *wanted,
        }
    }
}

impl Comparison {
    #[allow(clippy::float_cmp)] // what is written is what is compared
    fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Self::Equal => a == b,
            Self::NotEqual => a != b,
            Self::Less => a < b,
            Self::LessOrEqual => a <= b,
            Self::Greater => a > b,
            Self::GreaterOrEqual => a >= b,
        }
    }
}

fn select<'a>(value: &'a Value, path: &[Step]) -> Vec<&'a Value> {
    path.iter().fold(vec![value], |values, step| {
        let next = |value: &'a Value| -> Vec<&'a Value> {
            match step {
                Step::Member(name) => value.get(name).into_iter().collect(),
                Step::Element(at) => value.get(at).into_iter().collect(),
                Step::Each => value.as_array().map_or_else(Vec::new, |all| all.iter().collect()),
            }
        };
        values.into_iter().flat_map(next).collect()
    })
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn any(&mut self) -> Result<JsonPattern, String> {
        let mut parts = vec![self.all()?];
        while self.take("||") {
            parts.push(self.all()?);
        }
        Ok(JsonPattern::Any(parts))
    }

    fn all(&mut self) -> Result<JsonPattern, String> {
        let mut parts = vec![self.one()?];
        while self.take("&&") {
            parts.push(self.one()?);
        }
        Ok(JsonPattern::All(parts))
    }

    fn one(&mut self) -> Result<JsonPattern, String> {
        if !self.take("(") {
            return self.condition();
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(problem("it is nested too deeply", self.rest));
        }
        let inner = self.any()?;
        self.depth -= 1;
        if self.take(")") {
            Ok(inner)
        } else {
            Err(problem("a parenthesis is not closed", self.rest))
        }
    }

    fn condition(&mut self) -> Result<JsonPattern, String> {
        let path = self.selector()?;
        let words = [
            ("IS NULL", Test::IsNull),
            ("IS TRUE", Test::Is(true)),
            ("IS FALSE", Test::Is(false)),
            ("NOT EXISTS", Test::Exists(false)),
            ("EXISTS", Test::Exists(true)),
        ];
        for (word, test) in words {
            if self.take(word) {
                return Ok(JsonPattern::Holds(path, test));
            }
        }
        let operator = OPERATORS.into_iter().find(|(text, _)| self.take(text));
        let (_, comparison) = operator.ok_or_else(|| problem("an operator is missing", self.rest))?;
        let test = self.value(comparison)?;
        Ok(JsonPattern::Holds(path, test))
    }

    fn selector(&mut self) -> Result<Vec<Step>, String> {
        if !self.take("$") {
            return Err(problem("a selector begins with $.", self.rest));
        }
        let mut path = Vec::new();
        loop {
            if let Some(rest) = self.rest.strip_prefix('.') {
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || "_-@".contains(c)))
                    .unwrap_or(rest.len());
                path.push(Step::Member(rest[..end].to_owned()));
                self.rest = &rest[end..];
            } else if let Some((inner, rest)) = self.rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                path.push(match (inner, inner.parse()) {
                    ("*", _) => Step::Each,
                    (_, Ok(at)) => Step::Element(at),
                    _ => Step::Member(inner.trim_matches(['\'', '"']).to_owned()),
                });
                self.rest = rest;
            } else {
                break;
            }
        }
        self.rest = self.rest.trim_start();
        if path.is_empty() {
            Err(problem("a selector names nothing", self.rest))
        } else {
            Ok(path)
        }
    }

    fn value(&mut self, comparison: Comparison) -> Result<Test, String> {
        let missing = || problem("a value is missing", self.rest);
        let (text, is_regex, rest) = if let Some(inner) = self.rest.strip_prefix('"') {
            let (text, rest) = inner.split_once('"').ok_or_else(missing)?;
            (text, false, rest)
        } else if let Some(inner) = self.rest.strip_prefix('%') {
            let (text, rest) = inner.split_once('%').ok_or_else(missing)?;
            (text, true, rest)
        } else {
            let end = self
                .rest
                .find(|c: char| c.is_whitespace() || "&|)".contains(c))
                .unwrap_or(self.rest.len());
            if end == 0 {
                return Err(missing());
            }
            let (text, rest) = self.rest.split_at(end);
            if let Ok(number) = text.parse() {
                self.rest = rest.trim_start();
                return Ok(Test::Number(comparison, number));
            }
            (text, false, rest)
        };
        let equal = match comparison {
            Comparison::Equal => true,
            Comparison::NotEqual => false,
            _ => return Err(problem("text is compared by = or !=", self.rest)),
        };
        let pattern = if is_regex {
            regex(text)?
        } else {
            let parts: Vec<String> = text.split('*').map(regex::escape).collect();
            regex(&format!("(?s)^{}$", parts.join(".*")))?
        };
        self.rest = rest.trim_start();
        Ok(Test::Text { pattern, equal })
    }

    fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }
}

fn problem(what: &str, rest: &str) -> String {
    let rest: String = rest.chars().take(40).collect();
    format!("Invalid filter pattern: {what}, at {rest:?}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_asked_of_json() {
        fn check(pattern: &str, expected: bool) {
            let message = r#"{"level": "ERROR", "status": 503, "ok": false, "none": null,
                "request": {"id": "a-1", "tags": ["x", "y"]}, "a b": 1}"#;
            let pattern = JsonPattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(pattern.fits(message), expected, "{pattern:?}");
        }
        check("{ $.level = \"ERROR\" }", true);
        check("{$.level=ERROR}", true);
        check("{ $.level != \"ERROR\" }", false);
        check("{ $.level = \"ERR*\" }", true);
        check("{ $.level = %^E.*R$% }", true);
        check("{ $.status >= 500 && $.status < 504 }", true);
        check("{ $.status = 404 || $.level = ERROR }", true);
        check("{ $.status = 404 || ($.level = ERROR && $.ok IS TRUE) }", false);
        check("{ $.ok IS FALSE }", true);
        check("{ $.none IS NULL }", true);
        check("{ $.missing IS NULL }", false);
        check("{ $.missing NOT EXISTS }", true);
        check("{ $.request.id EXISTS }", true);
        check("{ $.request.tags[1] = y }", true);
        check("{ $.request.tags[*] = x }", true);
        check("{ $['a b'] = 1 }", true);
        assert!(!JsonPattern::parse("{ $.a = 1 }").expect("a pattern").fits("no JSON"));
    }
}
