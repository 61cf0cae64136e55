use super::item::{integer, number};
use super::table::{Approvals, Updated};
use crate::call::CallError;

const ID: &str = "budget#mail";

/// The parts of a token that are counted, so that a minute's share of any number of mails is whole.
const PARTS: i64 = 60_000;

/// The most mails at once: with a digest beside them they stay below the ten a second at which SNS suspends a subscription.
const BURST: u32 = 6;

/// The times that a token is tried for while others take theirs. Whoever gets none waits for the digest.
const ATTEMPTS: usize = 5;

/// The tokens that mails are paid with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bucket {
    /// Thousandths of a second's share: [`PARTS`] make a token.
    parts: i64,
    refilled_at_ms: i64,
}

impl Bucket {
    fn capacity(per_minute: u32) -> i64 {
        i64::from(per_minute.min(BURST)) * PARTS
    }

    fn full(per_minute: u32, now_ms: i64) -> Self {
        Bucket {
            parts: Self::capacity(per_minute),
            refilled_at_ms: now_ms,
        }
    }

    /// The bucket at a later time. A clock that goes back fills nothing and takes nothing.
    fn refilled(self, per_minute: u32, now_ms: i64) -> Self {
        let passed = (now_ms - self.refilled_at_ms).max(0);
        let parts = self.parts.saturating_add(passed.saturating_mul(per_minute.into()));
        Bucket {
            parts: parts.min(Self::capacity(per_minute)),
            refilled_at_ms: self.refilled_at_ms.max(now_ms),
        }
    }
}

impl Approvals {
    /// Takes the right to send one mail out of the budget of `per_minute`, at `now_ms` (milliseconds since 1970). After a quiet
    /// minute so many may go out at once, but never more than six.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer. A token may then be lost.
    pub async fn take_mail_token(&self, per_minute: u32, now_ms: i64) -> Result<bool, CallError> {
        for _ in 0..ATTEMPTS {
            let row = self.item(ID).await?;
            let held = row.as_ref().and_then(|row| {
                Some(Bucket {
                    parts: integer(row, "parts")?,
                    refilled_at_ms: integer(row, "refilled_at_ms")?,
                })
            });
            let bucket = held.unwrap_or_else(|| Bucket::full(per_minute, now_ms));
            let bucket = bucket.refilled(per_minute, now_ms);
            if bucket.parts < PARTS {
                return Ok(false);
            }
            let mut update = self
                .update(ID)
                .update_expression("SET parts = :parts, refilled_at_ms = :now")
                .expression_attribute_values(":parts", number(bucket.parts - PARTS))
                .expression_attribute_values(":now", number(bucket.refilled_at_ms));
            update = match held {
                Some(held) => update
                    .condition_expression("parts = :held AND refilled_at_ms = :then")
                    .expression_attribute_values(":held", number(held.parts))
                    .expression_attribute_values(":then", number(held.refilled_at_ms)),
                None => update.condition_expression("attribute_not_exists(id)"),
            };
            if matches!(self.send(update).await?, Updated::Yes(_)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
