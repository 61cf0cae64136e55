//! Fields that several parts of a definition have.

use super::fields::Fields;
use super::report::Report;
use crate::definition::{Flow, QueryLanguage, Transition};

/// The parser of the flows within a state, which hold states themselves.
pub(super) type FlowParser = fn(&Fields<'_>, &mut Report) -> Option<Flow>;

/// `QueryLanguage`, if it is there. Only the exact `JSONPath` is that: what follows is read as JSONata after any other value,
/// as AWS does.
pub(super) fn query_language(fields: &Fields<'_>, report: &mut Report) -> Option<QueryLanguage> {
    if !fields.has("QueryLanguage") {
        return None;
    }
    match fields.string("QueryLanguage", report) {
        Some("JSONPath") => return Some(QueryLanguage::JsonPath),
        Some("JSONata") | None => {}
        Some(_) => report.schema(
            &fields.at("QueryLanguage"),
            "Value should be one of the following: [JSONPath, JSONata]",
        ),
    }
    Some(QueryLanguage::Jsonata)
}

/// `Next` or `End`.
pub(super) fn transition(fields: &Fields<'_>, report: &mut Report) -> Option<Transition> {
    let next = fields.string("Next", report);
    let end = fields.boolean("End", report);
    match (next, end) {
        (Some(_), Some(true)) => {
            report.schema(
                fields.here(),
                "There should only be one of the following fields: [Next, End]",
            );
            None
        }
        (Some(next), _) => Some(Transition::Next(next.into())),
        (None, Some(true)) => Some(Transition::End),
        (None, _) => {
            if !fields.has("Next") && (end.is_some() || !fields.has("End")) {
                report.schema(
                    fields.here(),
                    "This object should have only one of the following fields: [Next, End]",
                );
            }
            None
        }
    }
}
