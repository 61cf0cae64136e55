//! Constants and expressions, compiled once.

use serde_json::Value;

use crate::eval::{IntrinsicCall, JsonPathQuery, JsonataProgram, Step};

/// A field that is a constant or comes out of an evaluation, with the type it must have.
#[derive(Debug)]
pub enum Dynamic<T> {
    /// Written in the definition.
    Constant(T),
    /// To be evaluated (a `…Path` field, an intrinsic, or JSONata).
    Expression(Expression),
    /// A JSON structure with expressions inside (JSONata's `Items` as an array of templates).
    Template(Template),
}

/// A payload template: `Parameters`, `ResultSelector`, `ItemSelector`, `Arguments`, `Output`, `Assign`, `BatchInput`.
#[derive(Debug)]
pub enum Template {
    /// No expression anywhere below.
    Constant(Value),
    /// An object; keys without their `.$`.
    Object(Vec<(String, Template)>),
    /// An array.
    Array(Vec<Template>),
    /// One expression.
    Expression(Box<Expression>),
}

/// One expression with its place, which the error messages name.
#[derive(Debug)]
pub struct Expression {
    /// The field it was written for, as AWS names it in causes and in `EvaluationFailed`'s `location`: `Output`,
    /// `Arguments/foo/bar`, `value.$`, `SecondsPath`.
    pub field: String,
    /// The text as written, without `{%` and `%}` for JSONata.
    pub source: String,
    /// Compiled.
    pub kind: ExpressionKind,
}

/// The kinds of expressions.
#[derive(Debug)]
pub enum ExpressionKind {
    /// `$.a.b`, `$$.State.Name`, `$variable.x`.
    Path(Path),
    /// `States.Format(…)`.
    Intrinsic(IntrinsicCall),
    /// `{% … %}`.
    Jsonata(JsonataProgram),
}

/// A JSONPath as a state uses it, or `null`, which for `InputPath` and `OutputPath` means `{}`.
#[derive(Debug)]
pub enum Path {
    /// `null`.
    Null,
    /// A query over the input, the context object or a variable.
    Query(JsonPathQuery),
}

/// `ResultPath`: where a result goes into the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferencePath {
    /// `$` or absent: the result replaces the input.
    Root,
    /// `null`: the result is dropped, the input stays.
    Discard,
    /// `$.a.b[0]`: put there.
    Steps(Vec<Step>),
}
