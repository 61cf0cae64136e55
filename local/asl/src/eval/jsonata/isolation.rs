//! The library's own faults, kept to the expression that meets them.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The error text of an expression that makes the library panic.
pub(super) const FAULT: &str = "Expression evaluation failed internally.";

/// Does `work`; `None` if it panics: such an expression fails, and the state with it. What `work` may have
/// left half done must not be used any more.
pub(super) fn contained<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}
