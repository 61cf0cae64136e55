use maud::{Markup, html};

use crate::Tone;

/// One of the filters above a list.
#[derive(Debug, Clone, Default)]
pub struct Chip<'a> {
    /// The filter in a word.
    pub word: &'a str,
    /// The number of rows behind it, as text, if it is known.
    pub count: Option<String>,
    /// The tone of the number.
    pub tone: Tone,
    /// The list with this filter.
    pub href: String,
    /// True for the one that is on.
    pub is_current: bool,
}

/// Filters with counts, of which one is on. `name` says to readers of the screen what they choose.
pub fn chips(name: &str, chips: &[Chip<'_>]) -> Markup {
    html! {
        nav aria-label=(name) {
            ul.chips {
                @for chip in chips {
                    li {
                        a href=(chip.href) aria-current=[chip.is_current.then_some("true")] {
                            (chip.word)
                            @if let Some(count) = &chip.count { b class=(chip.tone.class()) { (count) } }
                        }
                    }
                }
            }
        }
    }
}
