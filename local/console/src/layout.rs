//! The frame around every page.

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use sluice_engine::Status;

/// The only stylesheet; inline, and allowed by its hash.
static STYLE: LazyLock<String> = LazyLock::new(|| {
    let own = [include_str!("style.css"), include_str!("execution.css")];
    format!("{}{}", own.concat(), sluice_graph::STYLE)
});

/// Nothing may be loaded and no script may run, whatever slips into a page; the stylesheet is named by its hash.
pub(crate) static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE.as_str()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});

/// The parts of the console that every page links to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// The overview and single executions.
    Executions,
    /// Executions that wait for a decision.
    Approvals,
    /// Mails.
    Inbox,
    /// The functions' logs.
    Logs,
    /// The definitions.
    Machines,
}

impl Section {
    const ALL: [Self; 5] = [
        Self::Executions,
        Self::Approvals,
        Self::Inbox,
        Self::Logs,
        Self::Machines,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Executions => "Executions",
            Self::Approvals => "Approvals",
            Self::Inbox => "Inbox",
            Self::Logs => "Logs",
            Self::Machines => "State machines",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Executions => "/console",
            Self::Approvals => "/console/approvals",
            Self::Inbox => "/console/inbox",
            Self::Logs => "/console/logs",
            Self::Machines => "/console/state-machines",
        }
    }
}

/// The parts of a page around its content.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    /// The title; part of `<title>`.
    pub(crate) title: String,
    /// Its section of the console; none for an error.
    pub(crate) section: Option<Section>,
    /// The URL of its JSON form; an error has none of its own.
    pub(crate) json_url: Option<String>,
    /// Reload after so many seconds.
    pub(crate) refresh: Option<u64>,
}

/// The whole document.
pub(crate) fn document(frame: &Frame, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if let Some(seconds) = frame.refresh {
                    meta http-equiv="refresh" content=(seconds);
                }
                title { (super::text::visible(&frame.title)) " · Sluice console" }
                @if let Some(json_url) = &frame.json_url {
                    link rel="alternate" type="application/json" href=(json_url);
                }
                style { (PreEscaped(STYLE.as_str())) }
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header {
                    strong { "Sluice" }
                    nav aria-label="Console" {
                        ul {
                            @for section in Section::ALL {
                                li {
                                    a href=(section.path()) aria-current=[current(frame.section, section)] {
                                        (section.name())
                                    }
                                }
                            }
                        }
                    }
                }
                main id="content" { (content) }
                footer {
                    span { "Times are UTC, on the clock of this runtime." }
                    @if let Some(json_url) = &frame.json_url {
                        a href=(json_url) { "This page as JSON" }
                    }
                    @if let Some(seconds) = frame.refresh {
                        span { "Reloads every " (seconds) " s." }
                    }
                }
            }
        }
    }
}

fn current(here: Option<Section>, section: Section) -> Option<&'static str> {
    (here == Some(section)).then_some("page")
}

/// A status by its word; the colour only helps.
pub(crate) fn status(status: Status) -> Markup {
    let word = status.as_str();
    html! { span class={ "status " (word.to_ascii_lowercase()) } { (word) } }
}

/// The link to the rows after these.
pub(crate) fn next(next: Option<&str>, words: &str) -> Markup {
    html! {
        @if let Some(next) = next {
            p { a rel="next" href=(next) { (words) } }
        }
    }
}

/// Instead of a table without rows.
pub(crate) fn empty_note(words: &str) -> Markup {
    html! { p.empty { (words) } }
}

/// As [`empty_note`], with a sentence of a template behind it.
pub(crate) fn empty_with_note(words: &str, note: Option<&str>) -> Markup {
    html! {
        p.empty {
            (words)
            @if let Some(note) = note { " " (super::text::line(note, 400)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_names_itself_and_loads_nothing() {
        fn check(frame: &Frame, contains: &[&str], lacks: &[&str]) {
            let page = document(frame, &html! { h1 { "Heading" } }).into_string();
            for part in contains
                .iter()
                .chain(&["<html lang=\"en\">", "<h1>Heading</h1>", "name=\"viewport\""])
            {
                assert!(page.contains(part), "{part:?} in {page}");
            }
            for part in lacks.iter().chain(&["<script", "src=", "style=", "@import", "url("]) {
                assert!(!page.contains(part), "no {part:?} in {page}");
            }
        }
        let plain = Frame {
            title: "<i>&".to_owned(),
            ..Frame::default()
        };
        check(
            &plain,
            &["<title>&lt;i&gt;&amp; · Sluice console</title>"],
            &["<i>", "aria-current=", "refresh", "alternate"],
        );
        let refreshing = Frame {
            refresh: Some(2),
            ..plain.clone()
        };
        check(&refreshing, &["<meta http-equiv=\"refresh\" content=\"2\">"], &[]);
        let inbox = Frame {
            section: Some(Section::Inbox),
            ..plain.clone()
        };
        check(&inbox, &["<a href=\"/console/inbox\" aria-current=\"page\">"], &[]);
        let json_url = Frame {
            json_url: Some("/console?a=1&format=json".to_owned()),
            ..plain
        };
        check(
            &json_url,
            &["rel=\"alternate\" type=\"application/json\" href=\"/console?a=1&amp;format=json\""],
            &[],
        );
    }

    #[test]
    fn the_policy_names_the_stylesheet_that_the_page_carries() {
        let page = document(&Frame::default(), &html! {}).into_string();
        let style = page
            .split_once("<style>")
            .and_then(|(_, rest)| rest.split_once("</style>"))
            .expect("one style")
            .0;
        let hash = BASE64_STANDARD.encode(Sha256::digest(style));
        assert!(
            CONTENT_SECURITY_POLICY.contains(&format!("style-src 'sha256-{hash}'")),
            "{}",
            *CONTENT_SECURITY_POLICY
        );
    }

    #[test]
    fn a_status_is_a_word() {
        fn check(given: Status, expected: &str) {
            assert_eq!(status(given).into_string(), expected);
        }
        check(Status::Running, "<span class=\"status running\">RUNNING</span>");
        check(Status::TimedOut, "<span class=\"status timed_out\">TIMED_OUT</span>");
    }
}
