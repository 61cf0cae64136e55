//! Stacks: from a template and its parameters to running resources.
//!
//! [`Plan::read`] needs no machine and finds what is wrong with a template before anything is built or started.

mod bring_up;
mod error;
mod keeper;
mod life;
mod plan;
mod runtime_notes;
mod secrets;
mod streams;
mod tasks;
mod urls;

pub(crate) use bring_up::{Surroundings, bring_up, record, serve_urls};
pub use error::StartError;
pub(crate) use keeper::Keeper;
pub(crate) use life::{Course, DELETE_AT, Life, course};
pub(crate) use plan::{ACCOUNT, Known, Plan, exports};
pub use plan::{Plans, StackSource};
pub use runtime_notes::RuntimeNotes;
pub(crate) use streams::check_streams_stay;
pub(crate) use urls::{UrlListener, reachable};
