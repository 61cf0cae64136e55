//! The response of operations that answer with nothing.

use serde::Serialize;

/// An object without members.
#[derive(Debug, Serialize)]
pub(crate) struct Empty {}
