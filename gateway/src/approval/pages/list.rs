use maud::{Markup, html};
use sluice_aws::{ApprovalRecord, Batch, OpenItem, Selection};
use sluice_pages::{
    Column, Document, ErrorSummary, Mistake, Refresh, Shape, TextField, Tone, ago, badge, empty, facts, notice, shown,
    table, time,
};
use sluice_workflows::{DecisionKind, Field};

use super::super::choice::{Bulk, PICK, chosen};
use super::super::decision::{Place, Typed};
use super::super::listing::Listing;
use super::super::view::{View, what};
use super::{answer, code_field, enter, errors_at};
use crate::http::Response;

/// The page of everything open.
pub(in super::super) fn list(status: u16, listing: &Listing) -> Response {
    let document = Document {
        title: "Everything open",
        ..Document::default()
    };
    answer(
        status,
        &document,
        &html! {
            div.head {
                h1 { "Everything open" }
                (badge(if listing.open == 0 { Tone::Ok } else { Tone::Wait }, &format!("{} open", listing.open)))
            }
            @if let Some(done) = &listing.done { (notice(Tone::Ok, "", &html! { p { (shown(done)) } })) }
            (mistakes(listing))
            (search(listing))
            @if listing.items.is_empty() { (nothing(listing)) } @else { (form(listing)) }
        },
    )
}

fn mistakes(listing: &Listing) -> Markup {
    let mistakes: Vec<_> = listing
        .places
        .iter()
        .map(|(place, message)| Mistake {
            id: (*place != Place::Form).then_some(place.name()),
            message,
        })
        .collect();
    ErrorSummary {
        heading: "Nothing is decided",
        mistakes: &mistakes,
    }
    .render()
}

fn search(listing: &Listing) -> Markup {
    let field = TextField {
        name: "q",
        label: "Search",
        value: &listing.search,
        kind: "search",
        is_plain: true,
        ..TextField::default()
    };
    html! {
        form.search method="get" role="search" {
            (field.render())
            button.button { "Search" }
            @if !listing.search.is_empty() { a.button href="?" { "All" } }
        }
    }
}

fn nothing(listing: &Listing) -> Markup {
    let more = listing.next.as_ref().map(ToString::to_string);
    if let Some(after) = more {
        return empty(
            "Nothing found so far",
            &html! {
                p { "Only a part of what is open was looked through." }
                p { a.button href={ "?q=" (query(&listing.search)) "&after=" (after) } { "Search on" } }
            },
        );
    }
    if listing.search.is_empty() {
        empty(
            "Nothing waits for a decision",
            &html! { p { "A new request comes by mail, and appears here within moments." } },
        )
    } else {
        empty(
            "Nothing found",
            &html! { p { "No open request holds this text. " a href="?" { "Show all" } } },
        )
    }
}

/// A text as part of a query string.
fn query(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    text.bytes()
        .map(|b| {
            if plain(b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

fn form(listing: &Listing) -> Markup {
    let columns = [
        Column::text("Request"),
        Column::text("What is wrong"),
        Column::text("Deadline"),
        Column::text("Decide"),
    ];
    let shown_ids: Vec<_> = listing.items.iter().map(|item| item.id.as_str()).collect();
    let picked: Vec<_> = listing.picked.iter().map(String::as_str).collect();
    let elsewhere = picked.iter().filter(|id| !shown_ids.contains(id)).count();
    html! {
        form method="post" novalidate {
            (enter())
            input type="hidden" name="batch" value=(listing.typed.get("batch").unwrap_or(&listing.batch));
            input type="hidden" name="until" value=(listing.typed.get("until").map_or_else(|| listing.now_ms.to_string(), str::to_owned));
            input type="hidden" name="q" value=(listing.search);
            input type="hidden" name="picked" value=(picked.join(" "));
            input type="hidden" name="shown" value=(shown_ids.join(" "));
            input type="hidden" name="confirm" value="ask";
            div.form { (code_field(listing.needs_code, &listing.typed, &listing.places)) }
            (table("The soonest deadline first", &columns, listing.items.iter().map(|item| row(item, listing))))
            @if let Some(next) = &listing.next {
                div.actions { button.button name="after" value=(next) { "Next page" } a.button href="?" { "First page" } }
            }
            (many(listing, elsewhere))
        }
    }
}

fn row(item: &OpenItem, listing: &Listing) -> Vec<Markup> {
    let words = if item.summary.is_empty() {
        &item.submission_id
    } else {
        &item.summary
    };
    let fields: Vec<_> = Field::ALL
        .into_iter()
        .filter_map(|field| item.submission.text(field))
        .collect();
    vec![
        html! {
            label.check {
                input type="checkbox" name={ (PICK) (item.id) } checked[listing.picked.contains(&item.id)];
                span { (shown(words)) }
            }
        },
        html! {
            @for violation in &item.violations { (shown(&violation.message)) " " }
            br;
            span.soft.small { (shown(&fields.join(" · "))) }
        },
        html! { (ago(&item.expires_at, listing.now_ms)) br; span.soft.small { (time(&item.expires_at)) } },
        html! {
            div.actions {
                button.button.slim name="decision" value={ "approve " (item.id) } { "Approve" span.off-screen { " " (shown(words)) } }
                button.button.slim.danger name="decision" value={ "reject " (item.id) } { "Reject" span.off-screen { " " (shown(words)) } }
                a.button.slim href={ "?request=" (item.id) } { "Repair" span.off-screen { " " (shown(words)) } }
            }
        },
    ]
}

fn many(listing: &Listing, elsewhere: usize) -> Markup {
    let text = |name: &str| listing.typed.get(name).unwrap_or_default();
    let (comment, reason) = (
        errors_at(&listing.places, Place::Comment),
        errors_at(&listing.places, Place::Reason),
    );
    let all = text("selection") == "all_but_picked";
    html! {
        h2 { "Many at once" }
        div.form {
            fieldset {
                legend { "Which" }
                label.check { input type="radio" name="selection" value="picked" checked[!all]; "Those that are ticked" }
                label.check {
                    input type="radio" name="selection" value="all_but_picked" checked[all];
                    @if listing.search.is_empty() { "All that are open now, but those that are ticked" }
                    @else { "All that are open now and found by this search, but those that are ticked" }
                }
            }
            @if elsewhere > 0 { p.soft { (elsewhere) " more " (if elsewhere == 1 { "is" } else { "are" }) " ticked on other pages." } }
            (TextField { name: "reason", label: "Reason", hint: "With a rejection. The submitters see it.", errors: &reason,
                value: text("reason"), longest: Some(500), shape: Shape::Lines(2), ..TextField::default() }.render())
            (TextField { name: "comment", label: "Comment", hint: "For admins. The submitters do not see it.", errors: &comment,
                value: text("comment"), longest: Some(1000), shape: Shape::Lines(2), ..TextField::default() }.render())
            div.actions {
                button.button name="decision" value="approve" { "Approve as submitted…" }
                button.button.danger name="decision" value="reject" { "Reject…" }
            }
            p.soft.small { "You are asked once more before it is done." }
        }
    }
}

/// The question before a decision about many.
pub(in super::super) fn confirm(asked: &Bulk, typed: &Typed, open: u64) -> Response {
    let (verb, button) = match asked.decision.decision {
        DecisionKind::Approve => ("approve as submitted", "Approve"),
        DecisionKind::Reject | DecisionKind::Expire => ("reject", "Reject"),
    };
    let (which, picked) = match &asked.selection {
        Selection::Ids(ids) => match ids.len() {
            1 => ("the one request that is ticked".to_owned(), ids),
            many => (format!("{many} requests that are ticked"), ids),
        },
        Selection::All { search, except, .. } => {
            let mut which = match search {
                None => {
                    let verb = if open == 1 { "is" } else { "are" };
                    format!("all requests that were open when you looked ({open} {verb} open now)")
                }
                Some(search) => {
                    format!("all requests that were open when you looked and hold the text \u{201c}{search}\u{201d}")
                }
            };
            match except.len() {
                0 => {}
                1 => which.push_str(", but the one that is ticked"),
                many => which.push_str(&format!(", but {many} that are ticked")),
            }
            (which, except)
        }
    };
    let kept = [
        "code",
        "batch",
        "selection",
        "until",
        "q",
        "comment",
        "reason",
        "decision",
    ];
    let document = Document {
        title: "Are you sure?",
        is_narrow: true,
        ..Document::default()
    };
    answer(
        200,
        &document,
        &html! {
            h1 { "Are you sure?" }
            p.lead { "You are about to " (verb) " " (shown(&which)) "." }
            form.form method="post" {
                @for name in kept {
                    @if let Some(value) = typed.get(name) { input type="hidden" name=(name) value=(value); }
                }
                input type="hidden" name="picked" value=(picked.join(" "));
                div.actions {
                    button.button.primary name="confirm" value="given" { (button) }
                    a.button href="?" { "No, back to the list" }
                }
                p.soft.small { "A second press changes nothing: it is one decision, and goes on by itself if something breaks." }
            }
        },
    )
}

/// The page of a batch: how far it is.
pub(in super::super) fn progress(batch: &Batch, refreshes: bool) -> Response {
    let stopped = format!("?batch={}&refresh=0", batch.id);
    let document = Document {
        title: "Decision about many",
        is_narrow: true,
        refresh: (refreshes && !batch.done).then_some(Refresh {
            seconds: 1,
            slowest: 5,
            without_script: 3,
            stopped: &stopped,
        }),
        ..Document::default()
    };
    let counts = &batch.counts;
    let mut rows = vec![
        (
            "Decided",
            html! { (counts.decided) @if let Some(chosen) = chosen(&batch.selection) { " of " (chosen) } },
        ),
        ("Not open any more", html! { (counts.passed) }),
    ];
    if counts.failed > 0 {
        rows.push(("Nobody waited", html! { (counts.failed) }));
    }
    answer(
        200,
        &document,
        &html! {
            p { a href="?" { "Everything open" } }
            h1 { (what(&batch.decision)) ": many at once" }
            div id="progress" data-live {
                p { @if batch.done { (badge(Tone::Ok, "done")) } @else { (badge(Tone::Run, "under way")) } }
                (facts(rows))
                p.soft {
                    "By " (shown(&batch.decision.decided_by)) " on " (time(&batch.decision.decided_at)) "."
                    @if !batch.done { " You may close this page: it goes on." }
                }
            }
        },
    )
}

/// A sentence about the decision of one row.
pub(in super::super) fn done(record: &ApprovalRecord, now_ms: i64) -> String {
    let name = if record.summary.is_empty() {
        &record.id
    } else {
        &record.summary
    };
    let view = View::by_code(record, now_ms);
    match (view.state(), view.decision()) {
        ("delivered", Some(decision)) => format!("{}: {name}", what(decision)),
        ("decided", Some(decision)) => format!("{}, and the workflow is told in a moment: {name}", what(decision)),
        ("expired", _) => format!("Expired before: {name}"),
        _ => format!("Nobody waits for it any more: {name}"),
    }
}
