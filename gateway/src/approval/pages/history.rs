use maud::{Markup, html};
use serde_json::Value;
use sluice_pages::{Column, Document, shown, table, time_to_second};
use sluice_workflows::{AuditKind, AuditRecord, AuditTrail};

use super::answer;
use crate::http::Response;

/// The audit of a request in words.
pub(in super::super) fn history(trail: &AuditTrail, back: &str) -> Response {
    let rows = trail.records.iter().map(|record| {
        vec![
            html! { (time_to_second(&record.at)) },
            html! { (words(record)) },
            html! { (who(record)) },
        ]
    });
    let columns = [Column::text("When"), Column::text("What"), Column::text("Who")];
    let document = Document {
        title: "What happened so far",
        ..Document::default()
    };
    answer(
        200,
        &document,
        &html! {
            p { a href=(back) { "Back to the request" } }
            h1 { "What happened so far" }
            (table("The oldest first", &columns, rows))
            @if trail.fetches_counted > 0 { p { "And " (trail.fetches_counted) " more fetches, which are counted only." } }
            p.soft.small {
                "Each record holds the hash of the one before. " code { "sluice audit verify" } " checks them all, from this page as JSON (" code { "Accept: application/json" } ")."
            }
        },
    )
}

/// A record in a sentence.
fn words(record: &AuditRecord) -> String {
    let text = |name: &str| record.data.get(name).and_then(Value::as_str).unwrap_or_default();
    match record.kind {
        AuditKind::Opened => "The workflow asked for a decision.".to_owned(),
        AuditKind::Mailed => format!("A mail went out{}.", to(text("approver"), text("purpose"))),
        AuditKind::Fetched => format!("A link was fetched ({}).", text("method")),
        AuditKind::WrongCode => "A wrong code came by a link.".to_owned(),
        AuditKind::Locked => "A link was locked after five wrong codes in a row.".to_owned(),
        AuditKind::MailWanted => "A new mail was asked for.".to_owned(),
        AuditKind::RefusedRepair => "A repair was refused: it broke rules.".to_owned(),
        AuditKind::Decided => format!("It was decided: {}, by {}.", text("decision"), text("decided_by")),
        AuditKind::Delivered => "The workflow has the decision.".to_owned(),
        AuditKind::Reminded => "The admins were reminded.".to_owned(),
        AuditKind::Escalated => "It was escalated.".to_owned(),
        AuditKind::Expired => "It expired.".to_owned(),
        AuditKind::Withdrawn => "Its workflow ended otherwise.".to_owned(),
        AuditKind::Batch => format!("A decision about many was started: {}.", text("batch")),
    }
}

fn to(approver: &str, purpose: &str) -> String {
    let to = if approver.is_empty() {
        String::new()
    } else {
        format!(" to {approver}")
    };
    if purpose.is_empty() {
        to
    } else {
        format!("{to} ({purpose})")
    }
}

/// The author of a record, as far as one can tell.
fn who(record: &AuditRecord) -> Markup {
    let text = |name: &str| record.data.get(name).and_then(Value::as_str).unwrap_or_default();
    html! {
        @if !text("by").is_empty() {
            strong { (match text("by") { "person" => "A person", "scanner" => "A machine", _ => "Person or machine" }) }
            " from " (shown(text("address"))) ": " (shown(text("because"))) "."
            @if !text("sent_to").is_empty() { " By the link sent to " (shown(text("sent_to"))) "." }
            br;
            span.soft.small { (shown(text("user_agent"))) }
        } @else {
            span.soft { "The workflow" }
        }
    }
}
