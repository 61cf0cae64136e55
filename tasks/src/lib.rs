//! The Lambda functions that the state machine invokes, one module each, and `approval_metrics` and `record_failure`, which a schedule
//! and a rule invoke; the
//! binaries in `src/bin` are thin.
//!
//! Each function takes the payload that `workflows/ingest.asl.json` gives it and answers one of the contract types of
//! `sluice-workflows`. What goes wrong is a `Fault` with a name that `ErrorEquals` matches.

pub mod approval_metrics;
mod mail;
pub mod record_failure;
pub mod request_approval;
pub mod store;
mod submission_table;
mod times;
pub mod validate;

pub use submission_table::SubmissionTable;
