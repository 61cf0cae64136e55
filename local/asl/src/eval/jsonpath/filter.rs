//! `[?(…)]`: what a candidate must satisfy.

use std::cmp::Ordering;

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::allowance::Allowance;
use super::parse::{Cursor, Parsed, segments};
use super::{Function, Segment, select};

/// A condition on a candidate `@`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    Or(Vec<Filter>),
    And(Vec<Filter>),
    Not(Box<Filter>),
    Exists(Operand),
    Compare(Operand, Comparator, Operand),
    Matches(Operand, Pattern),
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Literal(Value),
    /// `@…`, below the candidate.
    Current(Vec<Segment>, Option<Function>),
    /// `$…`, below the document.
    Document(Vec<Segment>, Option<Function>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

/// A regular expression that must match the whole text, as Java's `matches()` does.
#[derive(Debug, Clone)]
pub(super) struct Pattern(Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// Nesting of parentheses that a filter may have.
const MAX_DEPTH: usize = 64;

/// The most bytes of a compiled regular expression: a definition may hold thousands.
const MAX_PATTERN: usize = 1 << 17;

/// The condition from the cursor on, up to the closing parenthesis.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Filter> {
    either(cursor, MAX_DEPTH)
}

fn either(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Filter> {
    let mut options = vec![both(cursor, depth)?];
    loop {
        cursor.skip_blanks();
        if !cursor.eat("||") {
            break;
        }
        options.push(both(cursor, depth)?);
    }
    Ok(if options.len() == 1 {
        options.remove(0)
    } else {
        Filter::Or(options)
    })
}

fn both(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Filter> {
    let mut terms = vec![term(cursor, depth)?];
    loop {
        cursor.skip_blanks();
        if !cursor.eat("&&") {
            break;
        }
        terms.push(term(cursor, depth)?);
    }
    Ok(if terms.len() == 1 {
        terms.remove(0)
    } else {
        Filter::And(terms)
    })
}

fn term(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Filter> {
    if depth == 0 {
        return cursor.fail("the filter is nested too deeply");
    }
    cursor.skip_blanks();
    if cursor.eat("!") {
        return Ok(Filter::Not(Box::new(term(cursor, depth - 1)?)));
    }
    if cursor.eat("(") {
        let inner = either(cursor, depth - 1)?;
        cursor.skip_blanks();
        cursor.expect(")", "')' was expected")?;
        return Ok(inner);
    }
    let left = operand(cursor)?;
    cursor.skip_blanks();
    if cursor.eat("=~") {
        cursor.skip_blanks();
        return Ok(Filter::Matches(left, pattern(cursor)?));
    }
    const COMPARATORS: [(&str, Comparator); 9] = [
        ("==", Comparator::Equal),
        ("!=", Comparator::NotEqual),
        ("<=", Comparator::LessOrEqual),
        (">=", Comparator::GreaterOrEqual),
        ("<", Comparator::Less),
        (">", Comparator::Greater),
        ("nin ", Comparator::NotIn),
        ("in ", Comparator::In),
        ("in[", Comparator::In),
    ];
    let Some((token, comparator)) = COMPARATORS.iter().find(|(token, _)| cursor.rest().starts_with(token)) else {
        return match left {
            Operand::Literal(_) => cursor.fail("a comparison was expected"),
            path => Ok(Filter::Exists(path)),
        };
    };
    cursor.position += token.trim_end_matches('[').len();
    cursor.skip_blanks();
    Ok(Filter::Compare(left, *comparator, operand(cursor)?))
}

fn operand(cursor: &mut Cursor<'_>) -> Parsed<Operand> {
    if cursor.eat("@") {
        let (segments, function) = segments(cursor)?;
        return Ok(Operand::Current(segments, function));
    }
    if cursor.eat("$") {
        let (segments, function) = segments(cursor)?;
        return Ok(Operand::Document(segments, function));
    }
    match cursor.peek() {
        Some('\'' | '"') => Ok(Operand::Literal(Value::String(cursor.quoted()?))),
        Some('[') => list(cursor),
        _ => word(cursor),
    }
}

fn list(cursor: &mut Cursor<'_>) -> Parsed<Operand> {
    cursor.expect("[", "'[' was expected")?;
    let mut items = Vec::new();
    cursor.skip_blanks();
    while !cursor.eat("]") {
        let item = match cursor.peek() {
            Some('\'' | '"') => Operand::Literal(Value::String(cursor.quoted()?)),
            _ => word(cursor)?,
        };
        if let Operand::Literal(value) = item {
            items.push(value);
        }
        cursor.skip_blanks();
        if !cursor.eat(",") && cursor.peek() != Some(']') {
            return cursor.fail("',' or ']' was expected");
        }
        cursor.skip_blanks();
    }
    Ok(Operand::Literal(Value::Array(items)))
}

/// A number, `true`, `false` or `null`.
fn word(cursor: &mut Cursor<'_>) -> Parsed<Operand> {
    let rest = cursor.rest();
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+')))
        .unwrap_or(rest.len());
    match serde_json::from_str::<Value>(&rest[..end]) {
        Ok(value) => {
            cursor.position += end;
            Ok(Operand::Literal(value))
        }
        Err(_) => cursor.fail("a path or a literal was expected"),
    }
}

/// `/…/` and its flags.
fn pattern(cursor: &mut Cursor<'_>) -> Parsed<Pattern> {
    cursor.expect("/", "a regular expression was expected")?;
    let mut body = String::new();
    loop {
        match cursor.bump() {
            None => return cursor.fail("a regular expression is not closed"),
            Some('/') => break,
            Some('\\') if cursor.peek() == Some('/') => {
                cursor.bump();
                body.push('/');
            }
            Some(c) => body.push(c),
        }
    }
    let ignore_case = cursor.eat("i");
    let whole = format!("^(?:{body})$");
    match RegexBuilder::new(&whole)
        .case_insensitive(ignore_case)
        .size_limit(MAX_PATTERN)
        .dfa_size_limit(MAX_PATTERN)
        .build()
    {
        Ok(regex) => Ok(Pattern(regex)),
        Err(_) => cursor.fail("the regular expression is not valid"),
    }
}

impl Filter {
    /// Whether `candidate`, a value of `document`, satisfies the condition.
    pub(super) fn accepts(&self, candidate: &Value, document: &Value, allowance: &Allowance<'_>) -> bool {
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
    ) -> Option<std::borrow::Cow<'a, Value>> {
        match self {
            Operand::Literal(value) => Some(std::borrow::Cow::Borrowed(value)),
            Operand::Current(segments, function) => select::select(candidate, segments, *function, allowance).ok(),
            Operand::Document(segments, function) => select::select(document, segments, *function, allowance).ok(),
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
            Comparator::In => contains(right, left),
            Comparator::NotIn => !contains(right, left),
        }
    }
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
