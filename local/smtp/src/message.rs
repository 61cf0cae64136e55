//! A mail of the inbox as an Internet message.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use chrono::DateTime;
use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, SinglePart};
use sluice_sns::inbox::Mail;

/// The message of a mail. Its id follows from the mail's, so that a server or a reader can tell that it came twice.
///
/// # Errors
/// The problem, in words: the address is none.
pub(crate) fn of(mail: &Mail, from: &Mailbox) -> Result<Message, String> {
    let to = Mailbox::from_str(&mail.to).map_err(|error| format!("{:?} is no mail address: {error}", mail.to))?;
    let sent = DateTime::parse_from_rfc3339(&mail.sent_at).ok();
    let sent = sent.and_then(|at| u64::try_from(at.timestamp_millis()).ok());
    let sent = sent.map_or(SystemTime::UNIX_EPOCH, |at| {
        SystemTime::UNIX_EPOCH + Duration::from_millis(at)
    });
    let body = SinglePart::builder()
        .header(ContentType::TEXT_PLAIN)
        .body(mail.text.clone());
    Message::builder()
        .from(from.clone())
        .to(to)
        .subject(mail.subject.clone())
        .date(sent)
        .message_id(Some(format!("<{}@sluice.local>", mail.id)))
        .singlepart(body)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(to: &str, subject: &str, text: &str) -> Mail {
        Mail {
            id: "001-a".to_owned(),
            to: to.to_owned(),
            subject: subject.to_owned(),
            text: text.to_owned(),
            sent_at: "2026-11-22T10:00:00.000Z".to_owned(),
            topic_arn: "arn:t".to_owned(),
            message_id: "m".to_owned(),
            attributes: serde_json::Map::new(),
        }
    }

    fn from() -> Mailbox {
        "Sluice <sluice@localhost>".parse().expect("an address")
    }

    #[test]
    fn a_mail_becomes_a_message_and_cannot_add_headers() {
        fn check(subject: &str, text: &str, contains: &[&str]) {
            let message = of(&mail("admin@example.com", subject, text), &from()).expect("a message");
            let written = String::from_utf8(message.formatted()).expect("ASCII");
            for part in contains {
                assert!(written.contains(part), "{part:?} in {written}");
            }
            let (head, _) = written.split_once("\r\n\r\n").expect("a head");
            assert!(!head.contains("\r\nBcc:"), "{head}");
        }
        check(
            "Approve?",
            "See http://h/x",
            &[
                "From: Sluice <sluice@localhost>\r\n",
                "To: admin@example.com\r\n",
                "Subject: Approve?\r\n",
                "Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n",
                "Message-ID: <001-a@sluice.local>\r\n",
                "See http://h/x",
            ],
        );
        check("a\r\nBcc: b@c.com", "x", &[]);
    }

    #[test]
    fn an_address_that_is_none_is_said() {
        let refused = of(&mail("nobody", "s", "t"), &from()).expect_err("no address");
        assert!(refused.contains("\"nobody\""), "{refused}");
    }
}
