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
pub(super) fn standing(status: u16, id: &str, standing: &Standing) -> Answer {
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
                Standing::Running => p { "The submission is being checked. Reload " a href={ "/submissions/" (id) } { "its page" } " to see how it ended." },
                Standing::WaitingForApproval => p { "An admin was asked to decide about it. " a href={ "/submissions/" (id) } { "Its page" } " says how that ended." },
                Standing::Failed => p { "The workflow broke before its end. Its operators see that it did." },
                Standing::Ended(outcome) => (ended(outcome)),
            }
            p.quiet { "Submission " code { (page::shown(id)) } }
            p { a href="/" { "Back" } }
        },
    )
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
    let rows = [
        ("E-mail", entry.email.as_deref()),
        ("Pincode", entry.pincode.as_deref()),
        ("Status", Some(entry.status.as_str())),
        ("Submitted", Some(entry.submitted_at.as_str())),
        ("Decided by", entry.decided_by.as_deref()),
        ("Decided", entry.decided_at.as_deref()),
        ("Comment", entry.comment.as_deref()),
    ];
    html! {
        article.card {
            h2 { (page::shown(entry.user_name.as_deref().unwrap_or("(no name)"))) }
            dl {
                @for (name, value) in rows {
                    @if let Some(value) = value { dt { (name) } dd { (page::shown(value)) } }
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
