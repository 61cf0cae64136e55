use maud::{Markup, html};
use sluice_workflows::{Entry, Field, Outcome, SubmissionStatus};

use crate::http::page;
use crate::http::{Problem, Response};

/// The entries as cards, and a form to add one.
pub(super) fn list(entries: &[Entry], next: Option<&str>) -> Response {
    page::response(
        200,
        "Entries",
        &html! {
            ul.cards {
                @for entry in entries { li { (card(entry)) } }
            }
            @if entries.is_empty() { p.quiet { "There is nothing here yet." } }
            @if let Some(next) = next { p { a href=(next) rel="next" { "Next page" } } }
            h2 { "Submit" }
            (form())
        },
    )
}

/// No entries, but the form.
pub(super) fn no_list(problem: &Problem) -> Response {
    page::response(
        problem.kind.status(),
        "Submit",
        &html! {
            p.quiet { (problem.detail) }
            (form())
        },
    )
}

/// The status of a submission.
///
/// `is_own` says that this is the response under the submission's own address, not the one to whoever submitted.
pub(super) fn status(code: u16, id: &str, status: &SubmissionStatus, is_own: bool) -> Response {
    let title = match status {
        SubmissionStatus::Running => "Taken in",
        SubmissionStatus::WaitingForApproval => "Waiting for approval",
        SubmissionStatus::Failed => "Taken in, but not finished",
        SubmissionStatus::Ended(outcome) => match **outcome {
            Outcome::Ingested { .. } => "Stored",
            Outcome::Approved { .. } => "Approved and stored",
            Outcome::Rejected { .. } => "Refused",
            Outcome::Expired { .. } => "Expired",
        },
    };
    page::response(
        code,
        title,
        &html! {
            @match status {
                SubmissionStatus::Running => p { "The submission is being checked. " (later(id, is_own)) },
                SubmissionStatus::WaitingForApproval => p { "An admin was asked to decide about it. " (later(id, is_own)) },
                SubmissionStatus::Failed => p { "The workflow broke before its end. Its operators see that it did." },
                SubmissionStatus::Ended(outcome) => (ended(outcome)),
            }
            p.quiet { "Submission " code { (page::shown(id)) } }
            p { a href="/" { "Back" } }
        },
    )
}

/// A sentence about where to see how it ends.
fn later(id: &str, is_own: bool) -> Markup {
    html! {
        @if is_own { "Reload this page later to see how that ended." }
        @else { a href={ "/submissions/" (id) } { "Its page" } " will say how that ended." }
    }
}

fn ended(outcome: &Outcome) -> Markup {
    match outcome {
        Outcome::Ingested { entry, .. } | Outcome::Approved { entry, .. } => html! { (card(entry)) },
        Outcome::Rejected { reason, violations, .. } | Outcome::Expired { reason, violations, .. } => html! {
            p { (page::shown(reason)) }
            (page::violations(serde_json::to_value(violations).ok().as_ref()))
        },
    }
}

fn card(entry: &Entry) -> Markup {
    let text = |text: &str| html! { (page::shown(text)) };
    let rows = [
        ("E-mail", entry.email.as_deref().map(text)),
        ("Pincode", entry.pincode.as_deref().map(text)),
        ("Status", Some(text(entry.status.as_str()))),
        ("Submitted", Some(page::time(&entry.submitted_at))),
        ("Decided", entry.decided_at.as_deref().map(page::time)),
    ];
    html! {
        article.card {
            h2 { (page::shown(entry.user_name.as_deref().unwrap_or("(no name)"))) }
            dl {
                @for (name, value) in rows {
                    @if let Some(value) = value { dt { (name) } dd { (value) } }
                }
            }
        }
    }
}

fn form() -> Markup {
    html! {
        form method="post" action="/" {
            @for field in Field::ALL {
                label { (field.title()) input name=(field) autocomplete="off"; }
            }
            button { "Submit" }
        }
    }
}
