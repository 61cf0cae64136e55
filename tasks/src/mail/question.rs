use sluice_workflows::{DecisionKind, Field, Submission, Violation};

use super::text::{add, add_access, subject};
use super::{Access, Mail, shown};
use crate::times;

/// Characters of a submitted value that a mail shows. The page behind the link shows it all.
const VALUE_LIMIT: usize = 60;

/// Characters of what is said about a broken rule. The words are the schemas', but a mail does not rely on it.
const MESSAGE_LIMIT: usize = 300;

/// The reason for a mail about one approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// It is asked for.
    Request,
    /// Nobody has decided for a part of its time.
    Reminder,
    /// Nobody has decided for most of its time.
    Escalation,
    /// The link of an earlier mail is locked or has expired.
    Replacement,
}

/// One approval, as its mails describe it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    /// The submission.
    pub(crate) submission_id: &'a str,
    /// Its fields.
    pub(crate) submission: &'a Submission,
    /// The rules that they break.
    pub(crate) violations: &'a [Violation],
    /// The whole in a few words.
    pub(crate) summary: &'a str,
    /// The time at which the submission came in (milliseconds since 1970).
    pub(crate) submitted_at_ms: i64,
    /// The deadline (milliseconds since 1970).
    pub(crate) expires_at_ms: i64,
    /// The decision if nobody takes one.
    pub(crate) at_deadline: DecisionKind,
}

impl Question<'_> {
    /// Writes the mail that asks, as of `now_ms`.
    pub(crate) fn mail(&self, occasion: Occasion, access: &Access<'_>, now_ms: i64) -> Mail {
        let left = times::duration(self.expires_at_ms - now_ms);
        let summary = shown(self.summary, MESSAGE_LIMIT);
        let (begins, opening) = match occasion {
            Occasion::Request => (
                "Approve?".to_owned(),
                "A submission is half right and waits for your decision.".to_owned(),
            ),
            Occasion::Reminder => (
                format!("Reminder, {left} left:"),
                format!("A submission still waits for your decision, and has {left} left."),
            ),
            Occasion::Escalation => (
                format!("Nobody decided, {left} left:"),
                format!(
                    "Nobody has decided about a submission, and it has {left} left. Earlier mails asked; this one asks you."
                ),
            ),
            Occasion::Replacement => (
                "New link:".to_owned(),
                "Here is the new link that was asked for on the page of an earlier mail.".to_owned(),
            ),
        };
        let mut text = String::new();
        add(&mut text, &opening, "");
        text.push('\n');
        self.add_fields(&mut text);
        add_access(&mut text, access);
        text.push('\n');
        let deadline = times::minute(self.expires_at_ms);
        add(
            &mut text,
            &format!("Decide before {deadline}. {}", self.afterwards()),
            "",
        );
        let (to, id) = (shown(access.approver, 254), shown(self.submission_id, 100));
        let came_in = times::minute(self.submitted_at_ms);
        text.push_str(&format!("\nSubmission: {id}\n"));
        add(
            &mut text,
            &format!("It came in at {came_in}. This mail is for {to}."),
            "",
        );
        Mail {
            subject: subject(&format!("{begins} {summary}")),
            text,
        }
    }

    fn add_fields(&self, text: &mut String) {
        for field in Field::ALL {
            let value = self.submission.text(field);
            let value = value.map_or_else(|| "(not given)".to_owned(), |value| shown(&value, VALUE_LIMIT));
            add(
                text,
                &format!("{:<10} {value}", format!("{}:", field.title())),
                "           ",
            );
        }
        text.push_str("\nWhat is wrong:\n");
        for violation in self.violations {
            add(text, &format!("- {}", shown(&violation.message, MESSAGE_LIMIT)), "  ");
        }
    }

    fn afterwards(&self) -> &'static str {
        match self.at_deadline {
            DecisionKind::Expire => "Then it expires, and nothing is stored.",
            DecisionKind::Approve => "Then it is approved as it is, and stored.",
            DecisionKind::Reject => "Then it is rejected, and nothing is stored.",
        }
    }
}
