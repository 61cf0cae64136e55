use maud::{Markup, html};
use sluice_workflows::{Entry, Field, Outcome};

use super::standing::Standing;
use crate::http::{Answer, Problem};
use crate::page;

/// The entries as cards, and a form to add one.
pub(super) fn list(entries: &[Entry], next: Option<&str>) -> Answer {
    page::answer(
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
pub(super) fn no_list(problem: &Problem) -> Answer {
    page::answer(
        problem.kind.status(),
        "Submit",
        &html! {
            p.quiet { (problem.detail) }
            (form())
        },
    )
}

/// Where a submission stands.
///
/// `is_own` says that this is the answer under the submission's own address, not the one to who submitted.
pub(super) fn standing(status: u16, id: &str, standing: &Standing, is_own: bool) -> Answer {
    let title = match standing {
        Standing::Running => "Taken in",
        Standing::WaitingForApproval => "Waiting for approval",
        Standing::Failed => "Taken in, but not finished",
        Standing::Ended(outcome) => match **outcome {
            Outcome::Ingested { .. } => "Stored",
            Outcome::Approved { .. } => "Approved and stored",
            Outcome::Rejected { .. } => "Refused",
            Outcome::Expired { .. } => "Expired",
        },
    };
    page::answer(
        status,
        title,
        &html! {
            @match standing {
                Standing::Running => p { "The submission is being checked. " (later(id, is_own)) },
                Standing::WaitingForApproval => p { "An admin was asked to decide about it. " (later(id, is_own)) },
                Standing::Failed => p { "The workflow broke before its end. Its operators see that it did." },
                Standing::Ended(outcome) => (ended(outcome)),
            }
            p.quiet { "Submission " code { (page::shown(id)) } }
            p { a href="/" { "Back" } }
        },
    )
}

/// Where to see how it ends.
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
        ("Decided by", entry.decided_by.as_deref().map(text)),
        ("Decided", entry.decided_at.as_deref().map(page::time)),
        ("Comment", entry.comment.as_deref().map(text)),
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
