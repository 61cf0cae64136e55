//! The Lambda functions that the state machine invokes, one module each, and those that a schedule (`approval_metrics`, `send_mails`)
//! or a rule (`record_failure`) invokes; the binaries in `src/bin` are thin.
//!
//! Each function takes the payload that `workflows/ingest.asl.json` gives it and answers one of the contract types of
//! `sluice-workflows`. What goes wrong is a `Fault` with a name that `ErrorEquals` matches.

pub mod approval_metrics;
pub mod close_approval;
mod mail;
pub mod mailing;
pub mod record_failure;
pub mod remind;
pub mod request_approval;
pub mod send_mails;
pub mod store;
mod submission_table;
mod summary;
#[cfg(test)]
mod testing;
mod times;
pub mod validate;

pub use submission_table::SubmissionTable;
