use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};

use super::item::{count, integer, number, optional_string, text};
use super::links::{LinkPurpose, link_id};
use super::table::{Approvals, SHARDS, UPDATE, Updated, shard};
use super::transaction::{Transacted, transact};
use crate::call::CallError;
use crate::secret::SecretHash;

const WANTED: &str = "digest#wanted";
const SENT: &str = "digest#sent";

/// The most mails in place of others that wait to be sent.
const MOST_WANTED: i64 = 100;

/// The mails that wait for the next digest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PendingDigest {
    /// The requests that no mail of their own went out about.
    pub requests: u64,
    /// The reminders.
    pub reminders: u64,
    /// The escalations.
    pub escalations: u64,
    /// The time since which the oldest waits, in milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// The time at which the last digest went out, in milliseconds since 1970.
    pub last_sent_ms: Option<i64>,
    /// The mails that were asked for in place of links.
    pub wanted: Vec<WantedMail>,
    parts: Vec<Part>,
}

/// The mails that wait in one part.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    id: String,
    counts: [u64; 3],
}

/// The names of a part's counts.
const COUNTS: [&str; 3] = ["requests", "reminders", "escalations"];

/// A mail that was asked for in place of a link that does not work any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedMail {
    /// In place of this link.
    Link(SecretHash),
    /// In place of the links that an older build sent about this approval.
    Approval(String),
}

/// The result of asking for a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// It will be sent.
    Noted,
    /// It was asked for before.
    Before,
    /// Too many wait to be sent. Nothing was noted.
    TooMany,
}

impl WantedMail {
    fn encoded(&self) -> String {
        match self {
            WantedMail::Link(hash) => format!("link:{}", hash.as_str()),
            WantedMail::Approval(id) => format!("approval:{id}"),
        }
    }

    fn decoded(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("link", hash) => Some(WantedMail::Link(SecretHash::from_table(hash))),
            ("approval", id) => Some(WantedMail::Approval(id.to_owned())),
            _ => None,
        }
    }

    /// The item that remembers that it was asked for.
    fn item_id(&self) -> String {
        match self {
            WantedMail::Link(hash) => link_id(hash),
            WantedMail::Approval(id) => id.clone(),
        }
    }
}

impl Approvals {
    /// Leaves a mail about approval `id` to the next digest.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it.
    pub async fn defer_mail(&self, id: &str, purpose: LinkPurpose, now_ms: i64) -> Result<(), CallError> {
        let name = match purpose {
            LinkPurpose::Reminder => "reminders",
            LinkPurpose::Escalation => "escalations",
            LinkPurpose::Request
            | LinkPurpose::Digest
            | LinkPurpose::Replacement
            | LinkPurpose::Operator
            | LinkPurpose::Next => "requests",
        };
        let update = self
            .update(&part_id(shard(id)))
            .update_expression("SET since_ms = if_not_exists(since_ms, :now) ADD #count :one")
            .expression_attribute_names("#count", name)
            .expression_attribute_values(":now", number(now_ms))
            .expression_attribute_values(":one", number(1));
        self.send(update).await.map(|_| ())
    }

    /// Asks for a mail in place of a link, once for each link.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it.
    pub async fn want_mail(&self, wanted: &WantedMail) -> Result<Wanted, CallError> {
        let broken = |error: aws_sdk_dynamodb::error::BuildError| CallError::unreadable(UPDATE, error.to_string());
        let remember = Update::builder()
            .table_name(&self.table)
            .key("id", text(&wanted.item_id()))
            .update_expression("SET replaced = :true")
            .condition_expression("attribute_exists(id) AND attribute_not_exists(replaced)")
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .build()
            .map_err(broken)?;
        let note = Update::builder()
            .table_name(&self.table)
            .key("id", text(WANTED))
            .update_expression("ADD mails :mail")
            .condition_expression("attribute_not_exists(mails) OR size(mails) < :most")
            .expression_attribute_values(":mail", AttributeValue::Ss(vec![wanted.encoded()]))
            .expression_attribute_values(":most", number(MOST_WANTED))
            .build()
            .map_err(broken)?;
        let items = [remember, note].map(|update| TransactWriteItem::builder().update(update).build());
        Ok(match transact(&self.client, items.to_vec()).await? {
            Transacted::Done => Wanted::Noted,
            Transacted::Refused(places) if places.contains(&0) => Wanted::Before,
            Transacted::Refused(_) => Wanted::TooMany,
        })
    }

    /// The mail was sent that was asked for.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it: it will be sent again.
    pub async fn mail_sent(&self, wanted: &WantedMail) -> Result<(), CallError> {
        let update = self
            .update(WANTED)
            .update_expression("DELETE mails :mail")
            .expression_attribute_values(":mail", AttributeValue::Ss(vec![wanted.encoded()]));
        self.send(update).await.map(|_| ())
    }

    /// The mails that wait.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer.
    pub async fn pending_digest(&self) -> Result<PendingDigest, CallError> {
        let mut ids: Vec<String> = (0..SHARDS).map(part_id).collect();
        ids.extend([WANTED.to_owned(), SENT.to_owned()]);
        let mut pending = PendingDigest::default();
        for row in self.items(ids).await? {
            match optional_string(&row, "id") {
                Some(SENT) => pending.last_sent_ms = integer(&row, "sent_at_ms"),
                Some(WANTED) => {
                    let mails = row.get("mails").and_then(|mails| mails.as_ss().ok());
                    let mails = mails.into_iter().flatten();
                    pending.wanted = mails.filter_map(|mail| WantedMail::decoded(mail)).collect();
                }
                Some(id) => {
                    let part = Part {
                        id: id.to_owned(),
                        counts: COUNTS.map(|name| count(&row, name)),
                    };
                    pending.add(part, integer(&row, "since_ms"));
                }
                None => {}
            }
        }
        Ok(pending)
    }

    /// A digest of what was pending went out at `at_ms` (milliseconds since 1970): takes that off. What came since waits on.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it: the digest will be sent again.
    pub async fn digest_sent(&self, pending: &PendingDigest, at_ms: i64) -> Result<(), CallError> {
        let mut sent = self
            .update(SENT)
            .update_expression("SET sent_at_ms = :at")
            .expression_attribute_values(":at", number(at_ms));
        sent = match pending.last_sent_ms {
            Some(last) => sent
                .condition_expression("sent_at_ms = :last")
                .expression_attribute_values(":last", number(last)),
            None => sent.condition_expression("attribute_not_exists(sent_at_ms)"),
        };
        // another one of the same went out at the same time, and took its counts off
        if matches!(self.send(sent).await?, Updated::ConditionFailed(_)) {
            return Ok(());
        }
        for part in &pending.parts {
            let mut update = self
                .update(&part.id)
                .update_expression(
                    "SET since_ms = :at ADD requests :requests, reminders :reminders, escalations :escalations",
                )
                .expression_attribute_values(":at", number(at_ms));
            for (name, counted) in COUNTS.into_iter().zip(part.counts) {
                let taken = AttributeValue::N(format!("-{counted}"));
                update = update.expression_attribute_values(format!(":{name}"), taken);
            }
            self.send(update).await?;
        }
        Ok(())
    }
}

impl PendingDigest {
    /// Tells whether nothing waits for a digest.
    pub fn is_empty(&self) -> bool {
        self.requests == 0 && self.reminders == 0 && self.escalations == 0
    }

    fn add(&mut self, part: Part, since_ms: Option<i64>) {
        let [requests, reminders, escalations] = part.counts;
        if requests + reminders + escalations == 0 {
            return;
        }
        self.requests += requests;
        self.reminders += reminders;
        self.escalations += escalations;
        self.since_ms = self.since_ms.into_iter().chain(since_ms).min();
        self.parts.push(part);
    }
}

fn part_id(shard: usize) -> String {
    format!("digest#{shard}")
}
