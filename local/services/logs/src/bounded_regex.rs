//! Regular expressions of strangers.

use regex::{Regex, RegexBuilder};

/// The most bytes that one may need once compiled.
const MOST_BYTES: usize = 1 << 20;

/// Compiles a regular expression, whose size is bounded; matching takes time that grows with the message alone.
///
/// # Errors
/// The problem, in words.
pub(crate) fn regex(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text)
        .size_limit(MOST_BYTES)
        .build()
        .map_err(|error| format!("Invalid filter pattern: {error}"))
}
