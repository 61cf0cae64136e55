//! Pages of Step Functions' lists: `maxResults` and `nextToken`.

use std::ops::RangeInclusive;
use std::str::FromStr;

use sluice_wire::{Constraints, PageToken};

use crate::StatesError;

/// The items that AWS lists when `maxResults` is absent or 0.
const DEFAULT: u32 = 100;
/// The length of a token.
const TOKEN: RangeInclusive<usize> = 1..=1_024;

/// The page that a request asks for.
#[derive(Debug)]
pub(crate) struct Paging {
    /// The items of a page, once the constraints are found to be kept.
    pub(crate) limit: usize,
    pub(crate) next_token: Option<String>,
}

impl Paging {
    /// Takes `maxResults` and `nextToken` of a request.
    pub(crate) fn of(constraints: &mut Constraints, max_results: Option<i64>, next_token: Option<String>) -> Self {
        Self::with_token_length(constraints, max_results, next_token, TOKEN)
    }

    /// Takes them where tokens have another length.
    pub(crate) fn with_token_length(
        constraints: &mut Constraints,
        max_results: Option<i64>,
        next_token: Option<String>,
        length: RangeInclusive<usize>,
    ) -> Self {
        Self {
            limit: page_size(constraints, max_results),
            next_token: constraints.optional_text("nextToken", next_token, length),
        }
    }

    /// The place in the list at which the page begins; none: at the list's beginning.
    ///
    /// # Errors
    /// `InvalidToken` for a token of another list.
    pub(crate) fn start<T: FromStr>(&self, token: &PageToken<'_>) -> Result<Option<T>, StatesError> {
        let invalid = || StatesError::InvalidToken("Invalid token".into());
        let Some(text) = &self.next_token else {
            return Ok(None);
        };
        let place = token.open(text).ok_or_else(invalid)?;
        place.parse().map(Some).map_err(|_| invalid())
    }
}

/// Takes `maxResults`: the items of a page, once the constraints are found to be kept.
pub(crate) fn page_size(constraints: &mut Constraints, max_results: Option<i64>) -> usize {
    match constraints.number("maxResults", max_results, 0..=1000, DEFAULT) {
        0 => DEFAULT as usize,
        limit => limit as usize,
    }
}
