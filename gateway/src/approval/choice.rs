//! A decision about many, as a body asks for it. Pure.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use sluice_aws::{OpenItem, Selection};
use sluice_workflows::{Decision, DecisionKind, Field};

use super::address::is_id;
use super::decision::{self, Place, Refusal};
use crate::http::Kind;

/// The start of the name of a ticked row's parameter.
pub(super) const PICK: &str = "pick.";

/// A decision about many, as it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bulk {
    /// The id of the batch: the same one is the same batch.
    pub(super) id: String,
    pub(super) selection: Selection,
    pub(super) decision: Decision,
    /// True if the page asks once more before it is done.
    pub(super) asks_first: bool,
}

/// Reads a decision about many from the body of a POST.
pub(super) fn read(body: &Map<String, Value>, approver: &str, now_ms: i64) -> Result<Bulk, Refusal> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let bad = |detail: &str| Err(Refusal::new(Kind::BadRequest, Place::Form, detail));
    let kind = match text("decision") {
        Some("approve") => DecisionKind::Approve,
        Some("reject") => DecisionKind::Reject,
        _ => {
            return bad(
                "The body has no decision about many: approve or reject. A repair is made on the page of its request.",
            );
        }
    };
    let Some(id) = text("batch").filter(|id| is_batch_id(id)) else {
        return bad(
            "The member batch is missing or no id: 16 to 64 letters, digits, - and _. Choose a fresh one for each decision about many; \
             the same id again is the same decision.",
        );
    };
    let picked: Vec<String> = picked(body).into_iter().collect();
    let selection = match text("selection") {
        Some("picked") if picked.is_empty() => {
            return bad("Nothing is ticked. Tick the requests that you decide about.");
        }
        Some("picked") => Selection::Ids(picked),
        Some("all_but_picked") => Selection::All {
            opened_until_ms: until(body, now_ms)?,
            search: text("q")
                .map(str::trim)
                .filter(|search| !search.is_empty())
                .map(str::to_owned),
            except: picked,
        },
        _ => return bad("The member selection must be picked or all_but_picked."),
    };
    Ok(Bulk {
        id: id.to_owned(),
        selection,
        decision: decision::plain(body, kind, approver, now_ms)?,
        asks_first: text("confirm") == Some("ask"),
    })
}

/// The time of the page: what came in later was not looked at, and is not decided.
fn until(body: &Map<String, Value>, now_ms: i64) -> Result<i64, Refusal> {
    let given = match body.get("until") {
        Some(Value::String(text)) => text.parse().ok(),
        Some(Value::Number(number)) => number.as_i64(),
        _ => None,
    };
    given.filter(|until| *until <= now_ms).ok_or_else(|| {
        Refusal::new(
            Kind::BadRequest,
            Place::Form,
            "The member until is missing or no past time: the as_of of the list that was looked at, in milliseconds since 1970.",
        )
    })
}

/// The ids that are ticked: on the page that was sent, and on those before it.
pub(super) fn picked(body: &Map<String, Value>) -> BTreeSet<String> {
    let before = match body.get("picked") {
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(ids)) => ids.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let shown: BTreeSet<_> = match body.get("shown") {
        Some(Value::String(text)) => text.split_whitespace().collect(),
        _ => BTreeSet::new(),
    };
    let here = body
        .keys()
        .filter_map(|name| name.strip_prefix(PICK))
        .map(str::to_owned);
    // A row that was on the page and is not ticked was unticked there.
    let before = before.into_iter().filter(|id| !shown.contains(id.as_str()));
    before.chain(here).filter(|id| is_id(id)).collect()
}

pub(super) fn is_batch_id(text: &str) -> bool {
    (16..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Tells whether a search finds an item: in its summary, its fields or its ids, whatever the case.
pub(super) fn matches(item: &OpenItem, search: &str) -> bool {
    let search = search.trim().to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&search);
    search.is_empty()
        || holds(&item.summary)
        || holds(&item.id)
        || Field::ALL
            .into_iter()
            .any(|field| item.submission.text(field).is_some_and(|text| holds(&text)))
}

/// The number of the chosen requests; unknown for all that match a search.
pub(super) fn chosen(selection: &Selection) -> Option<usize> {
    match selection {
        Selection::Ids(ids) => Some(ids.len()),
        Selection::All { .. } => None,
    }
}
