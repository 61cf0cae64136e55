//! The choice of submissions that a query makes.

use chrono::{DateTime, Days, NaiveDate};
use sluice_engine::Timestamp;

use super::index::words;
use super::search::Search;
use super::spec::SubmissionSpec;
use crate::problem::Problem;
use crate::query::Query;

impl Search {
    /// Reads the choice of a page from its query.
    pub(crate) fn read(query: &Query, spec: &SubmissionSpec) -> Result<Self, Problem> {
        let outcome = query.filled("outcome").map(str::to_owned);
        if let Some(wanted) = &outcome
            && !spec.outcomes.iter().any(|rule| rule.name == *wanted)
        {
            let beginning: String = wanted.chars().take(40).collect();
            let names: Vec<&str> = spec.outcomes.iter().map(|rule| rule.name.as_str()).collect();
            let detail = format!("outcome is {beginning:?}; it can be {}", names.join(", "));
            return Err(Problem::bad_request(detail));
        }
        let below = query.filled("cursor").map(|cursor| {
            let unknown = || Problem::bad_request("the cursor is none of this list's");
            cursor.parse().map_err(|_| unknown())
        });
        Ok(Self {
            outcome,
            words: words(query.filled("q").unwrap_or_default()),
            from: moment(query, "from", 0)?,
            to: moment(query, "to", 1)?,
            below: below.transpose()?,
            limit: query.limit()?,
        })
    }
}

/// A time of a query: RFC 3339, or a day in UTC, to which `days` are added.
fn moment(query: &Query, name: &str, days: u64) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = query.filled(name) else {
        return Ok(None);
    };
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(Some(time.timestamp_millis()));
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .and_then(|day| day.checked_add_days(Days::new(days)));
    let start = day.and_then(|day| day.and_hms_opt(0, 0, 0));
    start
        .map(|time| Some(time.and_utc().timestamp_millis()))
        .ok_or_else(|| {
            let beginning: String = text.chars().take(40).collect();
            Problem::bad_request(format!(
                "{name} is {beginning:?}; it can be a day such as 2026-11-22, or a time such as 2026-11-22T10:00:00Z"
            ))
        })
}
