//! The typed definition of a state machine: a closed set of eight state types, every string parsed once.
//!
//! Names follow the States Language. A value that the language lets be either a constant or an expression is one
//! [`Template`] or [`Dynamic`]; what a `…Path` field says and what its JSONata twin says end up in the same place.

mod choice;
mod resource;
mod states;
mod template;

use std::sync::Arc;

use indexmap::IndexMap;

pub use crate::eval::Step;
pub use choice::{ChoiceRule, Comparison, Condition, Operand, Operator};
pub use resource::{IntegrationPattern, Resource};
pub use states::{
    Catcher, Choice, Fail, ItemBatcher, Map, MapProcessor, Parallel, Pass, ProcessorMode, Retrier, State, StateKind,
    Succeed, Task, Tolerance, Wait, WaitFor,
};
pub use template::{Dynamic, Expression, ExpressionKind, Path, ReferencePath, Template};

/// The name of a state, unique in the whole machine.
pub type Name = Arc<str>;

/// The language in which a state reads and writes its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryLanguage {
    /// `InputPath`, `Parameters`, `ResultSelector`, `ResultPath`, `OutputPath` and intrinsic functions.
    JsonPath,
    /// `Arguments`, `Output` and `{% … %}`.
    Jsonata,
}

/// A whole state machine definition.
#[derive(Debug)]
pub struct StateMachine {
    /// `Comment`.
    pub comment: Option<String>,
    /// `TimeoutSeconds` of the execution as a whole; none: only AWS's year.
    pub timeout_seconds: Option<u64>,
    /// The default query language of its states.
    pub query_language: QueryLanguage,
    /// Its states.
    pub flow: Flow,
    /// It has an expression whose cost may grow faster than the data that it reads.
    pub costly: bool,
}

/// States that run together: a machine's own, a Parallel branch's or a Map processor's.
#[derive(Debug)]
pub struct Flow {
    /// `StartAt`.
    pub start_at: Name,
    /// The states in the order of the document.
    pub states: IndexMap<Name, Arc<State>>,
}

/// The way out of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transition {
    /// `Next`.
    Next(Name),
    /// `End: true` (and every Succeed).
    End,
}
