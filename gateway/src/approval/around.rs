use super::decision::{Place, Typed};

/// The way on from a decision: the next request that is open.
pub(super) struct Next {
    /// The target of the link to it.
    pub(super) href: String,
    /// Its subject, in words.
    pub(super) summary: String,
}

/// All that a page is made of beside the approval itself.
#[derive(Default)]
pub(super) struct Around<'a> {
    /// The decision that the link names.
    pub(super) preselected: Option<&'a str>,
    /// The texts that were typed before.
    pub(super) typed: Typed,
    /// The sentences to be said, and their places.
    pub(super) places: Vec<(Place, String)>,
    /// True for the answer to a check: what was typed was looked at, and nothing was asked for.
    pub(super) is_check: bool,
    /// True for a link that decides.
    pub(super) decides: bool,
    /// True if a code is needed.
    pub(super) needs_code: bool,
    /// True if it was reached from the page of everything open.
    pub(super) from_list: bool,
    /// The next request.
    pub(super) next: Option<Next>,
}
