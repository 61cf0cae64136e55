//! Fields that several parts of a definition have.

use super::fields::Fields;
use super::report::Report;
use crate::definition::{Flow, QueryLanguage, Transition};

/// The parser of the flows within a state, which hold states themselves.
pub(super) type FlowParser = fn(&Fields<'_>, &mut Report) -> Option<Flow>;

/// `QueryLanguage`, if it is there and valid.
pub(super) fn query_language(fields: &Fields<'_>, report: &mut Report) -> Option<QueryLanguage> {
    match fields.string("QueryLanguage", report)? {
        "JSONPath" => Some(QueryLanguage::JsonPath),
        "JSONata" => Some(QueryLanguage::Jsonata),
        _ => {
            report.schema(&fields.at("QueryLanguage"), "Value must be one of [JSONPath, JSONata]");
            None
        }
    }
}

/// `Next` or `End`.
pub(super) fn transition(fields: &Fields<'_>, report: &mut Report) -> Option<Transition> {
    let next = fields.string("Next", report);
    let end = fields.boolean("End", report);
    match (next, end) {
        (Some(_), Some(true)) => {
            report.schema(fields.here(), "Only one of these fields can be specified: [Next, End]");
            None
        }
        (Some(next), _) => Some(Transition::Next(next.into())),
        (None, Some(true)) => Some(Transition::End),
        (None, _) => {
            if !fields.has("Next") && (end.is_some() || !fields.has("End")) {
                report.schema(fields.here(), "One of these fields is required: [Next, End]");
            }
            None
        }
    }
}
