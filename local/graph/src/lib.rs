//! Drawings of state machines: a definition laid out in layers and written as SVG, alone or with what happened in an
//! execution.
//!
//! Pure: text in, text out; the same definition gives the same picture. The definition is read as JSON and not by the
//! language's parser, so that one with `${…}` placeholders, as templates have them, is drawn too.
//!
//! ```
//! use sluice_graph::{Definition, Drawing, Overlay, StateMark, StateStatus};
//!
//! let definition = Definition::parse(
//!     r#"{ "StartAt": "Greet", "States": { "Greet": { "Type": "Pass", "End": true } } }"#,
//! )?;
//! let drawing = Drawing::of(&definition);
//! assert!(drawing.document("Greeting").starts_with("<svg"));
//!
//! let mut overlay = Overlay::default();
//! overlay.states.insert("Greet".to_owned(), StateMark::new(StateStatus::Succeeded));
//! assert!(drawing.svg("Greeting", Some(&overlay)).into_string().contains("succeeded"));
//! # Ok::<(), sluice_graph::GraphError>(())
//! ```

mod condition;
mod definition;
mod drawing;
mod layers;
mod overlay;
mod plan;
mod route;
mod style;
mod svg;
mod text;

pub use definition::{Definition, Edge, EdgeKind, Flow, GraphError, State, StateType};
pub use drawing::Drawing;
pub use overlay::{Overlay, StateMark, StateStatus, Step};
pub use style::STYLE;
