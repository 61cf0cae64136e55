use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};

use crate::call::{CallError, CallErrorKind, boxed};

const ACTION: &str = "dynamodb:TransactWriteItems";

/// The times that a transaction is tried which meets another one: within two seconds in all.
const ATTEMPTS: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// The result of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Transacted {
    /// All of it was written.
    Done,
    /// Nothing was: the conditions of these items (by their place) do not hold.
    Refused(Vec<usize>),
}

/// Writes all items or none. What meets another transaction is tried again, after pauses with full jitter.
pub(super) async fn transact(client: &Client, items: Vec<TransactWriteItem>) -> Result<Transacted, CallError> {
    let mut attempt = 1;
    loop {
        let request = client.transact_write_items().set_transact_items(Some(items.clone()));
        let Err(error) = boxed(request.send()).await else {
            return Ok(Transacted::Done);
        };
        let reasons = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled.cancellation_reasons(),
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => &[],
            Some(_) | None => return Err(CallError::from_sdk(ACTION, &error)),
        };
        let refused = places(reasons, &["ConditionalCheckFailed"]);
        if !refused.is_empty() {
            return Ok(Transacted::Refused(refused));
        }
        let passing = [
            "None",
            "TransactionConflict",
            "ThrottlingError",
            "ProvisionedThroughputExceeded",
        ];
        if places(reasons, &passing).len() < reasons.len() {
            return Err(CallError::from_sdk(ACTION, &error));
        }
        if attempt == ATTEMPTS {
            return Err(CallError {
                action: ACTION,
                kind: CallErrorKind::Throttled,
                message: format!("other writes to the same items were in the way {ATTEMPTS} times"),
            });
        }
        pause(attempt).await;
        attempt += 1;
    }
}

/// The places of the reasons with one of these codes.
fn places(reasons: &[CancellationReason], codes: &[&str]) -> Vec<usize> {
    let code = |reason: &CancellationReason| codes.contains(&reason.code().unwrap_or("None"));
    (0..reasons.len()).filter(|&place| code(&reasons[place])).collect()
}

/// Waits before the attempt after this one: longer each time, and by chance, so that those who met do not meet again.
pub(super) async fn pause(attempt: u32) {
    let longest = FIRST_PAUSE
        .saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)))
        .min(LONGEST_PAUSE);
    // without randomness all wait the longest time
    let share = getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX));
    tokio::time::sleep(longest.mul_f64(share)).await;
}
