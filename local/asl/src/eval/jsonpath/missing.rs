//! Paths that find nothing.

/// The reason for which a definite path found nothing, in Jayway's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing(pub(crate) String);
