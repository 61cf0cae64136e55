//! [PublishBatch](https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html)

use sluice_wire::{Form, Xml};

use crate::message::MAX_BYTES;
use crate::{Message, Sns, SnsError, store};

const MAX_ENTRIES: usize = 10;

struct BatchEntry {
    id: String,
    message: Result<Message, SnsError>,
}

pub(crate) async fn call(sns: &Sns, form: &Form) -> Result<Xml, SnsError> {
    let topic_arn = form.filled("TopicArn").ok_or_else(|| SnsError::missing("TopicArn"))?;
    let entries = entries(form)?;
    store::topic(&sns.driver, topic_arn).await?;
    let mut sent = Vec::new();
    let mut refused = Vec::new();
    for entry in entries {
        let result = match entry.message {
            Ok(message) => sns.publish(topic_arn, &message).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(message_id) => sent.push((entry.id, message_id)),
            Err(error) => refused.push((entry.id, error)),
        }
    }
    let mut xml = Xml::default();
    xml.list("Successful", &sent, |xml, (id, message_id)| {
        xml.text("Id", id).text("MessageId", message_id);
    })
    .list("Failed", &refused, |xml, (id, error)| {
        let sender = !matches!(error, SnsError::Driver(_));
        xml.text("Id", id)
            .text("Code", error.code())
            .text("Message", &error.to_string())
            .text("SenderFault", if sender { "true" } else { "false" });
    });
    Ok(xml)
}

fn entries(form: &Form) -> Result<Vec<BatchEntry>, SnsError> {
    let mut entries: Vec<BatchEntry> = Vec::new();
    for index in 1.. {
        let prefix = format!("PublishBatchRequestEntries.member.{index}.");
        if !form.has_prefix(&prefix) {
            break;
        }
        if entries.len() == MAX_ENTRIES {
            return Err(SnsError::TooManyEntriesInBatchRequest);
        }
        let id = form
            .get(&format!("{prefix}Id"))
            .ok_or_else(|| SnsError::missing("Id"))?;
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if !(1..=80).contains(&id.len()) || !id.bytes().all(allowed) {
            return Err(SnsError::InvalidBatchEntryId);
        }
        if entries.iter().any(|entry| entry.id == id) {
            return Err(SnsError::BatchEntryIdsNotDistinct);
        }
        entries.push(BatchEntry {
            id: id.to_owned(),
            message: Message::from_form(form, &prefix),
        });
    }
    let bytes: usize = entries
        .iter()
        .filter_map(|entry| entry.message.as_ref().ok())
        .map(Message::len)
        .sum();
    if entries.is_empty() {
        return Err(SnsError::EmptyBatchRequest);
    }
    if bytes > MAX_BYTES {
        return Err(SnsError::BatchRequestTooLong);
    }
    Ok(entries)
}
