use maud::{Markup, html};
use sluice_aws::{ApprovalState, Delivery};
use sluice_pages::{Document, ErrorSummary, Mistake, Shape, TextField, Tone, ago, facts, notice, shown, time};
use sluice_workflows::{DecisionKind, Field};

use super::super::around::{Around, Next};
use super::super::decision::Place;
use super::super::view::{CLOSED, Change, View, by_whom, what};
use super::{answer, code_field, enter, errors_at, mail_button};
use crate::http::Response;

/// The page of one request.
pub(in super::super) fn one(status: u16, view: &View<'_>, now_ms: i64, around: &Around<'_>) -> Response {
    let (title, content) = match view.state() {
        "open" => ("Please decide", open(view, now_ms, around)),
        "expired" => ("Expired", expired(view)),
        "decided" => ("Decided, not yet delivered", undelivered(view)),
        "closed" => ("No longer waiting", closed(view)),
        _ => ("Decided", decided(view, around.next.as_ref())),
    };
    let heading = if view.shows_data() && !view.record.summary.is_empty() {
        shown(&view.record.summary)
    } else {
        title.to_owned()
    };
    let document = Document {
        title,
        is_narrow: true,
        ..Document::default()
    };
    answer(
        status,
        &document,
        &html! {
            @if around.from_list { p { a href="?" { "Everything open" } } }
            h1 { (heading) }
            (content)
            p.soft.small { "Submission " code { (shown(&view.record.submission_id)) } ", sent on " (time(&view.record.submitted_at)) "." }
        },
    )
}

fn open(view: &View<'_>, now_ms: i64, around: &Around<'_>) -> Markup {
    html! {
        p.lead { "Decide until " (time(&view.record.expires_at)) ", " (ago(&view.record.expires_at, now_ms)) ". After that the deadline decides." }
        (said(around))
        @if around.decides {
            (form(view, around))
        } @else {
            (facts(fields(view)))
            (violations(view))
            (notice(Tone::Wait, "This link decides nothing", &html! {
                p { "Its mail is of a time in which mails had no code. Ask for a new one." }
            }))
            (mail_button())
        }
        p.small { a href={ "?" (if around.from_list { format!("request={}&", view.record.id) } else { String::new() }) "view=audit" } { "What happened so far" } }
    }
}

/// The sentences about the form as it was sent.
fn said(around: &Around<'_>) -> Markup {
    let mistakes: Vec<_> = around
        .places
        .iter()
        .map(|(place, message)| Mistake {
            id: (*place != Place::Form).then_some(place.name()),
            message,
        })
        .collect();
    html! {
        @if around.is_check && mistakes.is_empty() {
            (notice(Tone::Ok, "This keeps all rules", &html! { p { "Nothing is decided yet: press a button." } }))
        } @else {
            (ErrorSummary { heading: "Nothing is decided yet", mistakes: &mistakes }.render())
        }
    }
}

fn form(view: &View<'_>, around: &Around<'_>) -> Markup {
    let reason = errors_at(&around.places, Place::Reason);
    let comment = errors_at(&around.places, Place::Comment);
    let text = |name: &str| around.typed.get(name).unwrap_or_default();
    let rejects = around.preselected == Some("reject") || !text("reason").is_empty() || !reason.is_empty();
    let comments = !text("comment").is_empty() || !comment.is_empty();
    html! {
        // The browser checks nothing: what is wrong with a field is no reason to hold a rejection back.
        form.form.as-sent method="post" novalidate {
            (enter())
            @for field in Field::ALL { (field_input(view, around, field)) }
            (code_field(around.needs_code, &around.typed, &around.places))
            details open[comments] {
                summary { "Add a comment for admins" }
                (TextField { name: "comment", label: "Comment", hint: "For admins. The submitter does not see it.", errors: &comment,
                    value: text("comment"), longest: Some(1000), shape: Shape::Lines(2), ..TextField::default() }.render())
            }
            div.actions {
                button.button.primary.if-changed name="decision" value="repair" { "Approve with my changes" }
                button.button.primary.if-unchanged name="decision" value="approve" { "Approve as submitted" }
            }
            details open[rejects] {
                summary { "Reject instead" }
                (TextField { name: "reason", label: "Reason", hint: "The submitter sees it.", errors: &reason, value: text("reason"),
                    longest: Some(500), shape: Shape::Lines(2), ..TextField::default() }.render())
                p {}
                div.actions { button.button.danger name="decision" value="reject" { "Reject" } }
            }
        }
    }
}

fn field_input(view: &View<'_>, around: &Around<'_>, field: Field) -> Markup {
    let submitted = view.record.submission.text(field).unwrap_or_default();
    let was_sent = !around.typed.is_empty();
    let at_first: Vec<_> = view
        .record
        .violations
        .iter()
        .filter(|violation| violation.field == field && !was_sent)
        .map(|violation| violation.message.as_str())
        .collect();
    let errors = [errors_at(&around.places, Place::Field(field)), at_first].concat();
    let first_wrong = view.record.violations.first().map(|violation| violation.field);
    TextField {
        name: field.as_str(),
        label: field.title(),
        errors: &errors,
        value: around.typed.get(field.as_str()).unwrap_or(&submitted),
        was: Some(&submitted),
        is_plain: true,
        is_focused: !was_sent && first_wrong == Some(field),
        ..TextField::default()
    }
    .render()
}

fn fields<'a>(view: &View<'a>) -> Vec<(&'static str, Markup)> {
    let value = |field| match view.record.submission.text(field) {
        Some(value) => html! { (shown(&value)) },
        None => html! { span.soft { "(not given)" } },
    };
    Field::ALL
        .into_iter()
        .map(|field| (field.title(), value(field)))
        .collect()
}

fn violations(view: &View<'_>) -> Markup {
    let rules = html! { ul { @for violation in &view.record.violations { li { (shown(&violation.message)) } } } };
    html! { @if !view.record.violations.is_empty() { (notice(Tone::Bad, "What is wrong", &rules)) } }
}

/// The decision: whole for whoever gave the code, else no more than that it was.
fn decision(view: &View<'_>) -> Markup {
    let Some(decision) = view.decision() else {
        return html! {};
    };
    if !view.shows_data() {
        return html! {
            p.lead { (what(decision)) " on " (time(&decision.decided_at)) "." }
            p { "This link shows nothing of the request any more, since it is closed. Who decided what is in its record: whoever runs this can read it." }
        };
    }
    let (tone, stored) = match decision.decision {
        DecisionKind::Approve => (Tone::Ok, true),
        DecisionKind::Reject => (Tone::Bad, false),
        DecisionKind::Expire => (Tone::Idle, false),
    };
    let changes = view.changes();
    let value = |field: Field| {
        let changed = changes.iter().find(|change| change.field == field);
        match changed {
            Some(Change { old, new, .. }) => html! {
                del { (shown(old.as_deref().unwrap_or("(not given)"))) } " → " ins { (shown(new.as_deref().unwrap_or_default())) }
            },
            None => html! { (shown(&view.record.submission.text(field).unwrap_or_else(|| "(not given)".to_owned()))) },
        }
    };
    html! {
        (notice(tone, what(decision), &html! {
            p { "Decided " (shown(&by_whom(decision))) " on " (time(&decision.decided_at)) "." }
            @if let Some(reason) = &decision.reason { p { "Reason, which the submitter sees: " (shown(reason)) } }
            @if let Some(comment) = &decision.comment { p { "Comment, for admins: " (shown(comment)) } }
        }))
        h2 { @if stored { "What is stored" } @else { "What was asked" } }
        (facts(Field::ALL.into_iter().map(|field| (field.title(), value(field)))))
    }
}

fn decided(view: &View<'_>, next: Option<&Next>) -> Markup {
    html! {
        (decision(view))
        @match next {
            Some(next) => {
                h2 { "Next" }
                p { (shown(&next.summary)) }
                p { a.button.primary href=(next.href) { "Go on to it" } }
                p.soft.small { "The same code is good for it." }
            },
            None => @if view.shows_data() { p.soft { "Nothing else waits for you." } },
        }
    }
}

fn expired(view: &View<'_>) -> Markup {
    html! {
        p.lead { "Nobody decided before " (time(&view.record.expires_at)) ", so it expired. Nothing was stored." }
        p { "There is nothing to do. Whoever sent it can send it again; a new request then comes by a new mail." }
    }
}

fn undelivered(view: &View<'_>) -> Markup {
    let value = view
        .decision()
        .map_or(DecisionKind::Approve, |decision| decision.decision);
    html! {
        (decision(view))
        p { "The workflow has not heard of it yet. Press the button to tell it; the decision stays as it is." }
        form.form method="post" {
            div.actions { button.button.primary name="decision" value=(value.as_str()) { "Tell the workflow" } }
        }
    }
}

fn closed(view: &View<'_>) -> Markup {
    let was_decided = matches!(view.record.state, ApprovalState::Decided(_, Delivery::Closed));
    html! {
        @if was_decided {
            (decision(view))
            p { (CLOSED) }
        } @else {
            p.lead { "Nobody waits for a decision any more: the workflow of this submission was stopped, or broke." }
        }
        p { "There is nothing to do here. Whoever runs this sees the execution under the submission's id." }
    }
}
