//! The frame around every page of the console, in the look that all pages of Sluice share.

use std::sync::LazyLock;

use maud::{Markup, html};
use sluice_engine::{MapRunStatus, Status};
use sluice_pages::{Document, Link, Refresh};

use crate::Tone;

/// The console's own rules beside the look that all pages share.
static STYLE: LazyLock<String> = LazyLock::new(|| {
    [
        include_str!("style.css"),
        include_str!("execution.css"),
        sluice_graph::STYLE,
    ]
    .concat()
});

/// Nothing may be loaded, and only what is named by its hash may style a page or run in it, whatever slips in.
pub(crate) static CONTENT_SECURITY_POLICY: LazyLock<String> =
    LazyLock::new(|| sluice_pages::content_security_policy_with(&STYLE));

/// Seconds between a page's looks at itself, and the most when nothing changes.
const LOOKS: (u32, u32) = (3, 30);

/// The parts of the console that every page links to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// The submissions.
    Submissions,
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
    /// Pictures of metrics.
    Dashboards,
    /// Conditions on metrics, and whether they hold.
    Alarms,
}

impl Section {
    const ALL: [Self; 8] = [
        Self::Submissions,
        Self::Executions,
        Self::Approvals,
        Self::Inbox,
        Self::Logs,
        Self::Machines,
        Self::Dashboards,
        Self::Alarms,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Submissions => "Submissions",
            Self::Executions => "Executions",
            Self::Approvals => "Waiting",
            Self::Inbox => "Inbox",
            Self::Logs => "Logs",
            Self::Machines => "State machines",
            Self::Dashboards => "Dashboards",
            Self::Alarms => "Alarms",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Submissions => "/console",
            Self::Executions => "/console/executions",
            Self::Approvals => "/console/approvals",
            Self::Inbox => "/console/inbox",
            Self::Logs => "/console/logs",
            Self::Machines => "/console/state-machines",
            Self::Dashboards => "/console/dashboards",
            Self::Alarms => "/console/alarms",
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
    /// Reload after so many seconds, with script or without.
    pub(crate) refresh: Option<u32>,
    /// The address of the page that is not loaded again.
    pub(crate) still: String,
    /// It looks at itself, where there is a script, and shows what has changed.
    pub(crate) is_live: bool,
    /// A template says what submissions are.
    pub(crate) has_submissions: bool,
    /// The time on the engine's clock, RFC 3339.
    pub(crate) now: String,
}

/// The whole document.
pub(crate) fn document(frame: &Frame, content: &Markup) -> Markup {
    let sections = Section::ALL
        .into_iter()
        .filter(|section| frame.has_submissions || *section != Section::Submissions);
    let links: Vec<Link<'_>> = sections
        .map(|section| Link {
            words: section.name(),
            href: section.path(),
            is_current: frame.section == Some(section),
        })
        .collect();
    let refresh = match frame.refresh {
        Some(seconds) => Some((seconds, seconds, seconds)),
        None => frame.is_live.then_some((LOOKS.0, LOOKS.1, 0)),
    };
    Document {
        title: &frame.title,
        part: "console",
        home: Some("/console"),
        links: &links,
        refresh: refresh.map(|(seconds, slowest, without_script)| Refresh {
            seconds,
            slowest,
            without_script,
            stopped: &frame.still,
        }),
        json: frame.json_url.as_deref(),
        now: (!frame.now.is_empty()).then_some(frame.now.as_str()),
        foot: Some(html! { span { "Times are UTC, on " a href="/console/clock" { "the clock of this runtime" } "." } }),
        more_style: &STYLE,
        ..Document::default()
    }
    .render(content)
}

/// A status by its word; the colour only helps.
pub(crate) fn status(status: Status) -> Markup {
    let tone = match status {
        Status::Running | Status::PendingRedrive => sluice_pages::Tone::Run,
        Status::Succeeded => sluice_pages::Tone::Ok,
        Status::Failed => sluice_pages::Tone::Bad,
        Status::TimedOut => sluice_pages::Tone::Wait,
        Status::Aborted => sluice_pages::Tone::Idle,
    };
    sluice_pages::badge(tone, status.as_str())
}

/// As [`status`], of a Map Run.
pub(crate) fn map_run_status(status: MapRunStatus) -> Markup {
    let tone = match status {
        MapRunStatus::Running => sluice_pages::Tone::Run,
        MapRunStatus::Succeeded => sluice_pages::Tone::Ok,
        MapRunStatus::Failed => sluice_pages::Tone::Bad,
        MapRunStatus::Aborted => sluice_pages::Tone::Idle,
    };
    sluice_pages::badge(tone, status.as_str())
}

/// In JSON the status of a Map Run stands as in Step Functions' API.
pub(crate) fn map_run_word<S: serde::Serializer>(status: &MapRunStatus, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(status.as_str())
}

/// `once`, `2 times`.
pub(crate) fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        many => format!("{many} times"),
    }
}

/// A word with the colour of its tone.
pub(crate) fn badge(tone: Tone, word: &str) -> Markup {
    let word = super::text::visible(super::text::bounded(word, 60).0);
    sluice_pages::badge(pages_tone(tone), &word)
}

/// The tone of the shared look.
pub(crate) fn pages_tone(tone: Tone) -> sluice_pages::Tone {
    match tone {
        Tone::Ok => sluice_pages::Tone::Ok,
        Tone::Idle => sluice_pages::Tone::Idle,
        Tone::Wait => sluice_pages::Tone::Wait,
        Tone::Run => sluice_pages::Tone::Run,
        Tone::Bad => sluice_pages::Tone::Bad,
    }
}

/// The link to the rows after these.
pub(crate) fn next(next: Option<&str>, words: &str) -> Markup {
    sluice_pages::pager(None, next.map(|href| (href, words)))
}

/// Instead of a table without rows.
pub(crate) fn empty_note(words: &str) -> Markup {
    html! { div.empty { p { (words) } } }
}

/// As [`empty_note`], with a sentence of a template behind it.
pub(crate) fn empty_with_note(words: &str, note: Option<&str>) -> Markup {
    html! {
        div.empty {
            h2 { (words) }
            @if let Some(note) = note { p { (super::text::line(note, 400)) } }
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
            for part in lacks.iter().chain(&["src=", " style=", "@import", "url("]) {
                assert!(!page.contains(part), "no {part:?} in {page}");
            }
            assert_eq!(
                (page.matches("<script").count(), page.matches("<style").count()),
                (1, 1)
            );
        }
        let plain = Frame {
            title: "<i>&".to_owned(),
            ..Frame::default()
        };
        check(
            &plain,
            &["<title>&lt;i&gt;&amp; · Sluice console</title>"],
            &[
                "<i>",
                "aria-current=\"page\"",
                "http-equiv",
                "alternate",
                "data-refresh=\"",
                "Submissions",
            ],
        );
        let refreshing = Frame {
            refresh: Some(2),
            ..plain.clone()
        };
        check(
            &refreshing,
            &["<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>"],
            &[],
        );
        let live = Frame {
            is_live: true,
            ..plain.clone()
        };
        check(&live, &["data-refresh=\"3\" data-slowest=\"30\""], &["http-equiv"]);
        let inbox = Frame {
            section: Some(Section::Inbox),
            has_submissions: true,
            ..plain.clone()
        };
        check(
            &inbox,
            &["<a href=\"/console/inbox\" aria-current=\"page\">", ">Submissions</a>"],
            &[],
        );
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
    fn a_status_is_a_word() {
        fn check(given: Status, expected: &str) {
            assert_eq!(status(given).into_string(), expected);
        }
        check(Status::Running, "<span class=\"badge run pulse\">RUNNING</span>");
        check(Status::TimedOut, "<span class=\"badge wait\">TIMED_OUT</span>");
    }
}
