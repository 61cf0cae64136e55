//! Amazon States Language, pure: JSON to a typed [`StateMachine`] or [`Diagnostics`], and the evaluation of what a
//! state says about its data: JSONPath, intrinsic functions, payload templates, JSONata, choice rules.
//!
//! No IO, no clock, no randomness: the time and the entropy of an evaluation arrive in its [`Scope`]. Follows the
//! [Amazon States Language specification](https://states-language.net/) and, where AWS differs, AWS.
//!
//! ```
//! use sluice_asl::{StateKind, StateMachine};
//!
//! let machine = StateMachine::parse(
//!     r#"{ "StartAt": "Greet", "States": { "Greet": { "Type": "Pass", "Result": "hello", "End": true } } }"#,
//! )?;
//! let first = &machine.flow.states[&machine.flow.start_at];
//! assert_eq!(&*first.name, "Greet");
//! assert!(matches!(first.kind, StateKind::Pass(_)));
//! # Ok::<(), sluice_asl::Diagnostics>(())
//! ```

pub mod definition;
pub mod diagnostics;
pub mod eval;
mod evaluate;
mod parse;
mod references;
mod size;

pub use definition::{Flow, QueryLanguage, State, StateKind, StateMachine, Transition};
pub use diagnostics::{Diagnostic, DiagnosticCode, Diagnostics, Severity};
pub use eval::{EvalError, Scope, Variables, parse_timestamp};
pub use evaluate::MapItems;
pub use parse::{MachineType, Occasion, ParseOptions};
pub use size::{nests_deeper, serialized_len};
