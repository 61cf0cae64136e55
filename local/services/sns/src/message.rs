//! Messages, checked as SNS checks them. Pure.

use serde::Serialize;
use serde_json::{Map, Value, json};
use sluice_wire::Form;

use crate::{EmailProtocol, SnsError};

/// The most bytes of a message with its attributes.
pub(crate) const MAX_BYTES: usize = 262_144;
/// Subjects are shorter than this, in characters.
const MAX_SUBJECT: usize = 100;
/// The subject of a mail whose publisher gave none.
const DEFAULT_SUBJECT: &str = "AWS Notification Message";

/// A message that was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    subject: Option<String>,
    body: Body,
    attributes: Map<String, Value>,
    bytes: usize,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    /// The same for every protocol.
    Same(String),
    /// `MessageStructure` is `json`: one text by protocol, and `default`.
    ByProtocol(Map<String, Value>),
}

impl Message {
    /// Checks a message.
    ///
    /// # Errors
    /// `InvalidParameter`, in SNS's words.
    pub fn new(text: &str, subject: Option<&str>, structure: Option<&str>) -> Result<Self, SnsError> {
        if text.is_empty() {
            return Err(SnsError::InvalidParameter("Empty message".into()));
        }
        if text.len() > MAX_BYTES {
            return Err(SnsError::InvalidParameter("Message too long".into()));
        }
        if let Some(subject) = subject {
            check_subject(subject)?;
        }
        let body = match structure {
            None | Some("") => Body::Same(text.to_owned()),
            Some("json") => by_protocol(text)?,
            Some(_) => return Err(SnsError::InvalidParameter("MessageStructure".into())),
        };
        Ok(Self {
            subject: subject.map(str::to_owned),
            body,
            attributes: Map::new(),
            bytes: text.len(),
        })
    }

    /// From the parameters of Publish, or with a prefix from those of one entry of a batch.
    pub(crate) fn from_form(form: &Form, prefix: &str) -> Result<Self, SnsError> {
        let field = |name: &str| form.get(&format!("{prefix}{name}"));
        let text = field("Message").ok_or_else(|| SnsError::missing("Message"))?;
        let mut message = Self::new(text, field("Subject"), field("MessageStructure"))?;
        for index in 1.. {
            let attribute = |part: &str| field(&format!("MessageAttributes.entry.{index}.{part}"));
            let Some(name) = attribute("Name") else { break };
            let kind = attribute("Value.DataType").ok_or_else(|| {
                SnsError::InvalidParameter(format!(
                    "The message attribute '{name}' must contain non-empty message attribute type."
                ))
            })?;
            let value = attribute("Value.StringValue")
                .or_else(|| attribute("Value.BinaryValue"))
                .unwrap_or_default();
            message.attribute(name, kind, value)?;
        }
        Ok(message)
    }

    /// Adds an attribute.
    ///
    /// # Errors
    /// `InvalidParameter` when the message becomes too long.
    pub fn attribute(&mut self, name: &str, kind: &str, value: &str) -> Result<(), SnsError> {
        self.bytes += name.len() + kind.len() + value.len();
        if self.bytes > MAX_BYTES {
            return Err(SnsError::InvalidParameter("Message too long".into()));
        }
        self.attributes
            .insert(name.to_owned(), json!({ "Type": kind, "Value": value }));
        Ok(())
    }

    /// The attributes: `Type` and `Value` by name.
    pub(crate) fn attributes(&self) -> &Map<String, Value> {
        &self.attributes
    }

    /// Message and attributes, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes
    }

    /// A mail's subject.
    pub(crate) fn mail_subject(&self) -> &str {
        self.subject.as_deref().unwrap_or(DEFAULT_SUBJECT)
    }

    /// A mail's text.
    pub(crate) fn mail_text(
        &self,
        protocol: EmailProtocol,
        message_id: &str,
        topic_arn: &str,
        sent_at: &str,
    ) -> String {
        let text = self.text_for(protocol);
        match protocol {
            EmailProtocol::Email => text.to_owned(),
            EmailProtocol::EmailJson => self.envelope(text, message_id, topic_arn, sent_at),
        }
    }

    fn text_for(&self, protocol: EmailProtocol) -> &str {
        match &self.body {
            Body::Same(text) => text,
            Body::ByProtocol(texts) => texts
                .get(protocol.as_str())
                .or_else(|| texts.get("default"))
                .and_then(Value::as_str)
                .unwrap_or_default(),
        }
    }

    /// The [JSON](https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html) that SNS sends, without a
    /// signature: there is no key to sign with.
    fn envelope(&self, text: &str, message_id: &str, topic_arn: &str, sent_at: &str) -> String {
        let envelope = Envelope {
            kind: "Notification",
            message_id,
            topic_arn,
            subject: self.subject.as_deref(),
            message: text,
            timestamp: sent_at,
            message_attributes: &self.attributes,
        };
        json!(envelope).to_string()
    }
}

/// SNS's JSON envelope.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a> {
    #[serde(rename = "Type")]
    kind: &'static str,
    message_id: &'a str,
    topic_arn: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    message: &'a str,
    timestamp: &'a str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    message_attributes: &'a Map<String, Value>,
}

/// ASCII, fewer than 100 characters, no control characters, and a letter, digit or punctuation mark first.
fn check_subject(subject: &str) -> Result<(), SnsError> {
    let printable = subject.bytes().all(|b| (b' '..=b'~').contains(&b));
    if subject.is_empty() || !printable || subject.starts_with(' ') || subject.len() >= MAX_SUBJECT {
        return Err(SnsError::InvalidParameter("Subject".into()));
    }
    Ok(())
}

fn by_protocol(text: &str) -> Result<Body, SnsError> {
    let refused = |why: &str| SnsError::InvalidParameter(format!("Message Structure - {why}"));
    let texts: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| refused("JSON message body failed to parse"))?;
    match texts.get("default") {
        Some(Value::String(_)) => {}
        _ => return Err(refused("No default entry in JSON message body")),
    }
    // What is no text is ignored, as SNS does.
    Ok(Body::ByProtocol(
        texts.into_iter().filter(|(_, value)| value.is_string()).collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, subject: Option<&str>, structure: Option<&str>, expected: Result<&str, &str>) {
        let made = Message::new(text, subject, structure);
        let text = made
            .map(|m| m.mail_text(EmailProtocol::Email, "id", "arn", "now"))
            .map_err(|e| e.to_string());
        assert_eq!(text.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn messages_are_checked_in_snss_words() {
        let long = "x".repeat(MAX_BYTES + 1);
        let subject = "s".repeat(100);
        check("hello", None, None, Ok("hello"));
        check("hello", Some("A subject"), None, Ok("hello"));
        check("", None, None, Err("Invalid parameter: Empty message"));
        check(&long, None, None, Err("Invalid parameter: Message too long"));
        for bad in ["", " x", "a\nb", "a\r\nBcc: x@y", "ü", "\u{7f}", &subject] {
            check("hello", Some(bad), None, Err("Invalid parameter: Subject"));
        }
        check(r#"{"default":"d","email":"e"}"#, None, Some("json"), Ok("e"));
        check(r#"{"default":"d","email":7}"#, None, Some("json"), Ok("d"));
        check(
            r#"{"email":"e"}"#,
            None,
            Some("json"),
            Err("Invalid parameter: Message Structure - No default entry in JSON message body"),
        );
        check(
            "nonsense",
            None,
            Some("json"),
            Err("Invalid parameter: Message Structure - JSON message body failed to parse"),
        );
        check("x", None, Some("xml"), Err("Invalid parameter: MessageStructure"));
    }

    #[test]
    fn the_json_envelope_holds_what_was_published() {
        let message = Message::new("hello", Some("Hi"), None).unwrap();
        let text = message.mail_text(EmailProtocol::EmailJson, "id", "arn", "2026-11-22T00:00:00.000Z");
        let expected = r#"{"Type":"Notification","MessageId":"id","TopicArn":"arn","Subject":"Hi","Message":"hello","Timestamp":"2026-11-22T00:00:00.000Z"}"#;
        assert_eq!(text, expected);
    }
}
