use maud::{Markup, html};
use sluice_workflows::{DecisionKind, Field};

use super::view::{CLOSED, View, what};
use crate::http::Response;
use crate::http::page::{self, shown, time};

/// The page behind the link.
pub(super) fn approval(status: u16, view: &View<'_>, preselected: Option<&str>) -> Response {
    let record = view.record;
    let (title, said) = match view.state() {
        "open" => (
            "Please decide",
            html! { p { "Without a decision it expires at " (time(&record.expires_at)) "." } },
        ),
        "expired" => (
            "Expired",
            html! { p { "Nobody decided before " (time(&record.expires_at)) ". Nothing was stored." } },
        ),
        "decided" => (
            "Decided, not yet delivered",
            html! {
                (decision(view))
                p { "The workflow has not heard of it yet. Press the button to tell it; the decision stays as it is." }
                form method="post" { (again(view)) }
            },
        ),
        "closed" => ("Too late", html! { (decision(view)) p { (CLOSED) } }),
        _ => ("Decided", html! { (decision(view)) }),
    };
    page::response(
        status,
        title,
        &html! {
            (said)
            div.card { (fields(view)) }
            @if !record.violations.is_empty() {
                h2 { "What is wrong" }
                div.bad { (page::violations(serde_json::to_value(&record.violations).ok().as_ref())) }
            }
            @if view.state() == "open" { h2 { "Decide" } (form(view, preselected)) }
            p.quiet { "Submission " code { (shown(&record.submission_id)) } ", in at " (time(&record.submitted_at)) }
        },
    )
}

fn decision(view: &View<'_>) -> Markup {
    html! {
        @if let Some(decision) = view.decision() {
            p { strong { (what(decision)) " by " (shown(&decision.decided_by)) " at " (time(&decision.decided_at)) "." } }
            @if let Some(comment) = &decision.comment { p { "Comment: " (shown(comment)) } }
            @if let Some(repaired) = &decision.repaired {
                p { "Changed:" }
                dl {
                    @for field in Field::ALL {
                        @if let Some(value) = repaired.text(field) { dt { (field.title()) } dd { (shown(&value)) } }
                    }
                }
            }
        }
    }
}

fn fields(view: &View<'_>) -> Markup {
    html! {
        dl {
            @for field in Field::ALL {
                dt { (field.title()) }
                dd {
                    @match view.record.submission.text(field) {
                        Some(value) => (shown(&value)),
                        None => span.quiet { "(not given)" },
                    }
                }
            }
        }
    }
}

/// The form posts to the page's own address, which holds the secret; it appears nowhere in the page.
///
/// Enter in a text field presses the first button. That one never approves what is not right without a look: it needs a
/// changed field, and that is checked again.
fn form(view: &View<'_>, preselected: Option<&str>) -> Markup {
    let buttons = [
        ("repair", "Approve with my changes"),
        ("approve", "Approve as submitted"),
        ("reject", "Reject"),
    ];
    html! {
        form method="post" {
            @for field in Field::ALL {
                label {
                    (field.title())
                    input name=(field) value=(view.record.submission.text(field).unwrap_or_default()) autocomplete="off";
                }
            }
            label { "Your name" input name="decided_by" maxlength="100" autocomplete="name"; }
            label { "Comment" textarea name="comment" rows="3" maxlength="1000" {} }
            @for (value, words) in buttons {
                button.first[preselected == Some(value)] name="decision" value=(value) { (words) }
            }
            p.quiet {
                strong { "Approve with my changes" } " takes the fields as you changed them above and checks them again. "
                strong { "Approve as submitted" } " stores the submission with what is wrong in it; the fields above must be unchanged. "
                strong { "Reject" } " stores nothing."
            }
        }
    }
}

fn again(view: &View<'_>) -> Markup {
    let value = view
        .decision()
        .map_or(DecisionKind::Approve, |decision| decision.decision)
        .as_str();
    html! { button.first name="decision" value=(value) { "Tell the workflow" } }
}
