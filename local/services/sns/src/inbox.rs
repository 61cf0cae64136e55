//! The local inbox: mails that SNS sends, kept in the journal.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sluice_clock::Timestamp;
use sluice_driver::{Driver, DriverError, Order};
use uuid::Uuid;

const MAIL: &str = "mail";
/// The kind of the store for mails that were deleted by hand, until their time is over: a deletion can be taken back.
const DELETED: &str = "mail.deleted";
/// The kind for the ids of mails that were looked at.
const READ: &str = "mail.read";
/// The kind for what became of sending mails through a server.
const DELIVERY: &str = "mail.delivery";

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
    /// The message's attributes, which a mail does not show: `Type` and `Value` by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Value>,
}

/// The id from which on the mails lie that were sent at this time or later.
pub fn first_id_at(at: Timestamp) -> String {
    format!("{:015}", at.max(0))
}

/// The result of sending a mail through a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The server's host and port.
    pub server: String,
    /// The number of attempts.
    pub attempts: u32,
    /// The reason why it was not sent; none: it was.
    pub error: Option<String>,
    /// It is not tried again.
    pub is_over: bool,
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

/// Mails, the oldest first: at most `limit` whose ids come after one.
///
/// # Errors
/// When the journal cannot be read.
pub async fn after(driver: &Driver, id: &str, limit: usize) -> Result<Vec<Mail>, DriverError> {
    let found = driver
        .store()
        .scan(MAIL, Order::Ascending, Some(id.to_owned()), limit)
        .await?;
    Ok(found
        .into_iter()
        .filter_map(|(_, value)| serde_json::from_value(value).ok())
        .collect())
}

/// Returns the result of sending a mail; none: it was not tried.
///
/// # Errors
/// When the journal cannot be read.
pub async fn delivery(driver: &Driver, id: &str) -> Result<Option<Delivery>, DriverError> {
    let noted = driver.store().get(DELIVERY, id).await?;
    Ok(noted.and_then(|value| serde_json::from_value(value).ok()))
}

/// Notes the result of sending a mail.
///
/// # Errors
/// When the journal fails.
pub async fn note_delivery(driver: &Driver, id: &str, delivery: &Delivery) -> Result<(), DriverError> {
    driver.store().put(DELIVERY, id, json!(delivery)).await
}

/// Deletes the mails that were sent before a time, in portions that hold up nobody.
///
/// # Errors
/// When the journal fails.
pub async fn forget(driver: &Driver, before: Timestamp) -> Result<(), DriverError> {
    const PORTION: usize = 64;
    let below = first_id_at(before);
    for kind in [MAIL, DELETED, READ, DELIVERY] {
        // looked at first, since most of the time there is nothing to delete
        while let [(oldest, _)] = &driver.store().scan(kind, Order::Ascending, None, 1).await?[..]
            && *oldest < below
        {
            driver.store().remove_below(kind, &below, PORTION).await?;
        }
    }
    Ok(())
}

/// Deletes the mail with an id, until [`restore`]; returns whether it was there.
///
/// # Errors
/// When the journal fails; the mail is still there then.
pub async fn delete(driver: &Driver, id: &str) -> Result<bool, DriverError> {
    move_to(driver, id, MAIL, DELETED).await
}

/// Takes the deletion of a mail back; returns whether it had been deleted.
///
/// # Errors
/// When the journal fails; the mail is still deleted then.
pub async fn restore(driver: &Driver, id: &str) -> Result<bool, DriverError> {
    move_to(driver, id, DELETED, MAIL).await
}

/// Moves a mail from one kind of the store to another. A crash in between leaves it in both, and never in none.
async fn move_to(driver: &Driver, id: &str, from: &'static str, to: &'static str) -> Result<bool, DriverError> {
    let Some(mail) = driver.store().get(from, id).await? else {
        return Ok(false);
    };
    driver.store().put(to, id, mail).await?;
    driver.store().remove(from, id).await?;
    Ok(true)
}

/// Notes that somebody has looked at a mail.
///
/// # Errors
/// When the journal fails.
pub async fn mark_read(driver: &Driver, id: &str) -> Result<(), DriverError> {
    driver.store().put_if_absent(READ, id, json!(true)).await.map(|_| ())
}

/// The ids of mails that were looked at, the newest first: at most `limit` that are older than the mail with the id
/// `before`. Among as many mails there are no others.
///
/// # Errors
/// When the journal cannot be read.
pub async fn read_ids(driver: &Driver, before: Option<String>, limit: usize) -> Result<Vec<String>, DriverError> {
    let found = driver.store().scan(READ, Order::Descending, before, limit).await?;
    Ok(found.into_iter().map(|(id, _)| id).collect())
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
