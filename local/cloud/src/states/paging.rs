//! What the lists of Step Functions have in common: how long a page is, and where it begins.

use std::str::FromStr;

use super::StatesError;
use crate::endpoint::{Constraints, PageToken};

/// What AWS lists when `maxResults` is absent or 0.
const DEFAULT: u32 = 100;

/// `maxResults` as a number of items, once the constraints are found to be kept.
pub(super) fn page_size(constraints: &mut Constraints, max_results: Option<i64>) -> usize {
    match constraints.number("maxResults", max_results, 0..=1000, DEFAULT) {
        0 => DEFAULT as usize,
        limit => limit as usize,
    }
}

/// Cuts what was read, which is one more than fits if there is more, to a page. Whether another follows.
pub(super) fn cut<T>(items: &mut Vec<T>, limit: usize) -> bool {
    let more = items.len() > limit;
    items.truncate(limit);
    more
}

/// The place in the list that a token names.
///
/// # Errors
/// `InvalidToken` for a token of another list.
pub(super) fn open_token(token: &PageToken<'_>, text: Option<&str>) -> Result<Option<String>, StatesError> {
    match text {
        None => Ok(None),
        Some(text) => match token.open(text) {
            Some(place) => Ok(Some(place)),
            None => Err(StatesError::InvalidToken("Invalid token".into())),
        },
    }
}

/// A place in a list that is a number.
///
/// # Errors
/// `InvalidToken` for a place that is none.
pub(super) fn place<T: FromStr>(text: Option<String>) -> Result<Option<T>, StatesError> {
    let invalid = |_| StatesError::InvalidToken("Invalid token".into());
    text.map(|text| text.parse().map_err(invalid)).transpose()
}
