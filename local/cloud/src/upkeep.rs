//! Looking after a data directory: whether it is whole, and copies of it.

mod backup;
mod check;

pub use backup::{BackupError, backup};
pub use check::{CheckError, DatabaseReport, FindingReport, Report, check};
