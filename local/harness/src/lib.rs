//! Sluice in a test: a whole runtime in the test's own process, on free ports, in a directory that goes with it.
//!
//! Each test starts one of its own, with its own stack, so tests run side by side. Nothing waits for the wall's clock: days pass by
//! [`Sluice::advance`], and [`Sluice::wait`] returns when an execution has ended. All calls block, in plain tests and in asynchronous
//! ones. AWS's SDKs work against [`Sluice::endpoint`].
//!
//! ```
//! use serde_json::json;
//! use sluice_harness::Sluice;
//!
//! let sluice = Sluice::start()?;
//! let machine = sluice.create_state_machine("greet", &json!({
//!     "QueryLanguage": "JSONata", "StartAt": "Greet",
//!     "States": {"Greet": {"Type": "Pass", "Output": "{% 'hello, ' & $states.input.name %}", "End": true}},
//! }))?;
//! let ended = sluice.run(&machine, json!({"name": "Ada"}))?;
//! assert_eq!(ended.output, Some(json!("hello, Ada")));
//! # Ok::<(), sluice_harness::HarnessError>(())
//! ```
//!
//! A stack of one's own comes from its template: see [`Builder`], and `tests/greeting.rs` of this crate for a whole test.

mod builder;
mod error;
mod execution;
mod sluice;

pub use builder::Builder;
pub use error::HarnessError;
pub use execution::Execution;
pub use sluice::{Mail, Sluice};
