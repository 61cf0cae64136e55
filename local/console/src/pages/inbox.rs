//! The mails that were sent.

use chrono::DateTime;
use maud::{Markup, html};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::forms::FormToken;
use crate::model::At;
use crate::problem::Problem;
use crate::query::{Query, path};
use crate::state::ConsoleState;
use crate::submissions::words;
use crate::{layout, text};
use sluice_pages::Column;
use sluice_sns::inbox::{self, Delivery};

/// A mail, as the project's scripts know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Mail {
    id: String,
    to: String,
    subject: String,
    text: String,
    sent_at: String,
    /// Somebody has looked at it.
    read: bool,
    /// The result of sending it through a server; none: it was not tried.
    delivery: Option<Delivery>,
    /// The message's attributes, by which subscriptions filter: `Type` and `Value` by name.
    #[serde(skip_serializing_if = "Map::is_empty")]
    attributes: Map<String, Value>,
}

/// Mails, newest first.
#[derive(Debug, Serialize)]
pub(crate) struct Inbox {
    items: Vec<Mail>,
    next: Option<String>,
    /// The page ended early, since so many mails had been looked at.
    cut: bool,
    /// The server through which mails are sent.
    smtp: Option<String>,
    #[serde(skip)]
    query: Query,
    /// The reason for which mails are sent.
    #[serde(skip)]
    note: Option<String>,
}

/// The columns of the list.
const COLUMNS: [Column<'static>; 3] = [Column::text("Subject"), Column::text("To"), Column::text("Sent")];
/// The bytes up to which an address is not broken into lines.
const WHOLE: usize = 40;
/// The mails that a page looks at when it searches.
const LOOKED_AT: usize = 2_000;
/// The mails that are read at a time.
const BATCH: usize = 200;

impl Mail {
    fn new(mail: inbox::Mail, read: bool) -> Self {
        Self {
            id: mail.id,
            to: mail.to,
            subject: mail.subject,
            text: mail.text,
            sent_at: mail.sent_at,
            read,
            delivery: None,
            attributes: mail.attributes,
        }
    }

    /// Tells whether each word is somewhere in it.
    fn holds(&self, words: &[String]) -> bool {
        let texts = [&self.subject, &self.to, &self.text].map(|text| text.to_lowercase());
        words.iter().all(|word| texts.iter().any(|text| text.contains(word)))
    }
}

impl Mail {
    /// Reads one mail.
    pub(crate) async fn load(state: &ConsoleState, id: &str) -> Result<Self, Problem> {
        let mail = inbox::get(&state.driver, id)
            .await
            .map_err(|error| Problem::unreadable("the mail", error))?;
        let mail = mail.map(|mail| Self::new(mail, true));
        let mail =
            mail.ok_or_else(|| Problem::not_found(format!("there is no mail {id:?}; /console/inbox lists them")))?;
        mail.with_delivery(state).await
    }

    /// The mail with what became of sending it.
    async fn with_delivery(self, state: &ConsoleState) -> Result<Self, Problem> {
        let delivery = inbox::delivery(&state.driver, &self.id).await;
        let delivery = delivery.map_err(|error| Problem::unreadable("the mail", error))?;
        Ok(Self { delivery, ..self })
    }

    /// The result of sending it, in words.
    fn delivered(&self) -> Markup {
        let Some(delivery) = &self.delivery else {
            return html! {};
        };
        let (tone, word) = match (&delivery.error, delivery.is_over) {
            (None, _) => (sluice_pages::Tone::Ok, "sent"),
            (Some(_), true) => (sluice_pages::Tone::Bad, "refused"),
            (Some(_), false) => (sluice_pages::Tone::Wait, "tried again"),
        };
        html! {
            (sluice_pages::badge(tone, word)) " " span.soft {
                (text::line(&delivery.server, 120))
                @if delivery.attempts > 1 { ", " (delivery.attempts) " attempts" }
                @if let Some(error) = &delivery.error { ": " (text::line(error, 300)) }
            }
        }
    }

    /// Notes that somebody has looked at it.
    pub(crate) async fn was_read(&self, state: &ConsoleState) -> Result<(), Problem> {
        let marked = inbox::mark_read(&state.driver, &self.id).await;
        marked.map_err(|error| Problem::unreadable("the mail", error))
    }

    fn sent(&self) -> Markup {
        match DateTime::parse_from_rfc3339(&self.sent_at) {
            Ok(time) => html! { (At(time.timestamp_millis())) },
            Err(_) => text::line(&self.sent_at, 40),
        }
    }

    /// The mail as text, its addresses clickable.
    pub(crate) fn render(&self, token: &FormToken) -> Markup {
        html! {
            h1 { (text::line(self.subject_text(), 400)) }
            dl.facts {
                dt { "To" }
                dd { (text::line(&self.to, 400)) }
                dt { "Sent" }
                dd { (self.sent()) }
                @if self.delivery.is_some() {
                    dt { "By SMTP" }
                    dd { (self.delivered()) }
                }
                @for (name, attribute) in &self.attributes {
                    dt { "Attribute " (text::line(name, 100)) }
                    dd { (text::line(attribute["Value"].as_str().unwrap_or_default(), 400)) }
                }
            }
            (text::linked(&self.text))
            form.actions method="post" action="/console/delete-mail" {
                (token.field())
                input type="hidden" name="id" value=(self.id);
                a href="/console/inbox" { "Back to the inbox" }
                button class="button slim" type="submit" { "Delete" }
            }
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
    /// Reads a page of mails: all, those with some words, or those that nobody has looked at.
    pub(crate) async fn load(state: &ConsoleState, query: &Query) -> Result<Self, Problem> {
        let unreadable = |error| Problem::unreadable("the inbox", error);
        let limit = query.limit()?;
        let words = words(query.filled("q").unwrap_or_default());
        let unread = query.filled("unread").is_some();
        let is_filtered = unread || !words.is_empty();
        let mut before = query.filled("cursor").map(str::to_owned);
        let batch = if is_filtered { BATCH } else { limit + 1 };
        let (mut items, mut looked_at, mut cut) = (Vec::new(), 0, false);
        loop {
            let found = inbox::list(&state.driver, before.clone(), batch)
                .await
                .map_err(unreadable)?;
            let read = inbox::read_ids(&state.driver, before.clone(), batch)
                .await
                .map_err(unreadable)?;
            looked_at += found.len();
            let is_last = found.len() < batch;
            before = found.last().map(|mail| mail.id.clone());
            let mails = found.into_iter().map(|mail| {
                let is_read = read.contains(&mail.id);
                Mail::new(mail, is_read)
            });
            items.extend(mails.filter(|mail| mail.holds(&words) && !(unread && mail.read)));
            if is_last || items.len() > limit {
                break;
            }
            if looked_at >= LOOKED_AT {
                cut = true;
                break;
            }
        }
        let mut page = Self {
            note: state.notes.inbox.clone(),
            cut,
            ..Self::page(items, limit, query)
        };
        if state.smtp.is_some() {
            let mut items = Vec::with_capacity(page.items.len());
            for mail in std::mem::take(&mut page.items) {
                items.push(mail.with_delivery(state).await?);
            }
            page.items = items;
            page.smtp.clone_from(&state.smtp);
        }
        if cut && page.next.is_none() {
            page.next = before.map(|id| page.query.with("cursor", Some(&id)).link("/console/inbox"));
        }
        Ok(page)
    }

    /// The first `limit` of the mails, and a link to the others.
    fn page(mut items: Vec<Mail>, limit: usize, query: &Query) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let query = query.only(&["q", "unread", "limit", "format", "refresh"]);
        let next = items
            .last()
            .filter(|_| more)
            .map(|last| query.with("cursor", Some(&last.id)).link("/console/inbox"));
        Self {
            items,
            next,
            cut: false,
            smtp: None,
            query,
            note: None,
        }
    }

    /// The table of mails.
    pub(crate) fn render(&self) -> Markup {
        let is_filtered = ["q", "unread"].iter().any(|name| self.query.filled(name).is_some());
        html! {
            h1 { "Inbox" }
            p.soft {
                "What the stacks sent by e-mail. "
                @match &self.smtp {
                    Some(server) => { "It goes out through " (text::line(server, 120)) " too." },
                    None => "Nothing leaves this machine: sluice up --smtp URL sends it for real.",
                }
            }
            form.search role="search" method="get" action="/console/inbox" {
                div class="field grow" {
                    label for="q" { "Find in subject, address and text" }
                    input type="search" id="q" name="q" value=(self.query.filled("q").unwrap_or_default()) autocomplete="off";
                }
                label.check {
                    input type="checkbox" name="unread" value="true" checked[self.query.filled("unread").is_some()];
                    "Unread only"
                }
                button.button type="submit" { "Find" }
                @if is_filtered { a href="/console/inbox" { "Show all" } }
            }
            div id="mails" data-live {
                @if self.items.is_empty() && is_filtered {
                    (layout::empty_note("No mail is like this."))
                } @else if self.items.is_empty() {
                    (layout::empty_with_note("No mail yet.", self.note.as_deref()))
                } @else {
                    (self.render_table())
                }
                @if self.cut { p.soft { "This page ends early, since much had to be looked at: go on with “Older mails”." } }
                (layout::next(self.next.as_deref(), "Older mails"))
            }
        }
    }

    fn render_table(&self) -> Markup {
        let row = |mail: &Mail| {
            let subject = html! {
                a href=(path(&["inbox", &mail.id])) { (text::line(mail.subject_text(), 160)) }
                @if !mail.read { " " (sluice_pages::badge(sluice_pages::Tone::Wait, "unread")) }
            };
            let sent = html! { (mail.sent()) @if mail.delivery.is_some() { br; (mail.delivered()) } };
            let to = html! { span.whole[mail.to.len() <= WHOLE] { (text::line(&mail.to, 160)) } };
            vec![subject, to, sent]
        };
        sluice_pages::table("Newest first", &COLUMNS, self.items.iter().map(row))
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
            read: false,
            delivery: None,
            attributes: Map::new(),
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
            let list = Inbox::page(vec![mail.clone()], 1, &Query::default());
            let page = mail.render(&FormToken::new([1, 2])).into_string() + &list.render().into_string();
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
                "<time datetime=\"2026-11-22T10:00:00.000Z\" data-to=\"s\">2026-11-22 10:00:00</time>",
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
        let attribute = serde_json::json!({ "approver": { "Type": "String", "Value": "<ada@x>" } });
        let filtered = Mail {
            attributes: attribute.as_object().unwrap().clone(),
            ..mail("m")
        };
        check(
            filtered,
            &["<dt>Attribute <bdi>approver</bdi></dt><dd><bdi>&lt;ada@x&gt;</bdi></dd>"],
            &["<ada"],
        );
        let odd = Mail {
            text: "javascript:alert(1)".to_owned(),
            sent_at: "<u>soon".to_owned(),
            ..mail("m")
        };
        check(odd, &["&lt;u&gt;soon"], &["href=\"java", "<u>"]);
    }
}
