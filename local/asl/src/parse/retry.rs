//! `Retry` and `Catch`.

use serde_json::Value;

use super::fields::{Fields, MAX_SECONDS};
use super::report::{Report, StatesMember};
use super::template;
use crate::definition::{Catcher, QueryLanguage, Retrier};

/// The longest delay between attempts: 366 days.
const MAX_DELAY: u64 = 31_622_400;

pub(super) fn retriers(fields: &Fields<'_>, report: &mut Report) -> Vec<Retrier> {
    let entries = fields.objects("Retry", report).unwrap_or_default();
    let last = entries.len().saturating_sub(1);
    entries
        .iter()
        .enumerate()
        .filter_map(|(i, entry)| retrier(entry, i == last, report))
        .collect()
}

fn retrier(entry: &Fields<'_>, is_last: bool, report: &mut Report) -> Option<Retrier> {
    const KNOWN: [&str; 7] = [
        "ErrorEquals",
        "IntervalSeconds",
        "MaxAttempts",
        "BackoffRate",
        "MaxDelaySeconds",
        "JitterStrategy",
        "Comment",
    ];
    entry.allow(&KNOWN, report);
    entry.require(&["ErrorEquals"], report);
    let interval_seconds = entry.integer("IntervalSeconds", 1..=MAX_SECONDS, report).unwrap_or(1);
    let max_attempts = entry.integer("MaxAttempts", 0..=MAX_SECONDS, report).unwrap_or(3);
    let backoff_rate = entry.number("BackoffRate", 1.0..=f64::MAX, report).unwrap_or(2.0);
    let max_delay_seconds = entry.integer("MaxDelaySeconds", 1..=MAX_DELAY, report);
    if max_delay_seconds.is_some_and(|delay| delay <= interval_seconds) {
        report.schema(
            &entry.at("MaxDelaySeconds"),
            "MaxDelaySeconds must be greater than IntervalSeconds",
        );
    }
    let full_jitter = entry.one_of("JitterStrategy", &["NONE", "FULL"], report) == Some("FULL");
    let error_equals = error_equals(entry, is_last, report)?;
    Some(Retrier {
        error_equals,
        interval_seconds,
        max_attempts,
        backoff_rate,
        max_delay_seconds,
        full_jitter,
    })
}

pub(super) fn catchers(fields: &Fields<'_>, language: QueryLanguage, report: &mut Report) -> Vec<Catcher> {
    let entries = fields.objects("Catch", report).unwrap_or_default();
    let last = entries.len().saturating_sub(1);
    entries
        .iter()
        .enumerate()
        .filter_map(|(i, entry)| catcher(entry, i, i == last, language, report))
        .collect()
}

fn catcher(
    entry: &Fields<'_>,
    position: usize,
    is_last: bool,
    language: QueryLanguage,
    report: &mut Report,
) -> Option<Catcher> {
    let known: &[&str] = match language {
        QueryLanguage::JsonPath => &["ErrorEquals", "ResultPath", "Assign", "Next", "Comment"],
        QueryLanguage::Jsonata => &["ErrorEquals", "Output", "Assign", "Next", "Comment"],
    };
    entry.allow(known, report);
    entry.require(&["ErrorEquals", "Next"], report);
    let prefix = format!("Catch[{position}]/");
    let result_path = template::result_path(entry, report);
    let (output, assign) = report.with(Some(StatesMember::ErrorOutput), |report| {
        let output = template::template(entry, "Output", &prefix, language, report);
        (output, template::assign(entry, &prefix, language, report))
    });
    let error_equals = error_equals(entry, is_last, report);
    let next = entry.string("Next", report)?.into();
    Some(Catcher {
        error_equals: error_equals?,
        result_path,
        output,
        assign,
        next,
    })
}

/// `ErrorEquals`: names, and `States.ALL` only alone and in the last entry.
fn error_equals(entry: &Fields<'_>, is_last: bool, report: &mut Report) -> Option<Vec<String>> {
    let location = entry.at("ErrorEquals");
    let Value::Array(items) = entry.get("ErrorEquals")? else {
        report.schema(&location, "Expected value of type Array");
        return None;
    };
    if items.is_empty() {
        report.schema(&location, "Value cannot be empty");
    }
    let mut names = Vec::with_capacity(items.len());
    for (i, item) in items.iter().enumerate() {
        match item {
            Value::String(name) => names.push(name.clone()),
            _ => report.schema(&format!("{location}[{i}]"), "Expected value of type String"),
        }
    }
    if names.iter().any(|name| name == "States.ALL") && (names.len() > 1 || !is_last) {
        report.schema(&location, "States.ALL must appear alone and at end of list");
    }
    Some(names)
}
