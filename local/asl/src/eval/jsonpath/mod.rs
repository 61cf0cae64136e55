//! JSONPath as Step Functions speaks it: Jayway's dialect over the input, the context object or a variable.
//!
//! Jayway differs from RFC 9535 where it matters here: a definite path that finds nothing is an error with its own
//! text, an indefinite one gives `[]`; filters also test objects; names may hold hyphens; `=~` and `in` exist. Hence
//! no RFC library underneath.

mod allowance;
mod filter;
mod parse;
mod select;

use std::sync::Arc;

use serde_json::Value;

use super::Scope;
use allowance::Allowance;
use filter::Filter;

pub use parse::PathSyntaxError;
pub(crate) use parse::{parse_steps, reference_steps};
pub(crate) use select::{Found, Missing};

/// A compiled JSONPath.
///
/// Syntax: [Using JSONPath paths](https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html).
#[derive(Debug)]
pub struct JsonPathQuery {
    text: Box<str>,
    root: Root,
    segments: Vec<Segment>,
    function: Option<Function>,
}

/// What a path starts from.
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
enum Segment {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Length,
    Min,
    Max,
    Avg,
    Sum,
}

impl JsonPathQuery {
    /// Compiles `text`.
    ///
    /// ```
    /// use sluice_asl::eval::{JsonPathQuery, Root};
    ///
    /// let path = JsonPathQuery::parse("$.orders[0].price")?;
    /// assert_eq!(*path.root(), Root::Input);
    /// assert!(path.is_definite() && path.is_reference());
    /// assert!(!JsonPathQuery::parse("$.orders[*].price")?.is_definite());
    /// # Ok::<(), sluice_asl::eval::PathSyntaxError>(())
    /// ```
    ///
    /// # Errors
    /// When it is not a path, or one that Step Functions does not know.
    pub fn parse(text: &str) -> Result<Self, PathSyntaxError> {
        parse::parse_query(text)
    }

    /// The path as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it starts from.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Whether it names at most one value.
    pub fn is_definite(&self) -> bool {
        self.segments
            .iter()
            .all(|s| matches!(s, Segment::Member(_) | Segment::Index(_)))
    }

    /// Whether it is a reference path: member names and array indices that are not negative, and nothing else.
    pub fn is_reference(&self) -> bool {
        self.function.is_none()
            && self.segments.iter().all(|s| match s {
                Segment::Member(_) => true,
                Segment::Index(i) => *i >= 0,
                _ => false,
            })
    }

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
        select::select(root, &self.segments, self.function, &Allowance::new(scope.stop))
    }
}

#[cfg(test)]
mod tests;
