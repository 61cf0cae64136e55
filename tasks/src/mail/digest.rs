use super::text::{add, add_access, subject};
use super::{Access, Mail, shown};
use crate::times;

/// Characters of a summary.
const SUMMARY_LIMIT: usize = 160;

/// One mail about everything that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digest {
    /// The number of open requests.
    pub(crate) open: u64,
    /// Of these, those that no mail has told of yet.
    pub(crate) new: u64,
    /// Reminders that this mail stands for.
    pub(crate) reminders: u64,
    /// Escalations that this mail stands for.
    pub(crate) escalations: u64,
    /// The first by deadline.
    pub(crate) first: Vec<DigestRow>,
    /// The time until which its link works (milliseconds since 1970).
    pub(crate) link_until_ms: i64,
    /// True if the link was asked for, on a page whose own had ended.
    pub(crate) replaces: bool,
}

/// One request in a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DigestRow {
    /// The name, and what is wrong.
    pub(crate) summary: String,
    /// The deadline (milliseconds since 1970).
    pub(crate) expires_at_ms: i64,
}

impl Digest {
    /// Writes the mail.
    pub(crate) fn mail(&self, access: &Access<'_>) -> Mail {
        let (count, wait) = counted(self.open, "request waits", "requests wait");
        let begins = if self.replaces { "New link:" } else { "Approve?" };
        let title = match self.first.first() {
            Some(row) => format!(
                "{begins} {count} {wait}, the first until {}",
                times::minute(row.expires_at_ms)
            ),
            None => format!("{begins} {count} {wait}"),
        };
        let mut text = String::new();
        add(&mut text, &format!("{count} {wait} for a decision.{}", self.news()), "");
        if !self.first.is_empty() {
            text.push_str("\nThe first to expire:\n\n");
        }
        for row in &self.first {
            let (summary, until) = (shown(&row.summary, SUMMARY_LIMIT), times::minute(row.expires_at_ms));
            add(&mut text, &format!("- {summary}; before {until}"), "  ");
        }
        let others = self
            .open
            .saturating_sub(u64::try_from(self.first.len()).unwrap_or(u64::MAX));
        if others > 0 && !self.first.is_empty() {
            add(&mut text, &format!("- and {others} more"), "");
        }
        add_access(&mut text, access);
        text.push('\n');
        let until = times::minute(self.link_until_ms);
        let to = shown(access.approver, 254);
        let words = format!("The page shows everything that is open, and works until {until}. Sent to {to}.");
        add(&mut text, &words, "");
        Mail {
            subject: subject(&title),
            text,
        }
    }

    /// The numbers that this mail stands for, as sentences; nothing for what is not.
    fn news(&self) -> String {
        let mut news = String::new();
        for (number, one, many) in [
            (self.new, "is new since the last mail", "are new since the last mail"),
            (self.reminders, "has waited for long", "have waited for long"),
            (self.escalations, "is about to expire", "are about to expire"),
        ] {
            if number > 0 {
                let (number, words) = counted(number, one, many);
                news.push_str(&format!(" {number} {words}."));
            }
        }
        news
    }
}

fn counted<'a>(number: u64, one: &'a str, many: &'a str) -> (u64, &'a str) {
    (number, if number == 1 { one } else { many })
}
