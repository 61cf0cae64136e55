//! Choice rules.

use serde_json::Value;

use super::{Expression, Name, Path, Template};

/// One entry of `Choices`.
#[derive(Debug)]
pub struct ChoiceRule {
    /// The condition under which it applies.
    pub condition: Condition,
    /// `Assign` of the rule.
    pub assign: Option<Template>,
    /// `Output` of the rule (JSONata).
    pub output: Option<Template>,
    /// `Next`.
    pub next: Name,
}

/// The condition of a rule.
#[derive(Debug)]
pub enum Condition {
    /// JSONata's `Condition` as an expression; must give a boolean.
    Expression(Box<Expression>),
    /// JSONata's `Condition` as a plain boolean.
    Constant(bool),
    /// `And`.
    And(Vec<Condition>),
    /// `Or`.
    Or(Vec<Condition>),
    /// `Not`.
    Not(Box<Condition>),
    /// `Variable` and one comparison.
    Test(Comparison),
}

/// `Variable`, an operator and what it is compared with.
#[derive(Debug)]
pub struct Comparison {
    /// `Variable`.
    pub variable: Path,
    /// The comparison.
    pub operator: Operator,
    /// The right side.
    pub operand: Operand,
}

/// The right side of a comparison.
#[derive(Debug)]
pub enum Operand {
    /// Written in the definition.
    Constant(Value),
    /// The `…Path` variants.
    Path(Path),
}

/// The comparisons; the `…Path` forms are the same operator with [`Operand::Path`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names are the language's
pub enum Operator {
    StringEquals,
    StringLessThan,
    StringGreaterThan,
    StringLessThanEquals,
    StringGreaterThanEquals,
    StringMatches,
    NumericEquals,
    NumericLessThan,
    NumericGreaterThan,
    NumericLessThanEquals,
    NumericGreaterThanEquals,
    BooleanEquals,
    TimestampEquals,
    TimestampLessThan,
    TimestampGreaterThan,
    TimestampLessThanEquals,
    TimestampGreaterThanEquals,
    IsNull,
    IsPresent,
    IsNumeric,
    IsString,
    IsBoolean,
    IsTimestamp,
}
