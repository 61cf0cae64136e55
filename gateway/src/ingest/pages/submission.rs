use chrono::{DateTime, SecondsFormat};
use maud::{Markup, html};
use sluice_pages::{Document, Refresh, Step, Tone, ago, badge, copy, facts, shown, steps, time};
use sluice_workflows::{Entry, Outcome, SubmissionStatus, Violation};

use super::value;
use crate::http::Response;
use crate::http::page::live_response;

/// A submission as its page shows it at a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    /// Its id.
    pub(crate) id: &'a str,
    /// Its status.
    pub(crate) status: &'a SubmissionStatus,
    /// The time at which it came in, in milliseconds since 1970, if it is known.
    pub(crate) submitted_at_ms: Option<i64>,
    /// The moment.
    pub(crate) now_ms: i64,
    /// True if the page follows it to its end.
    pub(crate) follows: bool,
}

/// The words of a status: the title, and the tone and word of its badge.
fn words(status: &SubmissionStatus) -> (&'static str, Tone, &'static str) {
    match status {
        SubmissionStatus::Running => ("Your entry is being checked", Tone::Run, "Checking"),
        SubmissionStatus::WaitingForApproval => ("Your entry waits for an admin", Tone::Wait, "Waiting"),
        SubmissionStatus::Failed => ("Taken in, but not finished", Tone::Bad, "Out of order"),
        SubmissionStatus::Ended(outcome) => match **outcome {
            Outcome::Ingested { .. } => ("Your entry is stored", Tone::Ok, "Stored"),
            Outcome::Approved { .. } => ("Your entry is approved and stored", Tone::Ok, "Approved"),
            Outcome::Rejected { .. } => ("Your entry was refused", Tone::Bad, "Refused"),
            Outcome::Expired { .. } => ("Nobody decided in time", Tone::Bad, "Expired"),
        },
    }
}

/// The page of a submission. It follows it to its end by itself: by the script, or loaded again by the browser. There is
/// nothing in it that a reload could close.
pub(crate) fn submission(seen: &Seen<'_>) -> Response {
    let (title, tone, word) = words(seen.status);
    let now = iso(seen.now_ms);
    let own = format!("/submissions/{}", seen.id);
    let stopped = format!("{own}?refresh=0");
    let document = Document {
        title,
        home: Some("/"),
        is_narrow: true,
        refresh: pace(seen.status)
            .filter(|_| seen.follows)
            .map(|(seconds, slowest, without_script)| Refresh {
                seconds,
                slowest,
                without_script,
                stopped: &stopped,
            }),
        now: Some(&now),
        ..Document::default()
    };
    let content = html! {
        div id="submission" data-live aria-live="polite" {
            div.head { h1 { (title) } (badge(tone, word)) }
            div.card { (steps(&way(seen.status))) (details(seen)) }
            (onward(seen.status))
        }
        p.small.soft {
            "Submission " code id="submission-id" { (seen.id) } " " (copy(seen.id, "submission-id"))
            // the clock of the machine that took it in may be ahead of this one's, and what was sent is past
            @if let Some(at) = seen.submitted_at_ms { ", sent " (ago(&iso(at.min(seen.now_ms)), seen.now_ms)) }
        }
        @if !seen.follows && pace(seen.status).is_some() {
            p { "This page stays as it is. " a href=(own) { "Follow the submission" } }
        }
    };
    live_response(200, &document, &content)
}

/// The seconds between two looks: the first by the script, the slowest by the script, without script.
///
/// An admin may take days; each look is an invocation.
fn pace(status: &SubmissionStatus) -> Option<(u32, u32, u32)> {
    match status {
        SubmissionStatus::Running => Some((1, 10, 4)),
        SubmissionStatus::WaitingForApproval => Some((4, 60, 30)),
        SubmissionStatus::Failed | SubmissionStatus::Ended(_) => None,
    }
}

fn iso(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The way of a submission, as far as it has come.
fn way(status: &SubmissionStatus) -> Vec<Step> {
    let done = |words: &str| step(words, Some(Tone::Ok), false);
    let next = |words: &str| step(words, None, false);
    let last = |words: &str, tone| step(words, Some(tone), true);
    let taken_in = done("Taken in");
    match status {
        SubmissionStatus::Running => vec![
            taken_in,
            last("Its fields are being checked", Tone::Run),
            next("Stored"),
        ],
        SubmissionStatus::WaitingForApproval => vec![
            taken_in,
            done("Checked: one field breaks a rule"),
            last("An admin was asked, and decides", Tone::Wait),
            next("Stored"),
        ],
        SubmissionStatus::Failed => vec![taken_in, last("The workflow broke", Tone::Bad)],
        SubmissionStatus::Ended(outcome) => match &**outcome {
            Outcome::Ingested { .. } => vec![
                taken_in,
                done("Checked: all fields are right"),
                last("Stored", Tone::Ok),
            ],
            Outcome::Approved { .. } => vec![
                taken_in,
                done("Checked: one field broke a rule"),
                done("Approved by an admin"),
                last("Stored", Tone::Ok),
            ],
            Outcome::Rejected { approval: Some(_), .. } => vec![
                taken_in,
                done("Checked: one field broke a rule"),
                last("Refused by an admin", Tone::Bad),
            ],
            Outcome::Rejected { .. } => vec![taken_in, last("Refused", Tone::Bad)],
            Outcome::Expired { .. } => vec![
                taken_in,
                done("Checked: one field broke a rule"),
                last("Expired: no admin decided in time", Tone::Bad),
            ],
        },
    }
}

fn step(words: &str, tone: Option<Tone>, is_current: bool) -> Step {
    Step {
        words: html! { (words) },
        tone,
        is_current,
    }
}

/// The words about where it stands.
fn details(seen: &Seen<'_>) -> Markup {
    match seen.status {
        SubmissionStatus::Running => html! { p { "This takes a moment. This page says how it ends." } },
        SubmissionStatus::WaitingForApproval => html! {
            p { "A person looks at it and decides. You may close this page and come back: its address stays the same." }
        },
        SubmissionStatus::Failed => {
            html! { p { "Its operators see that it did. Nothing is lost; it may still be finished." } }
        }
        SubmissionStatus::Ended(outcome) => match &**outcome {
            Outcome::Ingested { entry, .. } | Outcome::Approved { entry, .. } => stored(entry),
            Outcome::Rejected { reason, violations, .. } | Outcome::Expired { reason, violations, .. } => {
                not_stored(reason, violations)
            }
        },
    }
}

fn stored(entry: &Entry) -> Markup {
    let given = |text: &Option<String>| match text {
        Some(text) => value(text),
        None => html! { span.soft { "not given" } },
    };
    facts([
        ("User name", given(&entry.user_name)),
        ("E-mail", given(&entry.email)),
        ("Pincode", given(&entry.pincode)),
        ("Stored", time(&entry.stored_at)),
    ])
}

fn not_stored(reason: &str, violations: &[Violation]) -> Markup {
    html! {
        p { (shown(reason)) " Nothing was stored." }
        @if !violations.is_empty() {
            ul { @for violation in violations { li { (shown(&violation.message)) } } }
        }
    }
}

/// The way on from here.
fn onward(status: &SubmissionStatus) -> Markup {
    match status {
        SubmissionStatus::Running | SubmissionStatus::WaitingForApproval => html! {},
        SubmissionStatus::Failed => html! { p { a.button href="/" { "To the form" } } },
        SubmissionStatus::Ended(outcome) => match **outcome {
            Outcome::Ingested { .. } | Outcome::Approved { .. } => {
                html! { p { a.button href="/" { "Submit another" } } }
            }
            Outcome::Rejected { .. } | Outcome::Expired { .. } => {
                html! { p { a.button.primary href="/" { "Submit it anew" } } }
            }
        },
    }
}
