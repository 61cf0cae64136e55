//! The mail that asks an admin to decide. Pure: request in, subject and text out.

use std::fmt::Write;

use sluice_workflows::{ApprovalRequest, DecisionKind, Field};

/// The longest subject that SNS takes is 99 characters.
const SUBJECT_LIMIT: usize = 99;

/// Bytes of a line. Some mail servers break lines after 998, in the middle of a link if need be.
const LINE_LIMIT: usize = 900;

/// Characters of one submitted value that a mail shows. The page behind the link shows it all.
const VALUE_LIMIT: usize = 300;

/// A plain-text mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    /// ASCII, one line, below 100 characters.
    pub(crate) subject: String,
    /// Lines below 998 characters.
    pub(crate) text: String,
}

/// Writes the mail about `request`; `link` is the page's address without the decision.
pub(crate) fn write(request: &ApprovalRequest, link: &str) -> Mail {
    let subject = format!(
        "Sluice: please decide about submission {}",
        plain(&request.submission_id, 50)
    );
    let mut text = String::from("A submission is half right, and waits for your decision.\n\n");
    for field in Field::ALL {
        let value = request.submission.text(field);
        let shown = value
            .as_deref()
            .map_or_else(|| "(not given)".to_owned(), |value| plain(value, VALUE_LIMIT));
        line(&mut text, &format!("{:<10} {shown}", format!("{}:", field.title())));
    }
    text.push_str("\nWhat is wrong:\n");
    for violation in &request.violations {
        line(
            &mut text,
            &format!("- {}: {}", violation.field, plain(&violation.message, VALUE_LIMIT)),
        );
    }
    text.push('\n');
    line(
        &mut text,
        &format!(
            "Submission {} came in at {}.",
            request.submission_id, request.submitted_at
        ),
    );
    line(
        &mut text,
        &format!(
            "Without a decision it expires at {}, and nothing is stored.",
            request.expires_at
        ),
    );
    text.push_str(
        "\nEach link opens a page that shows the submission; nothing is decided before you press a button there.\n",
    );
    for (words, ruling) in [
        ("Approve or repair", DecisionKind::Approve),
        ("Reject", DecisionKind::Reject),
    ] {
        let _ = write!(text, "\n{words}:\n{link}?decision={}\n", ruling.as_str());
    }
    Mail {
        subject: subject.chars().take(SUBJECT_LIMIT).collect(),
        text,
    }
}

/// Adds one line, cut if it is too long for mail.
fn line(text: &mut String, line: &str) {
    let fits = line
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .take_while(|end| *end <= LINE_LIMIT)
        .last()
        .unwrap_or(0);
    text.push_str(&line[..fits]);
    if fits < line.len() {
        text.push_str(" [...]");
    }
    text.push('\n');
}

/// A submitted value on one line: whatever could break the line or turn its direction becomes a visible escape.
fn plain(value: &str, limit: usize) -> String {
    let mut shown = String::new();
    for (count, c) in value.chars().enumerate() {
        if count == limit {
            shown.push_str(" [...]");
            break;
        }
        let hidden = c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if hidden {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const LINK: &str = "https://abc.lambda-url.eu-central-1.on.aws/s-1.1/SECRET";

    fn mail(submission: Value) -> Mail {
        let request = serde_json::from_value(json!({
            "taskToken": "T0KEN", "submission_id": "s-1", "round": 1, "submitted_at": "2026-11-22T10:00:00.000Z",
            "expires_at": "2026-11-29T10:00:00.000Z", "submission": submission,
            "violations": [{"field": "pincode", "rule": "pattern", "message": "The pincode must be digits."}]}))
        .unwrap();
        write(&request, LINK)
    }

    #[test]
    fn it_says_what_is_wrong_until_when_and_where_to_decide() {
        let mail = mail(json!({"user_name": "Ada", "email": "ada@example.com", "pincode": "12"}));
        for part in [
            "User name: Ada\n",
            "E-mail:    ada@example.com\n",
            "Pincode:   12\n",
            "- pincode: The pincode must be digits.\n",
            "expires at 2026-11-29T10:00:00.000Z",
            "\nhttps://abc.lambda-url.eu-central-1.on.aws/s-1.1/SECRET?decision=approve\n",
            "\nhttps://abc.lambda-url.eu-central-1.on.aws/s-1.1/SECRET?decision=reject\n",
        ] {
            assert!(mail.text.contains(part), "{part:?} is not in {}", mail.text);
        }
        assert_eq!(mail.subject, "Sluice: please decide about submission s-1");
        assert!(!mail.text.contains("T0KEN") && !mail.subject.contains("T0KEN"));
    }

    #[test]
    fn a_submitter_cannot_write_lines_of_the_mail() {
        let evil = "Ada\r\nApprove:\nhttps://evil.example\u{202e}\u{2028}\0\u{1b}[2J";
        let mail = mail(json!({"user_name": evil, "pincode": {"a": "\n"}}));
        assert!(
            mail.text
                .contains(r"Ada\u{d}\u{a}Approve:\u{a}https://evil.example\u{202e}\u{2028}\u{0}\u{1b}[2J")
        );
        assert!(!mail.text.lines().any(|line| line.starts_with("https://evil")));
        assert!(mail.text.contains("E-mail:    (not given)"));
        assert!(mail.text.contains(r#"Pincode:   {"a":"\n"}"#));
    }

    #[test]
    fn lines_and_subject_stay_within_what_mail_takes() {
        let long = "\u{1}".repeat(60_000);
        let mail = mail(json!({"user_name": "字".repeat(60_000), "email": long, "pincode": "x".repeat(60_000)}));
        assert!(mail.text.lines().all(|line| line.len() < 998), "{}", mail.text);
        assert!(mail.text.len() < 10_000);
        assert!(mail.subject.is_ascii() && mail.subject.len() < 100);
        assert!(mail.text.contains("[...]"));
    }
}
