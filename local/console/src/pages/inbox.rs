//! The mails that were sent.

use chrono::DateTime;
use maud::{Markup, html};
use serde::Serialize;

use crate::model::At;
use crate::problem::Problem;
use crate::query::{Query, path};
use crate::state::ConsoleState;
use crate::{layout, text};
use sluice_sns::inbox;

/// A mail, as the project's scripts know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Mail {
    id: String,
    to: String,
    subject: String,
    text: String,
    sent_at: String,
}

/// Mails, newest first.
#[derive(Debug, Serialize)]
pub(crate) struct Inbox {
    items: Vec<Mail>,
    next: Option<String>,
    /// The reason for which mails are sent.
    #[serde(skip)]
    note: Option<String>,
}

impl From<inbox::Mail> for Mail {
    fn from(mail: inbox::Mail) -> Self {
        Self {
            id: mail.id,
            to: mail.to,
            subject: mail.subject,
            text: mail.text,
            sent_at: mail.sent_at,
        }
    }
}

impl Mail {
    /// Reads one mail.
    pub(crate) async fn load(state: &ConsoleState, id: &str) -> Result<Self, Problem> {
        let mail = inbox::get(&state.driver, id)
            .await
            .map_err(|error| Problem::unreadable("the mail", error))?;
        mail.map(Self::from)
            .ok_or_else(|| Problem::not_found(format!("there is no mail {id:?}; /console/inbox lists them")))
    }

    fn sent(&self) -> Markup {
        match DateTime::parse_from_rfc3339(&self.sent_at) {
            Ok(time) => html! { (At(time.timestamp_millis())) },
            Err(_) => text::line(&self.sent_at, 40),
        }
    }

    /// The mail as text, its addresses clickable.
    pub(crate) fn render(&self) -> Markup {
        html! {
            h1 { (text::line(self.subject_text(), 400)) }
            dl {
                dt { "To" }
                dd { (text::line(&self.to, 400)) }
                dt { "Sent" }
                dd { (self.sent()) }
            }
            (text::linked(&self.text))
            p { a href="/console/inbox" { "Back to the inbox" } }
        }
    }

    /// The subject.
    pub(crate) fn subject_text(&self) -> &str {
        if self.subject.trim().is_empty() {
            "(no subject)"
        } else {
            &self.subject
        }
    }
}

impl Inbox {
    /// Reads a page of mails.
    pub(crate) async fn load(state: &ConsoleState, query: &Query) -> Result<Self, Problem> {
        let limit = query.limit()?;
        let before = query.filled("cursor").map(str::to_owned);
        let found = inbox::list(&state.driver, before, limit + 1).await;
        let found = found.map_err(|error| Problem::unreadable("the inbox", error))?;
        Ok(Self {
            note: state.notes.inbox.clone(),
            ..Self::page(found.into_iter().map(Mail::from).collect(), limit, query)
        })
    }

    /// The first `limit` of the mails, and a link to the others.
    fn page(mut items: Vec<Mail>, limit: usize, query: &Query) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|last| {
            let query = query.only(&["limit", "format", "refresh"]);
            query.with("cursor", Some(&last.id)).link("/console/inbox")
        });
        Self {
            items,
            next,
            note: None,
        }
    }

    /// The table of mails.
    pub(crate) fn render(&self) -> Markup {
        html! {
            h1 { "Inbox" }
            p.note { "What the stack sent by e-mail. Nothing leaves this machine unless an SMTP server was given." }
            @if self.items.is_empty() {
                (layout::empty_with_note("No mail yet.", self.note.as_deref()))
            } @else {
                div.wide {
                    table {
                        caption { "Newest first" }
                        thead {
                            tr {
                                th scope="col" { "Subject" }
                                th scope="col" { "To" }
                                th scope="col" { "Sent" }
                            }
                        }
                        tbody {
                            @for mail in &self.items {
                                tr {
                                    th scope="row" {
                                        a href=(path(&["inbox", &mail.id])) { (text::line(mail.subject_text(), 160)) }
                                    }
                                    td { (text::line(&mail.to, 160)) }
                                    td { (mail.sent()) }
                                }
                            }
                        }
                    }
                }
            }
            (layout::next(self.next.as_deref(), "Older mails"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(id: &str) -> Mail {
        Mail {
            id: id.to_owned(),
            to: "admin@example.com".to_owned(),
            subject: format!("Approve {id}?"),
            text: "See http://127.0.0.1:4000/d/s?x=1&y=2 <script>".to_owned(),
            sent_at: "2026-11-22T10:00:00.000Z".to_owned(),
        }
    }

    #[test]
    fn mails_are_paged() {
        fn check(found: usize, limit: usize, shown: usize, next: Option<&str>) {
            let mails = (0..found).map(|n| mail(&format!("m/{n}"))).collect();
            let inbox = Inbox::page(mails, limit, &Query::parse(Some("format=json&x=y")));
            assert_eq!(inbox.items.len(), shown);
            assert_eq!(inbox.next.as_deref(), next);
        }
        check(0, 2, 0, None);
        check(2, 2, 2, None);
        check(3, 2, 2, Some("/console/inbox?format=json&cursor=m%2F1"));
    }

    #[test]
    fn a_mail_is_text_with_links() {
        fn check(mail: Mail, contains: &[&str], lacks: &[&str]) {
            let page = mail.render().into_string()
                + &Inbox {
                    items: vec![mail],
                    next: None,
                    note: None,
                }
                .render()
                .into_string();
            for part in contains {
                assert!(page.contains(part), "{part:?} in {page}");
            }
            for part in lacks {
                assert!(!page.contains(part), "no {part:?} in {page}");
            }
        }
        check(
            mail("m1"),
            &[
                "<a href=\"http://127.0.0.1:4000/d/s?x=1&amp;y=2\" rel=\"noreferrer noopener\">",
                "&lt;script&gt;",
                "<time datetime=\"2026-11-22T10:00:00.000Z\">2026-11-22 10:00:00</time>",
                "href=\"/console/inbox/m1\"",
            ],
            &["<script"],
        );
        check(
            Mail {
                subject: " ".to_owned(),
                text: String::new(),
                ..mail("m")
            },
            &["(no subject)"],
            &["http"],
        );
        let marked = Mail {
            subject: "<b>\u{202e}x".to_owned(),
            to: "<i>".to_owned(),
            ..mail("m")
        };
        check(marked, &["&lt;b&gt;\\u202ex", "&lt;i&gt;"], &["<b>", "<i>"]);
        let odd = Mail {
            text: "javascript:alert(1)".to_owned(),
            sent_at: "<u>soon".to_owned(),
            ..mail("m")
        };
        check(odd, &["&lt;u&gt;soon"], &["href=\"java", "<u>"]);
    }
}
