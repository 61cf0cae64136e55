//! Receipt handles: one receive of one message of one queue, sealed.

use sluice_streams::Receipt;
use sluice_wire::PageToken;

use crate::SqsError;

pub(crate) fn seal(queue: &str, receipt: Receipt) -> String {
    PageToken::of(&["ReceiptHandle", queue]).seal(&format!("{}/{}", receipt.message, receipt.receives))
}

pub(crate) fn open(queue: &str, handle: Option<&str>) -> Result<Receipt, SqsError> {
    let handle = handle.ok_or(SqsError::MissingParameter("ReceiptHandle"))?;
    let read = || {
        let place = PageToken::of(&["ReceiptHandle", queue]).open(handle)?;
        let (message, receives) = place.split_once('/')?;
        Some(Receipt {
            message: message.parse().ok()?,
            receives: receives.parse().ok()?,
        })
    };
    read().ok_or_else(|| SqsError::ReceiptHandleIsInvalid(handle.to_owned()))
}
