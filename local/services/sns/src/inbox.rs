//! The local inbox: mails that SNS sends, kept in the journal.

use serde::{Deserialize, Serialize};
use serde_json::json;
use sluice_clock::Timestamp;
use sluice_driver::{Driver, DriverError, Order};
use uuid::Uuid;

const MAIL: &str = "mail";

/// A mail. Its JSON is what the console answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Later mails have larger ids.
    pub id: String,
    /// The address.
    pub to: String,
    /// One line of ASCII.
    pub subject: String,
    /// Plain text, exactly as it was published; for `email-json` SNS's envelope.
    pub text: String,
    /// RFC 3339, on the engine's clock.
    pub sent_at: String,
    /// The topic it came from.
    pub topic_arn: String,
    /// The message's id, which Publish answered.
    pub message_id: String,
}

/// The id from which on the mails lie that were sent at this time or later.
pub fn first_id_at(at: Timestamp) -> String {
    format!("{:015}", at.max(0))
}

/// An id that sorts by time: milliseconds with leading zeros, and a random part.
pub(crate) fn new_id(now: Timestamp, random: Uuid) -> String {
    format!("{now:015}-{}", random.simple())
}

pub(crate) async fn put(driver: &Driver, mail: &Mail) -> Result<(), DriverError> {
    driver.store().put(MAIL, &mail.id, json!(mail)).await
}

/// Mails, the newest first: at most `limit` that are older than the mail with the id `before`.
///
/// # Errors
/// When the journal cannot be read.
pub async fn list(driver: &Driver, before: Option<String>, limit: usize) -> Result<Vec<Mail>, DriverError> {
    let found = driver.store().scan(MAIL, Order::Descending, before, limit).await?;
    Ok(found
        .into_iter()
        .filter_map(|(_, value)| serde_json::from_value(value).ok())
        .collect())
}

/// Deletes the mails that were sent before a time, in portions that hold up nobody.
///
/// # Errors
/// When the journal fails.
pub async fn forget(driver: &Driver, before: Timestamp) -> Result<(), DriverError> {
    const PORTION: usize = 64;
    let below = first_id_at(before);
    // looked at first, since most of the time there is nothing to delete
    while let [(oldest, _)] = &driver.store().scan(MAIL, Order::Ascending, None, 1).await?[..]
        && *oldest < below
    {
        driver.store().remove_below(MAIL, &below, PORTION).await?;
    }
    Ok(())
}

/// The mail with an id.
///
/// # Errors
/// When the journal cannot be read.
pub async fn get(driver: &Driver, id: &str) -> Result<Option<Mail>, DriverError> {
    Ok(driver
        .store()
        .get(MAIL, id)
        .await?
        .and_then(|value| serde_json::from_value(value).ok()))
}
