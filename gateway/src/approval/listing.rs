use std::collections::BTreeSet;

use serde_json::{Value, json};
use sluice_aws::{OpenCursor, OpenItem};

use super::decision::{Place, Typed};

/// A part of the list, as it is shown.
#[derive(Default)]
pub(super) struct Listing {
    /// The number of open requests.
    pub(super) open: u64,
    pub(super) items: Vec<OpenItem>,
    /// The place at which the rest begins.
    pub(super) next: Option<OpenCursor>,
    /// The text that is searched for.
    pub(super) search: String,
    /// The ids that were ticked, on this page or on others.
    pub(super) picked: BTreeSet<String>,
    /// The texts that were typed before.
    pub(super) typed: Typed,
    /// The sentences to be said, and their places.
    pub(super) places: Vec<(Place, String)>,
    /// A sentence about what was just done.
    pub(super) done: Option<String>,
    /// The id for a decision about many.
    pub(super) batch: String,
    pub(super) needs_code: bool,
    pub(super) now_ms: i64,
}

impl Listing {
    /// The list as programs see it.
    pub(super) fn json(&self) -> Value {
        let items = self.items.iter().map(|item| {
            json!({"id": item.id, "submission_id": item.submission_id, "summary": item.summary, "submission": item.submission,
                "violations": item.violations, "submitted_at": item.submitted_at, "expires_at": item.expires_at})
        });
        json!({
            "open": self.open,
            "items": items.collect::<Vec<_>>(),
            "next": self.next.as_ref().map(ToString::to_string),
            "as_of": self.now_ms,
        })
    }
}
