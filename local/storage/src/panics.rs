//! Panics as errors.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A panic that was caught.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Panicked {
    /// The panic's message.
    pub message: String,
}

impl Panicked {
    /// The error of a panic with this payload.
    pub fn new(payload: &(dyn Any + Send)) -> Self {
        let message = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
            (Some(text), _) => (*text).to_owned(),
            (_, Some(text)) => text.clone(),
            (None, None) => "it panicked".to_owned(),
        };
        Self { message }
    }
}

/// Does some work, and turns a panic into an error. The caller throws away what the work may have left half done.
///
/// # Errors
/// When the work panics.
///
/// ```
/// let halves = |n: u32| sluice_storage::catch_panic(move || 12 / n);
/// assert_eq!(halves(3), Ok(4));
/// assert!(halves(0).is_err_and(|panicked| panicked.message.contains("divide by zero")));
/// ```
pub fn catch_panic<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| Panicked::new(payload.as_ref()))
}
