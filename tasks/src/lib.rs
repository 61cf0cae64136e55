//! The Lambda functions that the state machine invokes, one module each, and `approval_metrics`, which a schedule invokes; the
//! binaries in `src/bin` are thin.
//!
//! Each function takes the payload that `workflows/ingest.asl.json` gives it and answers one of the contract types of
//! `sluice-workflows`. What goes wrong is a `Fault` with a name that `ErrorEquals` matches.

pub mod approval_metrics;
mod mail;
pub mod request_approval;
pub mod store;
mod times;
pub mod validate;
