//! Pages of SNS's lists.

use sluice_wire::{Form, PageToken};

use crate::SnsError;

/// The items that AWS lists at a time.
pub(crate) const PAGE: usize = 100;

/// The place in the list that `NextToken` names.
///
/// # Errors
/// `InvalidParameter` for a token of another list.
pub(crate) fn start(token: &PageToken<'_>, form: &Form) -> Result<Option<String>, SnsError> {
    match form.filled("NextToken") {
        None => Ok(None),
        Some(text) => match token.open(text) {
            Some(place) => Ok(Some(place)),
            None => Err(SnsError::InvalidParameter("NextToken".into())),
        },
    }
}
