//! Queries: segments, filters and the functions at their ends.

use std::sync::Arc;

use regex::Regex;
use serde_json::Value;

/// A compiled JSONPath.
///
/// Syntax: [Using JSONPath paths](https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html).
#[derive(Debug)]
pub struct JsonPathQuery {
    pub(super) text: Box<str>,
    pub(super) root: Root,
    pub(super) segments: Vec<Segment>,
    pub(super) function: Option<Function>,
}

/// The start of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// `$`: the state's input (for `ResultSelector`: its result).
    Input,
    /// `$$`: the context object.
    Context,
    /// `$name`: a variable.
    Variable(Arc<str>),
}

/// One step of a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Segment {
    Member(String),
    Members(Vec<String>),
    Index(i64),
    Indexes(Vec<i64>),
    Slice {
        from: Option<i64>,
        to: Option<i64>,
    },
    Wildcard,
    Filter(Filter),
    /// `..`: the segments that follow it apply to every value below, the value itself included.
    Descend,
}

/// A function at the end of a path, such as `$.items.length()`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Function {
    Length,
    Min,
    Max,
    Avg,
    Sum,
    StandardDeviation,
    Keys,
    First,
    Last,
    /// `index(n)`, from the end when negative.
    Index(i64),
    /// `concat(…)`: the texts that were found, then those of the arguments.
    Concat(Vec<Operand>),
}

/// One step of a reference path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `.name` or `['name']`.
    Member(String),
    /// `[0]`.
    Index(usize),
}

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
    /// `===`: the same type as well.
    Identical,
    NotIdentical,
    In,
    NotIn,
    /// A list or a text that holds the right side.
    Contains,
    /// A list that holds all of the right side.
    All,
    SubsetOf,
    AnyOf,
    NoneOf,
    /// The length of a list or text.
    Size,
    /// That a list or text is empty, or is not.
    Empty,
}

/// A regular expression that must match the whole text, as Java's `matches()` does.
#[derive(Debug, Clone)]
pub(super) struct Pattern(pub(super) Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl JsonPathQuery {
    /// The path as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its start.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Tells whether it names at most one value.
    pub fn is_definite(&self) -> bool {
        self.segments
            .iter()
            .all(|s| matches!(s, Segment::Member(_) | Segment::Index(_)))
    }

    /// Tells whether it looks for values: with wildcards, at every depth, or with a function at its end.
    pub fn searches(&self) -> bool {
        let looks = |segment: &Segment| matches!(segment, Segment::Wildcard | Segment::Descend);
        self.function.is_some() || self.segments.iter().any(looks)
    }

    /// Tells whether it is a reference path: member names and array indices that are not negative, and nothing else.
    pub fn is_reference(&self) -> bool {
        self.function.is_none()
            && self.segments.iter().all(|s| match s {
                Segment::Member(_) => true,
                Segment::Index(i) => *i >= 0,
                _ => false,
            })
    }
}
