//! Stacks: from a template and its parameters to running resources.
//!
//! [`Plan::read`] needs no machine and finds what is wrong with a template before anything is built or started.

mod binaries;
mod bring_up;
mod error;
mod lifecycle;
mod plan;
mod runtime_notes;
mod secrets;
mod streams;
mod supervisor;
mod tasks;
mod urls;

pub use binaries::{Binaries, BinaryPlaces, FoundBinaries};
pub(crate) use bring_up::{RuntimeEnvironment, bring_up, record, serve_urls};
pub use error::StartError;
pub(crate) use lifecycle::{DELETE_AT, Lifecycle, StackAction, decide};
pub(crate) use plan::{ACCOUNT, Plan, RuntimeValues, exports};
pub use plan::{FunctionCode, Plans, StackSource};
pub use runtime_notes::RuntimeNotes;
pub(crate) use streams::check_streams_stay;
pub(crate) use supervisor::Supervisor;
pub(crate) use urls::{UrlListener, reachable};
