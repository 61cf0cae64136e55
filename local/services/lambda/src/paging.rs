//! `MaxItems` and `Marker` of Lambda's lists.

use sluice_wire::{Form, PageToken, shortened};

use crate::LambdaError;

/// The items that a page is to hold.
///
/// # Errors
/// `InvalidParameterValueException` for what is no number from 1 to 10,000.
pub fn max_items(query: &Form, default: usize) -> Result<usize, LambdaError> {
    let Some(text) = query.filled("MaxItems") else {
        return Ok(default);
    };
    let limit = text.parse().ok().filter(|limit| (1..=10_000).contains(limit));
    limit
        .ok_or_else(|| LambdaError::InvalidParameter(format!("MaxItems must be 1 to 10000, not {:?}", shortened(text))))
}

/// The place in the list that `Marker` names.
///
/// # Errors
/// `InvalidParameterValueException` for a marker of another list.
pub fn marker(query: &Form, token: &PageToken<'_>) -> Result<Option<String>, LambdaError> {
    let Some(marker) = query.filled("Marker") else {
        return Ok(None);
    };
    let place = token.open(marker);
    let refused = || LambdaError::InvalidParameter("Marker is not one that a page gave out".into());
    place.map(Some).ok_or_else(refused)
}
