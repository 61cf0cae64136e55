use maud::{Markup, html};
use sluice_pages::{Document, TextField, Tone, badge, empty, facts, notice, pager, time};
use sluice_workflows::{Entry, EntryStatus};

use super::{Form, respond, value};
use crate::http::{Problem, Response};
use crate::ingest::query::{Query, Searched};

/// The content of the page of entries.
#[derive(Debug)]
pub(crate) struct EntriesPage<'a> {
    /// The form above them.
    pub(crate) form: Form<'a>,
    /// The search that they answer.
    pub(crate) query: &'a Query,
    /// The entries, newest first, and the addresses of the submissions that can be asked for.
    pub(crate) entries: &'a [(Entry, Option<String>)],
    /// The addresses of the newer and of the older ones.
    pub(crate) newer: Option<&'a str>,
    pub(crate) older: Option<&'a str>,
    /// The end of a search that was cut short.
    pub(crate) searched: Option<&'a Searched>,
}

/// The form, and below it the entries as cards.
pub(crate) fn entries(page: &EntriesPage<'_>) -> Response {
    let document = Document {
        title: "Entries",
        ..Document::default()
    };
    let content = html! {
        h1 { "Submit an entry" }
        div.card { (page.form.render(true)) }
        div.head {
            h2 id="entries" { "Entries" }
            @if !page.entries.is_empty() {
                div.actions {
                    a.button.slim href=(page.query.link(Some("csv"))) { "CSV" }
                    a.button.slim href=(page.query.link(Some("json"))) { "JSON" }
                }
            }
        }
        (search(page.query))
        (found(page))
    };
    respond(200, document, &content)
}

/// The form without the entries: they are not for everyone, or cannot be read now.
pub(crate) fn no_entries(form: &Form<'_>, problem: Option<&Problem>) -> Response {
    let document = Document {
        title: "Submit an entry",
        is_narrow: true,
        ..Document::default()
    };
    let content = html! {
        h1 { "Submit an entry" }
        p.lead { "You see at once what becomes of it." }
        div.card { (form.render(false)) }
        @if let Some(problem) = problem {
            (notice(Tone::Bad, "The entries cannot be shown now", &html! { p { (problem.detail) } }))
        }
    };
    let response = respond(problem.map_or(200, |problem| problem.kind.status()), document, &content);
    match problem {
        Some(problem) => response.with_all(&problem.headers),
        None => response,
    }
}

fn search(query: &Query) -> Markup {
    let field = |name, label, kind, value| TextField {
        name,
        label,
        kind,
        value,
        is_plain: true,
        ..TextField::default()
    };
    let text = field(
        "q",
        "Name, e-mail or pincode",
        "search",
        query.text.as_deref().unwrap_or_default(),
    )
    .render();
    let from = field("from", "Stored from", "date", query.from.as_deref().unwrap_or_default()).render();
    let to = field("to", "until", "date", query.to.as_deref().unwrap_or_default()).render();
    html! {
        form.search method="get" action="/" role="search" aria-label="Entries" {
            div.grow { (text) }
            div.field {
                label for="status" { "Status" }
                select id="status" name="status" {
                    option value="" { "All" }
                    @for status in EntryStatus::ALL {
                        option value=(status.as_str()) selected[query.status == Some(status)] { (word(status).1) }
                    }
                }
            }
            (from) (to)
            div.actions {
                button.button { "Search" }
                @if query.is_filtered() { a href="/" { "All entries" } }
            }
        }
    }
}

fn found(page: &EntriesPage<'_>) -> Markup {
    html! {
        @if page.entries.is_empty() { (nothing(page)) } @else {
            ul.cards { @for (entry, href) in page.entries { li.card data-row { (card(entry, href.as_deref())) } } }
        }
        @if let Some(searched) = page.searched {
            p.soft {
                "Looked through " (searched.entries) " entries, back to " (time(&searched.back_to)) "."
                @if page.older.is_some() { " There are older ones." }
            }
        }
        (pager(
            page.newer.map(|href| (href, "Newer")),
            page.older.map(|href| (href, if page.searched.is_some() { "Search further back" } else { "Older" })),
        ))
    }
}

fn nothing(page: &EntriesPage<'_>) -> Markup {
    if page.query.is_filtered() {
        empty(
            "No entry is like that",
            &html! { p { "Search for other words, or see " a href="/" { "all entries" } "." } },
        )
    } else if page.older.is_some() {
        empty(
            "Nothing is newer",
            &html! { p { a href="/" { "See the newest entries" } } },
        )
    } else {
        empty(
            "No entries yet",
            &html! { p { "What is submitted and stored stands here, newest first." } },
        )
    }
}

fn word(status: EntryStatus) -> (Tone, &'static str) {
    match status {
        EntryStatus::Ingested => (Tone::Ok, "Stored"),
        EntryStatus::Approved => (Tone::Run, "Approved"),
    }
}

fn card(entry: &Entry, href: Option<&str>) -> Markup {
    let name = match &entry.user_name {
        Some(name) => value(name),
        None => html! { span.soft { "(no name)" } },
    };
    let (tone, word) = word(entry.status);
    let rows = [
        ("E-mail", entry.email.as_deref().map(value)),
        ("Pincode", entry.pincode.as_deref().map(value)),
        ("Submitted", Some(time(&entry.submitted_at))),
        ("Stored", Some(time(&entry.stored_at))),
    ];
    html! {
        div.head {
            h3 { @match href { Some(href) => a href=(href) { (name) }, None => (name) } }
            (badge(tone, word))
        }
        (facts(rows.into_iter().filter_map(|(name, value)| Some((name, value?)))))
    }
}
